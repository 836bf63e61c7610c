"""Renders the Helm chart with Helm's own engine, and prints its objects as JSON lines.

    target/tools/helm/bin/python scripts/chart.py VALUES.yaml

What Kubernetes defines is held against its own schemas, strictly, for the oldest and the newest version that the chart names.
Exits with 1 and a sentence for each mistake.
"""

import json
import sys
from pathlib import Path

import helm_python
import kubernetes_validate
import yaml

CHART = Path(__file__).parent.parent / "deploy" / "helm" / "floorwalker"
VERSIONS = ["1.27", "1.37"]


def objects(values):
    """All objects that a release would make, those of `helm test` too."""
    with helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        rendered = chart.render(values, name="prod", namespace="contact-center")
    for path, text in sorted(rendered.items()):
        if not path.endswith(".txt"):
            yield from ((path, it) for it in yaml.safe_load_all(text) if it)


def mistakes(path, found):
    """What Kubernetes has against an object; kinds of the Prometheus Operator are not its own."""
    if found["apiVersion"].startswith("monitoring.coreos.com/"):
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(found, version, strict=True)
        except Exception as error:
            place = "/".join(str(step) for step in getattr(error, "path", []))
            yield f"{path}: Kubernetes {version}: {place}: {getattr(error, 'message', error)}"


def main():
    values = yaml.safe_load(Path(sys.argv[1]).read_text()) or {}
    wrong = []
    # A severity of 2 is a warning; that there is no icon is an advice.
    report = helm_python.lint(CHART, values, strict=True)
    wrong += [f"{it['path']}: {it['error']}" for it in report["messages"] if it["severity"] >= 2]
    try:
        for path, found in objects(values):
            wrong += mistakes(path, found)
            print(json.dumps(found))
    except helm_python.HelmError as error:
        wrong.append(str(error))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
