"""Policies as plain JSON: who can assume a role, and what it is allowed to do."""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_iam as iam

Statement = dict[str, Any]


def trust(service: str, **conditions: Any) -> dict[str, Any]:
    """Allows one AWS service to assume a role."""
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return _document([statement | ({"Condition": conditions} if conditions else {})])


def allow(name: str, statements: list[Statement]) -> iam.CfnRole.PolicyProperty:
    """The policy of a role: each statement has ``Action`` and ``Resource``, or is an Fn::If."""
    return iam.CfnRole.PolicyProperty(policy_name=name, policy_document=allowed(statements))


def allowed(statements: list[Statement]) -> dict[str, Any]:
    """The same as a document."""
    return _document([_allowed(one) for one in statements])


def when(condition: str, statement: Statement) -> Statement:
    """A statement that exists only under a condition."""
    return {"Fn::If": [condition, _allowed(statement), {"Ref": "AWS::NoValue"}]}


def below(name: str, path: str) -> dict[str, str]:
    """The ARN of a resource of the stack, with a suffix."""
    return {"Fn::Sub": "${" + name + ".Arn}" + path}


def _allowed(statement: Statement) -> Statement:
    return statement if "Fn::If" in statement else {"Effect": "Allow"} | statement


def _document(statements: list[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}
