"""A permission of AWS that is missing: its name, and the line of an IAM policy that gives it.

How AWS words a denial:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_DENIED = re.compile(
    r"not authorized to perform: ([a-z0-9-]{2,40}:[A-Za-z0-9]{2,80})(?: on resource:"
    r" \"?(arn:[^\s\"]{5,1000}))?"
)
_EXPLICIT = re.compile(r"with an explicit deny in an? ([a-z -]{3,40}?policy|permissions boundary)")
# Actions of these services take no resource, or a policy that names one is of no use here.
_EVERYWHERE = frozenset({"cloudwatch", "ec2", "inspector2", "organizations", "ssm", "sts"})
_PREFIXES = {"monitoring": "cloudwatch", "sesv2": "ses"}
# Operations of S3 whose permission has another name. What is copied was read before: a denied copy
# lacks the writing.
_ACTIONS = {"CopyObject": "PutObject", "HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}


@dataclass(frozen=True, slots=True)
class Permission:
    """``action`` is as IAM writes it: ``s3:GetObject``. ``barred_by`` is the kind of policy that
    denies it, or empty."""

    action: str
    resource: str = "*"
    barred_by: str = ""

    @property
    def statement(self) -> str:
        """The line of a policy that allows it."""
        return (
            f'"Effect": "Allow", "Action": {json.dumps(self.action)}, "Resource":'
            f" {json.dumps(self.resource)}"
        )

    @property
    def remedy(self) -> str:
        """What to do. An explicit deny wins over every policy that allows."""
        if self.barred_by:
            return (
                f"An explicit deny in a {self.barred_by} refuses {self.action}: it must be removed"
                " there"
            )
        return f"Add to the role's policy: {self.statement}"


def action_of(service: str, operation: str) -> str:
    """The permission that an operation of a service needs, where they are named alike."""
    name = _ACTIONS.get(operation, operation) if service == "s3" else operation
    return f"{_PREFIXES.get(service, service)}:{name}"


def missing(message: str, action: str, resource: str = "*") -> Permission:
    """What a denial names. ``action`` and ``resource`` stand in where its words name none: S3's and
    older services' do not."""
    named, explicit = _DENIED.search(message), _EXPLICIT.search(message)
    if named and named[1] != action:  # such as kms:GenerateDataKey, where S3 was asked
        action, resource = named[1], named[2] or "*"
    elif named and named[2] and resource == "*":
        resource = named[2]
    if action.partition(":")[0] in _EVERYWHERE:
        resource = "*"
    return Permission(action, resource, explicit[1].strip() if explicit else "")
