"""SDK models as lists, dicts and scalars."""

from __future__ import annotations

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder


def plain(value: object) -> Any:
    """Lists, dicts and scalars of what has SDK models in it."""
    return json.loads(json.dumps(value, cls=JSONEncoder))


def visible(dashboard: dict[str, Any]) -> dict[str, Any]:
    """Shows the links and switches of annotations above the panels. The SDK puts every one into a menu, and knows no other place."""
    for shown in [*dashboard["links"], *dashboard["annotations"]["list"]]:
        shown.pop("placement", None)
    return dashboard
