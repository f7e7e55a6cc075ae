"""Random pages of Inspector: each is refused as a whole, or every finding in it is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from random import Random
from typing import Any

from tests.fuzz.target import Broken
from tests.fuzz.values import changed, encoded
from tests.support.inspector_findings import inspector_finding

from sre_findings.inspector.wire.body import Garbled
from sre_findings.inspector.wire.coverage import decode_coverage
from sre_findings.inspector.wire.findings import decode_findings
from sre_scanner.spool.spool import Spool

FULL = inspector_finding(
    1,
    title="CVE-2026-0001 - openssl",
    inspectorScore=9.1,
    epss={"score": 0.5},
    fixAvailable="YES",
    exploitAvailable="NO",
    packageVulnerabilityDetails={
        "vulnerabilityId": "CVE-2026-0001",
        "vulnerablePackages": [{"name": "openssl", "version": "3.0", "fixedInVersion": "3.1"}],
        "referenceUrls": ["https://example.com"],
        "cvss": [{"baseScore": 9.1, "version": "3.1", "source": "NVD"}],
    },
)
COVERED = {
    "accountId": "111122223333",
    "resourceId": "i-0123456789abcdef0",
    "resourceType": "AWS_EC2_INSTANCE",
    "scanType": "PACKAGE",
    "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
    "resourceMetadata": {"ec2": {"tags": {"Name": "web"}, "platform": "AMAZON_LINUX_2023"}},
    "lastScannedAt": 1.7e9,
}
SPOOLED = 200  # pages


def check(seed: int, numbers: Iterable[int]) -> Counter[str]:
    """Decodes the pages with these numbers. Raises Broken."""
    counts, waiting = Counter[str](), []
    for number in numbers:
        rng = Random(f"findings:{seed}:{number}")
        try:
            page, sent = _decoded(rng)
        except Garbled:
            counts["refused"] += 1
            continue
        except Exception as error:
            raise Broken(f"seed {seed}, page {number}: {error!r}") from error
        if sent is not None:
            waiting.append(page)
            if len(page.findings) != sent:
                raise Broken(f"seed {seed}, page {number}: a finding is lost")
        counts["decoded"] += 1
        if len(waiting) == SPOOLED:
            waiting = _spooled(waiting, seed, number)
    _spooled(waiting, seed, -1)
    return counts


def _decoded(rng: Random) -> tuple[Any, int | None]:
    """The decoded page, and the number of findings that were sent, if that is certain."""
    if rng.random() < 0.3:
        return decode_coverage(encoded(rng, {"coveredResources": [_odd(rng, COVERED)]})), None
    findings = [_odd(rng, FULL), inspector_finding(2)]
    whole = {"findings": findings, "nextToken": None}
    if rng.random() < 0.2:
        decode_findings(encoded(rng, changed(rng, whole)))
    return decode_findings(json.dumps(whole).encode(errors="surrogatepass")), len(findings)


def _odd(rng: Random, given: dict[str, Any]) -> dict[str, Any]:
    found: Any = given
    for _ in range(rng.choice((1, 1, 2, 4))):
        found = changed(rng, found)
    return found if isinstance(found, dict) else {**given, "extra": found}


def _spooled(pages: list[Any], seed: int, number: int) -> list[Any]:
    """Adds the pages to a spool, as a scan does."""
    try:
        with closing(Spool()) as spool:
            for page in pages:
                spool.add(page)
            spool.seal()
            kept = spool.count
    except Exception as error:
        raise Broken(f"seed {seed}, pages until {number}: {error!r}") from error
    if kept != sum(len(page.findings) for page in pages):
        raise Broken(f"seed {seed}, pages until {number}: a finding is lost")
    return []
