"""The data of a context: plain values, and every note once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sre_findings.model.resources.aws_context import (
    INSTANCES,
    METRICS,
    PATCHES,
    CallResult,
    Context,
    Cpu,
    Instance,
    Note,
)

ASKED = datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_a_context_is_plain_data_with_a_source_and_a_moment_for_each_part() -> None:
    machine = Instance("running", None, None, ASKED, None, ("10.0.0.1",), tags={"Name": "web"})
    cpu = Cpu(1.5, 2.0, ASKED, (None, 1.5))
    values = json.loads(
        json.dumps(
            Context(
                "1",
                "eu-west-1",
                CallResult(INSTANCES, ASKED, checked=True, value=machine),
                cpu=CallResult(METRICS, ASKED, checked=True, value=cpu),
            ).to_json()
        )
    )
    assert (values["account_id"], values["region"], values["notes"]) == ("1", "eu-west-1", [])
    assert values["instance"] == {
        "source": "EC2 DescribeInstances",
        "asked_at": "2026-11-22T01:00:00Z",
        "checked": True,
        "note": None,
        "value": {
            "state": "running",
            "instance_type": None,
            "image_id": None,
            "launched_at": "2026-11-22T01:00:00Z",
            "vpc_id": None,
            "private_addresses": ["10.0.0.1"],
            "public_addresses": [],
            "ipv6_addresses": [],
            "tags": {"Name": "web"},
        },
    }
    assert values["cpu"]["value"] == {
        "average": 1.5,
        "maximum": 2.0,
        "since": "2026-11-22T01:00:00Z",
        "hours": [None, 1.5],
    }
    assert values["patches"] == {
        "source": "SSM DescribeInstancePatchStates",
        "asked_at": None,
        "checked": False,
        "value": None,
        "note": None,
    }


def test_notes_are_remarks_and_what_was_not_checked_each_once() -> None:
    silent = Note("SSM did not answer: Denied", "no")
    context = Context(
        remarks=(Note("STS did not answer: no"),),
        patches=CallResult(PATCHES, ASKED, note=silent),
        agent=CallResult(PATCHES, ASKED, note=silent),
        cpu=CallResult(METRICS, note=Note("CloudWatch was not asked")),
    )
    assert context.notes == ("STS did not answer: no", silent.text, "CloudWatch was not asked")


def test_a_note_for_clients_lacks_the_message_of_aws() -> None:
    note = Note("EC2 did not answer: Denied", "User: arn:aws:iam::1:role/x", "it was not checked")
    text = "EC2 did not answer: Denied: User: arn:aws:iam::1:role/x; it was not checked"
    assert note.text == text
    assert note.outward().text == "EC2 did not answer: Denied; it was not checked"
