"""The settings of `settings.toml`, checked."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

DURATION = re.compile(r"[1-9][0-9]*[smhd]")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Mistake(Exception):
    """What is wrong in the settings, where, and what to write instead."""


@dataclass(frozen=True)
class Settings:
    """One table of `settings.toml` each."""

    links: dict[str, str]
    prometheus: dict[str, str]
    windows: dict[str, str]
    rules: dict[str, float | str]
    contacts: dict[str, list[str] | str]
    mute: dict[str, object]
    teams: dict[str, list[str]] = field(default_factory=dict)

    def wait_seconds(self) -> int:
        return seconds(str(self.rules["longest_wait"]))


def seconds(duration: str) -> int:
    """The seconds of `5m`, `30s`, `1h`, `2d`."""
    return int(duration[:-1]) * SECONDS[duration[-1]]


EXPECTED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "links": {"floorwalker": str, "grafana": str},
    "prometheus": {"uid": str, "name": str, "url": str, "scrape": str},
    "windows": {"short": str, "usual": str, "long": str, "day": str},
    "rules": {
        "sample_min": int,
        "burn": (int, float),
        "longest_wait": str,
        "abandonment": float,
        "occupancy": float,
        "escalations_of_queue": int,
        "escalations_of_team": int,
        "low_ratings": int,
        "behind": int,
        "lag": int,
        "dead_letters": float,
        "retries": float,
        "busy_feed": int,
        "receiver": int,
        "delivery": int,
    },
    "contacts": {"supervisors": list, "operations": list, "webhook": str},
    "mute": {"zone": str, "closed": dict, "maintenance": dict},
}


def read(path: Path) -> Settings:
    """Reads and checks the file. Raises `Mistake`, or `OSError`."""
    try:
        text = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as mistake:
        raise Mistake(f"{path.name} is no TOML: {mistake}") from mistake
    for table in text:
        if table not in EXPECTED and table != "teams":
            raise Mistake(f"{path.name}: there is no table [{table}]; there are {', '.join([*EXPECTED, 'teams'])}")
    for table, keys in EXPECTED.items():
        _check_table(path.name, table, keys, text.get(table))
    settings = Settings(**text)
    _check_values(path.name, settings)
    return settings


def _check_table(file: str, table: str, keys: dict, found: dict | None) -> None:
    if found is None:
        raise Mistake(f"{file}: the table [{table}] is missing")
    for key in found:
        if key not in keys:
            raise Mistake(f"{file}: [{table}] has no setting `{key}`; it has {', '.join(keys)}")
    for key, kind in keys.items():
        if key not in found:
            raise Mistake(f"{file}: [{table}] lacks `{key}`")
        if not isinstance(found[key], kind) or isinstance(found[key], bool):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            names = " or ".join(it.__name__ for it in kinds)
            raise Mistake(f"{file}: [{table}] {key} = {found[key]!r}: expected {names}")


def _check_values(file: str, settings: Settings) -> None:
    for name, url in [*settings.links.items(), ("url", settings.prometheus["url"])]:
        if not re.fullmatch(r"https?://[^/]+(/.*[^/])?", url):
            raise Mistake(
                f"{file}: `{name}` is {url!r}: write it like http://floorwalker.example.com, with no slash at its end"
            )
    durations = {
        "longest_wait": settings.rules["longest_wait"],
        "scrape": settings.prometheus["scrape"],
        **{key: settings.windows[key] for key in ("short", "usual", "long")},
    }
    for name, duration in durations.items():
        if not DURATION.fullmatch(str(duration)):
            raise Mistake(f"{file}: `{name}` is {duration!r}: write it like 30s, 5m or 1h")
    for name in ("abandonment", "occupancy", "dead_letters", "retries"):
        if not 0 < settings.rules[name] < 1:
            raise Mistake(f"{file}: [rules] {name} = {settings.rules[name]}: a share lies between 0 and 1")
    named = {
        "supervisors": settings.contacts["supervisors"],
        "operations": settings.contacts["operations"],
        **settings.teams,
    }
    for name, addresses in named.items():
        wrong = not isinstance(addresses, list) or not addresses or not all("@" in str(it) for it in addresses)
        if wrong:
            raise Mistake(f"{file}: `{name}` is {addresses!r}: write a list of e-mail addresses")
    for name in ("closed", "maintenance"):
        times = settings.mute[name]
        for key in ("from", "to"):
            if not TIME.fullmatch(str(times.get(key))):
                raise Mistake(f"{file}: [mute] {name} lacks `{key}`, a time like 22:00")
        for day in times.get("weekdays", []):
            if day not in WEEKDAYS:
                raise Mistake(f"{file}: [mute] {name}: {day!r} is no weekday; they are {', '.join(WEEKDAYS)}")
