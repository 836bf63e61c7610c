"""Makes the dashboards and alert rules of Grafana and the rules of Prometheus from one description.

scripts/grafana             writes the files
scripts/grafana --check     fails if the files are not what it would write, or don't survive being read and written by the SDK
scripts/grafana --inspect   prints as JSON what tests try: expressions, the template, the policies as Alertmanager has them
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.plugins import register_default_plugins

import boards
import grafana_form
import inspection
import prometheus_form
import reread
import rules
import settings as settings_file
from plain_form import plain, visible
from yaml_form import Lines, dump

SOURCE = Path(__file__).resolve().parent
DEPLOY = SOURCE.parent.parent
HEAD = "# Made by scripts/grafana from deploy/grafana/source: change it there.\n"


def _texts(value: object) -> object:
    """Marks the texts of several lines, so that their lines are kept in YAML."""
    if isinstance(value, dict):
        return {key: _texts(it) for key, it in value.items()}
    if isinstance(value, list):
        return [_texts(it) for it in value]
    return Lines(value) if isinstance(value, str) and "\n" in value else value


def files(settings: settings_file.Settings) -> dict[Path, str]:
    """By path, the text of each file."""
    groups = rules.groups(settings)
    built = {key: boards.build(board, settings) for key, board in boards.BOARDS.items()}
    made: dict[Path, str] = {}
    for key, dashboard in built.items():
        made[DEPLOY / "grafana/dashboards" / f"{key}.json"] = (
            json.dumps(visible(plain(dashboard)), indent=2, ensure_ascii=False) + "\n"
        )
    for name, content in grafana_form.files(groups, built, settings).items():
        made[DEPLOY / "grafana/provisioning/alerting" / name] = HEAD + dump(_texts(plain(content)))
    source = settings.prometheus
    datasource = {
        "apiVersion": 1,
        "datasources": [
            {
                "name": source["name"],
                "uid": source["uid"],
                "type": "prometheus",
                "access": "proxy",
                "url": source["url"],
                "isDefault": True,
                "jsonData": {"timeInterval": source["scrape"], "httpMethod": "POST", "manageAlerts": True},
            }
        ],
    }
    made[DEPLOY / "grafana/provisioning/datasources/prometheus.yaml"] = HEAD + dump(datasource)
    made[DEPLOY / "prometheus/rules.yaml"] = prometheus_form.rule_file(groups, settings)
    return made


def _check(made: dict[Path, str]) -> list[str]:
    faults = []
    for path, text in made.items():
        there = path.read_text() if path.exists() else ""
        if there != text:
            lines = difflib.unified_diff(
                there.splitlines(), text.splitlines(), "as it is", "as it would be", lineterm="", n=1
            )
            faults.append(
                f"{path.relative_to(DEPLOY.parent)} is not what scripts/grafana writes:\n" + "\n".join(list(lines)[:20])
            )
    for folder in (DEPLOY / "grafana/dashboards", DEPLOY / "grafana/provisioning/alerting"):
        for path in sorted(folder.iterdir()):
            if path not in made:
                faults.append(
                    f"{path.relative_to(DEPLOY.parent)} is not made by scripts/grafana: remove it, or describe it in deploy/grafana/source"
                )
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/grafana", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--check", action="store_true", help="compare only")
    only.add_argument("--inspect", action="store_true", help="print what tests try")
    parser.add_argument("--settings", type=Path, default=SOURCE / "settings.toml", help="another file of settings")
    arguments = parser.parse_args()
    register_default_plugins()
    try:
        settings = settings_file.read(arguments.settings)
    except (OSError, settings_file.Mistake) as mistake:
        print(f"scripts/grafana: {mistake}", file=sys.stderr)
        return 2
    if arguments.inspect:
        print(json.dumps(inspection.of(settings), indent=1))
        return 0
    made = files(settings)
    faults = reread.faults({path: text for path, text in made.items() if "grafana" in path.parts})
    if arguments.check:
        faults += _check(made)
    for fault in faults:
        print(f"scripts/grafana: {fault}", file=sys.stderr)
    if faults:
        return 1
    if not arguments.check:
        for path, text in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        print(f"{len(made)} files written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
