#!/usr/bin/env python3
"""Writes the *.binpb beside it: events and records as Google's implementation of protobuf spells them.

Needs `pip install grpcio-tools`. The records are messages; events stand each behind its length.
"""
import json
import pathlib
import sys
import tempfile

from google.protobuf import json_format
from google.protobuf.internal.encoder import _VarintBytes
from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent
PROTO = HERE.parent.parent / "proto"
WKT = pathlib.Path(protoc.__file__).parent / "_proto"
ENVELOPE = ("event_id", "occurred_at", "source", "contact_id", "channel", "customer_id", "sequence")


def compiled(out):
    files = [str(path) for path in sorted(PROTO.rglob("*.proto"))]
    if protoc.main(["protoc", f"-I{PROTO}", f"-I{WKT}", f"--python_out={out}", *files]):
        sys.exit("protoc refuses the schema")
    sys.path.insert(0, out)
    from floorwalker.v1 import alert_pb2, contact_pb2, event_pb2, kpi_pb2, recognition_pb2

    records = kpi_pb2.KpiRecord, alert_pb2.AlertRecord, contact_pb2.ContactRecord, recognition_pb2.RecognitionRecord
    return event_pb2.Event, *records


def event(Event, line):
    """A flat line as a message: the kind's fields below the kind, words as the enums have them."""
    flat = json.loads(line)
    kind = flat.pop("type")
    body = {name: value for name, value in flat.items() if name not in ENVELOPE}
    message = {name: flat[name] for name in ENVELOPE if name in flat} | {kind: body}
    words(Event.DESCRIPTOR, message)
    return json_format.ParseDict(message, Event())


def words(descriptor, message):
    for name, value in message.items():
        field = descriptor.fields_by_name[name]
        if field.enum_type:
            prefix = field.enum_type.values[0].name.removesuffix("UNSPECIFIED")
            message[name] = prefix + value.upper()
        elif isinstance(value, dict) and field.message_type.full_name.startswith("floorwalker"):
            words(field.message_type, value)


def intervals(value):
    """Pairs become messages; what is null is left out."""
    if isinstance(value, dict):
        pairs = {"interval": lambda pair: {"low": pair[0], "high": pair[1]}}
        return {k: pairs.get(k, intervals)(v) for k, v in value.items() if v is not None}
    return [intervals(each) for each in value] if isinstance(value, list) else value


def main():
    with tempfile.TemporaryDirectory() as out:
        Event, *records = compiled(out)
        for source in sorted(HERE.glob("*.events.jsonl")):
            messages = [event(Event, line).SerializeToString() for line in source.open()]
            framed = b"".join(_VarintBytes(len(message)) + message for message in messages)
            source.with_suffix(".binpb").write_bytes(framed)
        for Record, name in zip(records, ("kpi", "alert", "contact", "recognition"), strict=True):
            source = HERE / f"{name}-record.json"
            message = json_format.ParseDict(intervals(json.loads(source.read_text())), Record())
            source.with_suffix(".binpb").write_bytes(message.SerializeToString(deterministic=True))


main()
