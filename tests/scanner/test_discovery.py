"""STS, EC2 and Organizations enrich a scan.

If they fail, the scan notes it and continues.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest

from sre_findings.model.errors import UsageError
from sre_scanner.discovery import discover


def test_the_caller_enabled_regions_and_account_names_are_found(aws: str) -> None:
    organizations = boto3.client("organizations", region_name="us-east-1")
    organizations.create_organization(FeatureSet="ALL")
    created: Any = organizations.create_account(
        AccountName="payments", Email="payments@example.com"
    )
    account = created["CreateAccountStatus"]["AccountId"]
    found = discover(None, os.environ, regions=True)
    assert found.caller.startswith("arn:aws:sts::")
    assert found.account_names[account] == "payments"
    assert {"eu-west-1", "us-east-1"} <= set(found.regions)
    assert found.notes == ()


def test_failing_services_are_noted_and_the_configured_region_is_scanned() -> None:
    found = discover(None, os.environ, regions=True)
    assert (found.regions, found.caller, dict(found.account_names)) == (("eu-west-1",), "", {})
    assert [note.split(":")[0] for note in found.notes] == [
        "only eu-west-1 was scanned",
        "STS could not be read",
        "Organizations could not be read",
    ]


def test_named_regions_need_no_ec2_and_no_configured_region(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert discover(None, os.environ, regions=False).regions == ()
    with pytest.raises(UsageError, match="no region is configured"):
        discover(None, os.environ, regions=True)


def test_credentials_for_an_overridden_inspector_go_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", "http://127.0.0.1:9")
    found = discover(None, os.environ, regions=True)
    assert all("its own is not" in note for note in found.notes)
    assert len(found.notes) == 3
