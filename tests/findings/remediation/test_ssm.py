"""Documents for Systems Manager have the safe command, without prompts, and no other foreign text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import validate
from tests.findings.remediation.test_commands import BAD_VERSIONS, EVERY, HOSTILE, NAMES, TEXTS

from sre_findings.model.answers.fixes import Fix
from sre_findings.remediation.fix_plan import IMAGE, INSTANCE
from sre_findings.remediation.ssm import document

STEP = {
    "type": "object",
    "additionalProperties": False,
    "required": ["action", "name", "precondition", "inputs"],
    "properties": {
        "action": {"const": "aws:runShellScript"},
        "name": {"pattern": "^[a-zA-Z0-9_-]{3,64}$"},
        "precondition": {"const": {"StringEquals": ["platformType", "Linux"]}},
        "inputs": {
            "type": "object",
            "additionalProperties": False,
            "required": ["runCommand", "timeoutSeconds"],
            "properties": {
                "runCommand": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "timeoutSeconds": {"type": "string", "pattern": "^[0-9]+$"},
                "workingDirectory": {"const": "{{ workingDirectory }}"},
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schemaVersion", "description", "mainSteps"],
    "properties": {
        "schemaVersion": {"const": "2.2"},
        "description": {"type": "string"},
        "parameters": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["type", "description", "allowedPattern"],
            },
        },
        "mainSteps": {"type": "array", "minItems": 1, "maxItems": 1, "items": STEP},
    },
}


def fix(
    *packages: tuple[str, str, str],
    platform: str = "AMAZON_LINUX_2",
    kind: str = INSTANCE,
    reboot: bool = False,
) -> Fix:
    return {
        "place": 1,
        "what": "{{ what }}",
        "advice": "{{ advice }}",
        "command": "{{ command }}",
        "kind": kind,
        "platform": platform,
        "packages": [{"manager": m, "name": n, "fixed_in": v} for m, n, v in packages],
        "resources": 2,
        "findings": 3,
        "critical": 1,
        "high": 1,
        "kev": 0,
        "risk": 1.0,
        "reboot": reboot,
        "hosts": [],
    }


def run(one: Fix) -> str:
    made: Any = document(one)
    validate(made, SCHEMA)
    first, command = made["mainSteps"][0]["inputs"]["runCommand"]
    assert first == "set -eu", "a failed command fails the step"
    return str(command)


@pytest.mark.parametrize(
    ("platform", "fixed_in", "expected"),
    [
        ("AMAZON_LINUX_2", "1-1", "yum update -y curl"),
        ("AMAZON_LINUX_2023", "1-1", "dnf upgrade -y --releasever=latest curl"),
        ("RHEL_9", "1-1", "dnf upgrade -y curl"),
        ("SLES_15", "1-1", "zypper --non-interactive update curl"),
        (
            "UBUNTU_22_04",
            "1-1",
            (
                "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y"
                " -o Dpkg::Options::=--force-confold --only-upgrade curl"
            ),
        ),
    ],
)
def test_a_document_runs_the_command_of_the_platform_without_prompts(
    platform: str, fixed_in: str, expected: str
) -> None:
    assert run(fix(("OS", "curl", fixed_in), platform=platform)) == expected


def test_packages_of_a_language_need_the_folder_in_which_they_are_used() -> None:
    made: Any = document(fix(("OS", "curl", "1-1"), ("PIP", "requests", "2.32.4")))
    validate(made, SCHEMA)
    assert list(made["parameters"]) == ["workingDirectory"]
    assert "default" not in made["parameters"]["workingDirectory"]
    assert made["mainSteps"][0]["inputs"]["workingDirectory"] == "{{ workingDirectory }}"
    pattern = re.compile(made["parameters"]["workingDirectory"]["allowedPattern"])
    assert pattern.search("/srv/shop-api")
    assert not any(pattern.search(folder) for folder in ("", "srv", "/a; b", "/$(x)", "{{ a }}"))


def test_a_document_says_that_the_reboot_is_not_part_of_it() -> None:
    made = document(fix(("OS", "kernel", "1-1"), reboot=True))
    assert made
    assert made["description"] == (
        "Upgrades 1 package to resolve 3 findings on 2 resources."
        " Takes effect after a reboot, which is not part of it."
    )
    assert "reboot" not in run(fix(("OS", "kernel", "1-1"), reboot=True))


@pytest.mark.parametrize(
    "one",
    [
        fix(("JAR", "log4j-core", "2.17.1")),
        fix(("OS", "curl", "1-1"), kind=IMAGE),
        fix(("OS", "KB5034122", "1"), platform="WINDOWS_SERVER_2022"),
        fix(),
        fix(*(("OS", f"package-{n}" * 10, "1-1") for n in range(700))),
    ],
    ids=["no tool", "an image", "Windows", "no packages", "larger than AWS accepts"],
)
def test_there_is_no_document_where_there_is_no_safe_command(one: Fix) -> None:
    assert document(one) is None


@pytest.mark.parametrize(("manager", "platform", "fixed_in"), EVERY)
@pytest.mark.parametrize("name", [*HOSTILE, "{{ ssm:secret }}"])
def test_a_hostile_name_leaves_no_document(
    manager: str, platform: str, fixed_in: str, name: str
) -> None:
    assert document(fix((manager, name, fixed_in), platform=platform)) is None


@pytest.mark.parametrize("version", [*BAD_VERSIONS, "{{ ssm:secret }}"])
def test_a_hostile_version_leaves_no_document(version: str) -> None:
    assert document(fix(("PIP", "curl", version))) is None


@given(st.sampled_from(EVERY), NAMES, TEXTS, st.text("{} a1:_-"))
@example(EVERY[5], "curl", "1", "")
def test_a_document_has_no_text_from_findings_but_valid_names_and_versions(
    one: tuple[str, str, str], name: str, version: str, ending: str
) -> None:
    made = document(fix((one[0], name + ending, version), platform=one[1] + ending))
    if made is None:
        return
    validate(made, SCHEMA)
    text = json.dumps(made).replace('"{{ workingDirectory }}"', "")
    assert "{{" not in text, "Systems Manager replaces what is in double braces"
    assert not set(name + ending + version) & set("{};$ \n'\"`|&<>()*")
