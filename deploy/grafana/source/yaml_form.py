"""YAML as people write it: keys in their order, long texts as blocks."""

from __future__ import annotations

import yaml


class Block(str):
    """A text that is written over several lines; its line breaks mean nothing but a space."""


class Lines(str):
    """A text whose line breaks are kept."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


_Dumper.add_representer(
    Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text.replace("\n", " "), style=">")
)
_Dumper.add_representer(
    Lines, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def dump(value: object) -> str:
    """Writes a value of lists, dicts and scalars."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=150, default_flow_style=False)


def load(text: str) -> object:
    """Reads what `dump` wrote."""
    return yaml.safe_load(text)
