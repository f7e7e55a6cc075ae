"""Order, duplicates and row groups: each finding appears once, sorted.

Row groups end between resources.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.inspector.wire.findings import decode_findings
from sre_findings.model.findings.severity import ORDER, rank
from sre_findings.model.resources.owners import Owners
from sre_scanner.shard.parts import row_groups
from sre_scanner.spool.identities import identify
from sre_scanner.spool.order import put_in_order
from sre_scanner.spool.rows import arn_of
from sre_scanner.spool.spool import Spool


def wire(
    number: int,
    resource: str,
    severity: str = "HIGH",
    updated: float | None = 1.0,
    more: int = 0,
    form: str = "032x",
) -> dict[str, Any]:
    resources = [
        {"id": f"{resource}{i or ''}", "type": "AWS_EC2_INSTANCE"} for i in range(more + 1)
    ]
    finding = {
        "findingArn": f"arn:aws:inspector2:eu-west-1:111122223333:finding/{number:{form}}",
        "awsAccountId": "111122223333",
        "severity": severity,
        "status": "ACTIVE",
        "resources": resources,
    }
    return finding | ({"updatedAt": updated} if updated is not None else {})


FINDINGS = st.lists(
    st.builds(
        wire,
        st.integers(0, 12),
        st.sampled_from(["i-a", "i-b", "i-c"]),
        st.sampled_from([*ORDER, "NEW"]),
        st.one_of(st.none(), st.integers(1_700_000_000, 1_700_000_003).map(float)),
        st.integers(0, 2),
        st.sampled_from(["032x", "032x", "d", "064x"]),
    ),
    max_size=40,
)


@given(FINDINGS, st.integers(1, 7))
def test_each_arn_is_kept_once_in_its_latest_version_with_a_row_per_resource(
    findings: list[dict[str, Any]], page: int
) -> None:
    with closing(Spool()) as spool:
        for start in range(0, len(findings), page):
            spool.add(
                decode_findings(msgspec.json.encode({"findings": findings[start : start + page]}))
            )
        rows = spool.rows()
        found = identify(spool.texts["resources"], Owners())
        where = put_in_order(spool, rows, found)
        kept: dict[str, dict[str, Any]] = {}
        for finding in findings:
            before = kept.get(finding["findingArn"])
            if before is None or finding.get("updatedAt", -1) >= before.get("updatedAt", -1):
                kept[finding["findingArn"]] = finding
        heads = [kind.arn_head for kind in spool.kinds.in_order()]

        def arn(row: int) -> str:
            return arn_of(heads[rows["kind"][row]], rows["tail"][row].tobytes())

        expected = sorted(
            (f["findingArn"], r["id"])
            for f in kept.values()
            for r in {one["id"]: one for one in f["resources"]}.values()
        )
        got = [(arn(r), found.ids[e]) for r, e in zip(where.row, where.entry, strict=True)]
        assert sorted(got) == expected
        assert where.duplicates == len(findings) - len(kept)
        order = [
            (found.ids[e], rank(kept[arn(r)]["severity"]))
            for r, e in zip(where.row, where.entry, strict=True)
        ]
        assert order == sorted(order)


@given(st.lists(st.integers(1, 30), max_size=30), st.integers(2, 40))
def test_row_groups_cover_every_row_once_and_prefer_resource_boundaries(
    sizes: list[int], limit: int
) -> None:
    resource = np.repeat(np.arange(len(sizes)), sizes)
    cuts = row_groups(resource, limit)
    assert [start for start, _ in cuts] == [0, *(stop for _, stop in cuts)][: len(cuts)]
    assert (cuts[-1][1] if cuts else 0) == len(resource)
    ends = set(np.cumsum(sizes).tolist())
    for start, stop in cuts:
        assert 0 < stop - start <= limit
        # cut within a resource, because no resource ended in the second half of the group
        if stop not in ends:
            assert not any(start + limit // 2 <= end <= start + limit for end in ends)
