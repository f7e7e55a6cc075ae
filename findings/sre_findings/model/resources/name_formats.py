"""The formats of IDs, ARNs, image addresses and host names that contain names of resources."""

from __future__ import annotations

import re

AZURE = "/subscriptions/"
_ARN = r"arn:aws[a-z-]*"
SHA256 = re.compile(r"sha256:[0-9a-f]{64}", re.IGNORECASE)
EC2 = re.compile(
    _ARN
    + r":ec2:(?P<region>[a-z0-9-]*):(?P<account>\d*):(?:instance|image)/(?P<id>[a-z]+-[0-9a-f]+)"
)
ECR_REPOSITORY = re.compile(
    _ARN + r":ecr:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):repository/(?P<repository>[^:@\s]+)"
)
ECR_IMAGE = re.compile(ECR_REPOSITORY.pattern + r"/(?P<digest>sha256:[0-9a-f]+)")
_FUNCTION = r":function:(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>[A-Za-z0-9$_-]+))?"
LAMBDA = re.compile(_ARN + r":lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12})" + _FUNCTION)
PARTIAL_LAMBDA = re.compile(r"(?P<account>\d{12})" + _FUNCTION)
LAYER_ARN = re.compile(
    _ARN + r":lambda:[a-z0-9-]+:\d{12}:layer:(?P<name>[A-Za-z0-9_-]+):(?P<version>\d+)"
)
ECR_URI = re.compile(
    r"(?:https?://)?(?P<account>\d{12})\.dkr(?:\.ecr(?:-fips)?|-ecr(?:-fips)?)\.(?P<region>[a-z0-9-]+)"
    r"\.(?:amazonaws\.com(?:\.cn)?|on\.(?:aws|amazonwebservices\.com\.cn))/(?P<name>\S+)"
)
HOST_NAME = re.compile(
    r"(?:(?:ip|ec2)-(?P<address>\d{1,3}(?:-\d{1,3}){3})|(?P<id>i-[0-9a-f]+))"
    r"(?:(?P<home>\.ec2\.internal|\.compute-1\.amazonaws\.com)"
    r"|\.(?P<region>[a-z0-9-]+)\.compute\.(?:internal|amazonaws\.com(?:\.cn)?))?\.?"
)
REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d{1,2}")
