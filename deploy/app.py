"""Synthesizes deploy/template.json and deploy/member-template.json, once cdk-nag has nothing to say: ``make synth``.

``python deploy/app.py FOLDER`` writes them into another folder.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stack.stack import Member, Whole

HERE = Path(__file__).parent
LARGEST = 51_200
"""Bytes of a template that CloudFormation takes in a request; a larger one would need a bucket first."""
_FILES = {"sre-operations-assistant": "template.json", "sre-inspector-reader": "member-template.json"}


def synthesize(folder: Path) -> None:
    """Writes both templates. Raises where a rule of cdk-nag is broken, or a template is too large."""
    with tempfile.TemporaryDirectory() as out:
        app = App(outdir=out, analytics_reporting=False, tree_metadata=False)
        Whole(app)
        Member(app)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
        try:
            app.synth()
        finally:
            _tell(Path(out))
        for stack, name in _FILES.items():
            template = json.loads((Path(out) / f"{stack}.template.json").read_text(encoding="utf-8"))
            text = _lines(_shorter(template))
            if len(text.encode()) >= LARGEST:
                raise SystemExit(
                    f"{name} has {len(text.encode()):,} bytes; {LARGEST:,} are too many for CloudFormation's request"
                )
            (folder / name).write_text(text, encoding="utf-8")


def _shorter(value: Any) -> Any:
    """The same with shorter words: an attribute of a resource as Fn::Sub."""
    if isinstance(value, list):
        return [_shorter(one) for one in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::GetAtt"]:
        return {"Fn::Sub": "${" + ".".join(value["Fn::GetAtt"]) + "}"}
    return {name: _shorter(one) for name, one in value.items()}


def _lines(template: dict[str, Any]) -> str:
    """The template with one resource a line: small, and a change shows which one it is of."""
    sections = []
    for section, value in template.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"{json.dumps(name)}:{_small(one)}" for name, one in value.items())
            sections.append(f"{json.dumps(section)}:{{\n{inner}\n}}")
        else:
            sections.append(f"{json.dumps(section)}:{_small(value)}")
    return "{" + ",\n".join(sections) + "}\n"


def _small(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _tell(out: Path) -> None:
    """What cdk-nag found, a line each."""
    for report in out.glob("*validation-report.json"):
        for plugin in json.loads(report.read_text(encoding="utf-8")).get("pluginReports", []):
            for broken in plugin.get("violations", []):
                where = [one.get("constructPath") for one in broken.get("violatingConstructs", [])]
                sys.stderr.write(f"{broken.get('ruleName')}: {', '.join(map(str, where))}\n")


if __name__ == "__main__":
    synthesize(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
