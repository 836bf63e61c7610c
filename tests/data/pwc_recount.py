#!/usr/bin/env python3
"""Recounts pwc-call-center.events.jsonl.gz: the published totals, and each agent as a KPI record shows them.

5,000 calls of a call center in 2021. Each is queued, then answered, ended and wrapped up by one agent, maybe rated;
or ended unanswered. Prints JSON.
"""
import collections
import datetime
import gzip
import json
import pathlib

LOG = pathlib.Path(__file__).with_name("pwc-call-center.events.jsonl.gz")
THRESHOLD = 20  # "voice answer": 80 % in 20 s


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def mean(values):
    return round(sum(values) / len(values), 6) if values else None


def durations(values):
    ordered = sorted(values)
    rank = lambda percent: ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None
    return {"n": len(values), "mean": mean(values), "p50": rank(50), "p90": rank(90), "p99": rank(99)}


def share(hits):
    return {"num": sum(hits), "den": len(hits), "value": mean(hits)}


def card(calls):
    waits = [call["wait"] for call in calls]
    talks = [call["talk"] for call in calls]
    scores = [call["score"] for call in calls if "score" in call]
    met = sum(wait <= THRESHOLD for wait in waits)
    return {
        "answered": len(calls),
        "handled": len(calls),
        "sla": {"voice answer": {"met": met, "missed": len(calls) - met}},
        "asa": durations(waits),
        "aht": durations(talks) | {"talk": mean(talks)},
        "resolved_said": share([call["resolved"] for call in calls if call.get("resolved") is not None]),
        "csat": {"n": len(scores), "mean": mean(scores), "low": share([score < 0.5 for score in scores])},
    }


calls = collections.defaultdict(dict)
with gzip.open(LOG, "rt", encoding="utf-8") as log:
    for event in map(json.loads, log):
        call, kind = calls[event["contact_id"]], event["type"]
        assert kind not in call, f"{event['contact_id']} has two of {kind}"
        call[kind] = seconds(event["occurred_at"])
        if kind == "agent_answered":
            call["agent"] = event["agent"]
        if kind == "wrap_up_ended":
            call["resolved"] = event.get("resolved")
        if kind == "survey_answered":
            call["rating"] = event["score"]
            call["score"] = (event["score"] - event["scale_min"]) / (event["scale_max"] - event["scale_min"])

answered = [call for call in calls.values() if "agent" in call]
for call in answered:
    call["wait"] = call["agent_answered"] - call["contact_queued"]
    call["talk"] = call["contact_ended"] - call["agent_answered"]
    assert call["wrap_up_ended"] == call["contact_ended"], "no wrap-up in this log"

print(json.dumps({
    "calls": len(calls),
    "not_answered": len(calls) - len(answered),
    "rating": mean([call["rating"] for call in answered if "rating" in call]),
    "all": card(answered),
    "agents": {
        agent: card([call for call in answered if call["agent"] == agent])
        for agent in sorted({call["agent"] for call in answered})
    },
}, indent=1))
