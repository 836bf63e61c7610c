"""All alert rules, by group."""

from __future__ import annotations

import operations_rules as operations
import supervisors_rules as supervisors
from rule import Group
from settings import Settings


def groups(settings: Settings) -> list[Group]:
    return [
        Group("floorwalker", "Operations", operations.service(settings) + operations.feeds(settings) + operations.notifications(settings)),
        Group(
            "queues",
            "Queues",
            supervisors.promises(settings) + supervisors.waits(settings) + supervisors.people(settings),
        ),
        Group("alerts", "Alerts", supervisors.alerts(settings)),
    ]
