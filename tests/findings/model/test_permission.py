"""A missing permission is reported with its policy action, for every wording of AWS's denial."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.permission import Permission, action_of, missing

USER = "User: arn:aws:sts::111122223333:assumed-role/scan/task is not authorized to perform: "
TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/rows"


@pytest.mark.parametrize(
    ("message", "action", "resource"),
    [
        (f"{USER}dynamodb:PutItem on resource: {TABLE} because no identity-based policy allows the dynamodb:PutItem action",
         "dynamodb:PutItem", TABLE),
        (f"{USER}inspector2:ListCoverage on resource: arn:aws:inspector2:eu-west-1:111122223333:/coverage/list",
         "inspector2:ListCoverage", "*"),
        (f'{USER}s3:ListBucket on resource: "arn:aws:s3:::store" because no identity-based policy allows it',
         "s3:ListBucket", "arn:aws:s3:::store"),
        (f"{USER}kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:111122223333:key/1 because no",
         "kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/1"),
        ("Access Denied", "s3:PutObject", "arn:aws:s3:::store/*"),
    ],
)  # fmt: skip
def test_the_action_and_the_resource_are_those_that_aws_names(
    message: str, action: str, resource: str
) -> None:
    asked = (
        ("s3:PutObject", "arn:aws:s3:::store/*")
        if resource.startswith("arn:aws:s3")
        else (action, "*")
    )
    found = missing(
        message,
        *(asked if action != "kms:GenerateDataKey" else ("s3:PutObject", "arn:aws:s3:::store/*")),
    )
    assert (found.action, found.resource, found.barred_by) == (action, resource, "")
    assert found.remedy == f"Add to the role's policy: {found.statement}"


@pytest.mark.parametrize(
    "kind",
    [
        "service control policy",
        "identity-based policy",
        "resource-based policy",
        "permissions boundary",
        "session policy",
    ],
)
def test_an_explicit_deny_is_to_be_lifted_where_it_stands_and_no_line_helps(kind: str) -> None:
    found = missing(
        f"{USER}s3:PutObject on resource: arn:aws:s3:::b/k with an explicit deny in a {kind}",
        "s3:PutObject",
    )
    assert found.barred_by == kind
    assert (
        found.remedy
        == f"An explicit deny in a {kind} refuses s3:PutObject: it must be removed there"
    )


@given(st.text(), st.text())
def test_the_line_is_json_whatever_stands_in_it(action: str, resource: str) -> None:
    line = json.loads("{" + Permission(action, resource).statement + "}")
    assert line == {"Effect": "Allow", "Action": action, "Resource": resource}


@given(st.text(max_size=200))
def test_words_that_name_nothing_change_nothing(message: str) -> None:
    if "not authorized to perform" not in message:
        assert missing(message, "s3:GetObject", "arn:aws:s3:::b/*").statement.endswith(
            '"arn:aws:s3:::b/*"'
        )


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("s3", "HeadObject", "s3:GetObject"), ("s3", "ListObjectsV2", "s3:ListBucket"), ("dynamodb", "Query", "dynamodb:Query"),
        ("sesv2", "SendEmail", "ses:SendEmail"), ("monitoring", "GetMetricStatistics", "cloudwatch:GetMetricStatistics"),
    ],
)  # fmt: skip
def test_operations_are_named_as_iam_names_them(service: str, operation: str, action: str) -> None:
    assert action_of(service, operation) == action
