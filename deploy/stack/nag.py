"""Exceptions to the rules of cdk-nag: one finding of one construct each, with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import Construct


def accept(construct: Construct, finding: str, reason: str) -> None:
    """Accepts one finding, such as ``APIG4`` or ``IAM5[Resource::*]``, of one construct."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"AwsSolutions-{finding}", reason=reason)
    )
