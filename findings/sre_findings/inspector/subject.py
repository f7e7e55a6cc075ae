"""The subject of a finding without a vulnerability: an open port, or a flaw in a file.

It is part of the finding's identity.
"""

from __future__ import annotations

import contextlib

import msgspec


class _Ports(msgspec.Struct):
    begin: int = 0
    end: int = 0


class _WireNetwork(msgspec.Struct):
    """The identifying part of NetworkReachabilityDetails."""

    openPortRange: _Ports = msgspec.field(default_factory=_Ports)  # noqa: N815
    protocol: str = ""


class _CodePath(msgspec.Struct):
    fileName: str = ""  # noqa: N815
    filePath: str = ""  # noqa: N815


class _WireCode(msgspec.Struct):
    """The identifying part of CodeVulnerabilityDetails."""

    detectorId: str = ""  # noqa: N815
    filePath: _CodePath = msgspec.field(default_factory=_CodePath)  # noqa: N815


_NETWORK = msgspec.json.Decoder(_WireNetwork)
_CODE = msgspec.json.Decoder(_WireCode)


def subject_of(network: bytes, code: bytes) -> str | None:
    """The subject of a finding without a vulnerability: ``tcp/22-22`` or ``detector@path``.

    None if the details are missing or cannot be decoded.
    """
    with contextlib.suppress(msgspec.DecodeError):
        if network:
            ports = _NETWORK.decode(network)
            return f"{ports.protocol.lower()}/{ports.openPortRange.begin}-{ports.openPortRange.end}"
        if code:
            found = _CODE.decode(code)
            return f"{found.detectorId}@{found.filePath.filePath or found.filePath.fileName}"
    return None
