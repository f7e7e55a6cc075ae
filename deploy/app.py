"""Writes deploy/template.json, deploy/member-template.json and deploy/terraform/variables.tf:
``make synth``.

``python deploy/app.py FOLDER`` writes them into another folder.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks

from stack.stack import Member, Whole
from stack.terraform import variables

HERE = Path(__file__).parent
LARGEST = 51_200
"""CloudFormation's limit for a template in a request, in bytes. A larger one would need a bucket
first."""
# CDK's own validation of the template only warns
_EMPTY = ("F3017", "F3031", "F3033", "E1151", "E1154", "W1001")
_LEFT_OUT = (
    "The default of a parameter that may be left out is empty, and its condition keeps it from"
    " every resource."
)
_FILES = {
    "sre-operations-assistant": "template.json",
    "sre-inspector-reader": "member-template.json",
}


def synthesize(folder: Path) -> None:
    """Writes the files. Raises SystemExit if a rule of cdk-nag is violated or a template is too
    large."""
    with tempfile.TemporaryDirectory() as out:
        if broken := checked(Path(out)):
            raise SystemExit("\n".join(f"{rule}: {where}" for rule, where in sorted(broken)))
        for stack, name in _FILES.items():
            template = _shorter(
                json.loads((Path(out) / f"{stack}.template.json").read_text(encoding="utf-8"))
            )
            _write(folder / name, _lines(template))
            if name == "template.json":
                (folder / "terraform").mkdir(exist_ok=True)
                (folder / "terraform" / "variables.tf").write_text(
                    variables(template["Parameters"]), encoding="utf-8"
                )


def checked(out: Path) -> set[tuple[str, str]]:
    """Synthesizes into a folder. Returns the violated rules of cdk-nag that are not accepted, with
    their constructs."""
    app = App(outdir=str(out), analytics_reporting=False, tree_metadata=False)
    Whole(app)
    Member(app)
    for rule in _EMPTY:
        Validations.of(app).acknowledge(
            Acknowledgment(id=f"CloudFormation-Validate::{rule}", reason=_LEFT_OUT)
        )
    Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    try:
        app.synth()
    except RuntimeError:
        if not (broken := _broken(out)):
            raise
        return broken
    return _broken(out)


def _broken(out: Path) -> set[tuple[str, str]]:
    report = out / "validation-report.json"
    plugins = (
        json.loads(report.read_text(encoding="utf-8"))["pluginReports"] if report.exists() else []
    )
    return {
        (violation["ruleName"], construct["constructPath"])
        for plugin in plugins
        if plugin["pluginName"] == "AwsSolutions"
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }


def _write(file: Path, text: str) -> None:
    if (size := len(text.encode())) >= LARGEST:
        raise SystemExit(
            f"{file.name} has {size:,} bytes; {LARGEST:,} are too many for CloudFormation's request"
        )
    file.write_text(text, encoding="utf-8")


def _shorter(value: Any) -> Any:
    """The same template in a shorter form: attributes of resources in Fn::Sub."""
    if isinstance(value, list):
        return [_shorter(one) for one in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::GetAtt"]:
        return {"Fn::Sub": "${" + ".".join(value["Fn::GetAtt"]) + "}"}
    return {name: _shorter(one) for name, one in value.items()}


def _lines(template: dict[str, Any]) -> str:
    """The template with one resource per line: small, and a diff shows which resource changed."""
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


if __name__ == "__main__":
    synthesize(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
