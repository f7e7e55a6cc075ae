"""A missing AWS permission: its name, and the IAM policy statement that grants it.

AWS documents its messages for denials here:
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
# Actions of these services take no resource, or restricting the resource is not useful here.
_EVERYWHERE = frozenset({"cloudwatch", "ec2", "inspector2", "organizations", "ssm", "sts"})
_PREFIXES = {"monitoring": "cloudwatch", "sesv2": "ses"}
# S3 operations whose permission has another name. The source of a copy was read before, so a
# denied copy lacks the permission to write.
_ACTIONS = {"CopyObject": "PutObject", "HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission. ``action`` is in IAM's notation, such as ``s3:GetObject``.

    ``barred_by`` is the kind of policy that denies it explicitly, or empty.
    """

    action: str
    resource: str = "*"
    barred_by: str = ""

    @property
    def statement(self) -> str:
        """The policy statement that allows it."""
        return (
            f'"Effect": "Allow", "Action": {json.dumps(self.action)}, "Resource":'
            f" {json.dumps(self.resource)}"
        )

    @property
    def remedy(self) -> str:
        """How to get the permission. An explicit deny overrides every policy that allows."""
        if self.barred_by:
            return (
                f"An explicit deny in a {self.barred_by} refuses {self.action}: it must be removed"
                " there"
            )
        return f"Add to the role's policy: {self.statement}"


def action_of(service: str, operation: str) -> str:
    """The permission for an operation of a service, derived from the operation's name."""
    name = _ACTIONS.get(operation, operation) if service == "s3" else operation
    return f"{_PREFIXES.get(service, service)}:{name}"


def missing(message: str, action: str, resource: str = "*") -> Permission:
    """The permission that a denial's message names.

    ``action`` and ``resource`` are used if the message does not name them, as with S3 and older
    services.
    """
    named, explicit = _DENIED.search(message), _EXPLICIT.search(message)
    if named and named[1] != action:  # for example kms:GenerateDataKey on a call to S3
        action, resource = named[1], named[2] or "*"
    elif named and named[2] and resource == "*":
        resource = named[2]
    if action.partition(":")[0] in _EVERYWHERE:
        resource = "*"
    return Permission(action, resource, explicit[1].strip() if explicit else "")
