"""Optional signatures of commits, and of the records of pruned snapshots, with a key in AWS KMS.

A signature covers the content's checksum in the chain (``chain.sum_of``), so a writer to the store
without ``kms:Sign`` cannot add or change a snapshot unnoticed. The key is that of SRE_SIGNING_KEY,
never one that the store names. A commit without a signature of its own is trusted if the next
trusted commit has its checksum: of commits without gaps, only the newest costs a request.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sre_findings.aws_errors import failure_of, sdk_errors, store_errors
from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.store.objects.blobs import BlobReader, Blobs, Missing
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.chain import PREVIOUS, SIGNATURE, link_to, sum_of

_ALGORITHMS = ("ECDSA_SHA_256", "RSASSA_PSS_SHA_256")
# KMS answers with the last two if the store names an algorithm that the key does not have.
_WRONG = ("KMSInvalidSignatureException", "InvalidKeyUsageException", "ValidationException")
_CHECK = "Check SRE_SIGNING_KEY and the permissions kms:Sign, kms:Verify and kms:GetPublicKey."
_TRUST = "If you trust it, run: sre-cli snapshots sign."


@dataclass
class SigningKey:
    """An asymmetric KMS key for signatures (ECC_NIST_P256 or RSA): its ARN, ID or alias."""

    name: str
    _valid: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def signed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the values with a signature, which replaces any other."""
        with store_errors("the snapshot cannot be signed", do=_CHECK):
            made = self._kms.sign(
                KeyId=self.name, Message=_message(values), SigningAlgorithm=self._algorithm
            )
        text = base64.b64encode(made["Signature"]).decode()
        return {**values, SIGNATURE: {"algorithm": self._algorithm, "value": text}}

    def fault(self, values: Mapping[str, Any]) -> str | None:
        """Returns what is wrong with the signature of these values, or None if it is valid."""
        found = values.get(SIGNATURE)
        if not isinstance(found, dict):
            return "it is not signed, and SRE_SIGNING_KEY is set"
        algorithm, text = found.get("algorithm"), str(found.get("value"))
        if (seen := (sum_of(values), text)) in self._valid:
            return None
        if algorithm not in _ALGORITHMS or not self._verifies(values, algorithm, text):
            return "its signature is not one of SRE_SIGNING_KEY for this content"
        self._valid.add(seen)
        return None

    def _verifies(self, values: Mapping[str, Any], algorithm: str, text: str) -> bool:
        try:
            signature = base64.b64decode(text, validate=True)
        except ValueError:
            return False
        with store_errors("a signature cannot be verified", do=_CHECK):
            try:
                answer = self._kms.verify(
                    KeyId=self.name,
                    Message=_message(values),
                    Signature=signature,
                    SigningAlgorithm=algorithm,
                )
            except sdk_errors() as error:
                if failure_of(error).code in _WRONG:
                    return False
                raise
        return bool(answer["SignatureValid"])

    @cached_property
    def _algorithm(self) -> str:
        with store_errors("the signing key cannot be read", do=_CHECK):
            key = self._kms.get_public_key(KeyId=self.name)
        usable = [one for one in _ALGORITHMS if one in key.get("SigningAlgorithms", ())]
        if not usable:
            do = "Use an asymmetric key of the kind ECC_NIST_P256 or RSA, for signatures."
            raise UsageError("SRE_SIGNING_KEY is not a key for signatures", do=do)
        return usable[0]

    @cached_property
    def _kms(self) -> Any:
        from sre_findings.store.aws import connect

        region = self.name.split(":")[3] if self.name.startswith("arn:") else None
        with store_errors("AWS KMS cannot be used", do=_CHECK):
            return connect("kms", region)


class Trust:
    """Commits that are read from the newest to the oldest, each of them trusted or refused."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._vouched: Mapping[str, Any] = {}

    def check(self, place: str, values: Mapping[str, Any]) -> None:
        """Raises StoreUnreadable if neither a signature nor the commit after it vouches for it."""
        if self._vouched != link_to(values) and (why := self._key.fault(values)):
            raise StoreUnreadable(f"{place} is not trusted", why=why, do=_TRUST)
        self._vouched = values.get(PREVIOUS) or {}


def unsigned(blobs: BlobReader, key: SigningKey) -> Iterator[tuple[str, str]]:
    """Yields each commit and record of a pruned snapshot without a valid signature, with why."""
    for name, values in _files(blobs):
        if why := key.fault(values):
            yield name, why


def sign(blobs: Blobs, name: str, key: SigningKey) -> None:
    """Adds a signature to a commit or to the record of a pruned snapshot."""
    values = key.signed(json.loads(blobs.read(name)))
    with blobs.write(name) as file:
        file.write(json.dumps(values, indent=1, sort_keys=True).encode())


def _files(blobs: BlobReader) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in (keys.COMMITS, keys.TOMBSTONES):
        for name in blobs.keys(folder):
            if keys.parse(name):
                try:
                    yield name, json.loads(blobs.read(name))
                except Missing:  # pruned since it was listed
                    continue


def _message(values: Mapping[str, Any]) -> bytes:
    """Returns what is signed. The prefix keeps it apart from anything else signed with the key."""
    return f"sre-operations-assistant/snapshot/{sum_of(values)}".encode()
