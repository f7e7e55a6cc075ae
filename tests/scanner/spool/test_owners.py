"""The owners of all resources of a shard equal those by the rule for one resource.

They are computed by column.
"""

from __future__ import annotations

from contextlib import closing
from functools import reduce
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.inspector.owner_tags import by_finding
from sre_findings.inspector.wire.finding_parts import decode_resources
from sre_findings.inspector.wire.findings import decode_findings
from sre_findings.model.resources.owners import SILENT, Claim, OwnerRule, Owners, newer
from sre_findings.model.timestamps import is_time
from sre_scanner.spool.identities import identify
from sre_scanner.spool.order import put_in_order
from sre_scanner.spool.owners import Key, owners_of
from sre_scanner.spool.spool import Spool

OWNERS = Owners(rules=(OwnerRule("cat", ("web-*",)), OwnerRule("dan", (), ("2",))))
TAGS = st.sampled_from(
    [None, {}, {"team": "ann"}, {"team": "bob"}, {"Name": "web-1"}, {"Name": "db-1", "team": "bob"}]
)
RESOURCE = st.fixed_dictionaries(
    {"id": st.sampled_from(["i-a", "i-b"]), "type": st.sampled_from(["X", "Y"]), "tags": TAGS}
)
# no duplicates
RESOURCES = st.lists(RESOURCE, max_size=3, unique_by=lambda one: (one["id"], one["type"]))
FINDING = st.fixed_dictionaries(
    {"awsAccountId": st.sampled_from(["1", "2"]), "resources": RESOURCES | st.just("none")},
    optional={
        "updatedAt": st.sampled_from([-1.0, 1.7e9, 1.8e9, 1e300]),
        "severity": st.sampled_from(["HIGH", "LOW"]),
    },
)
KEYS = st.tuples(
    st.sampled_from(["1", "2"]), st.sampled_from(["X", "Y"]), st.sampled_from(["i-a", "i-b", "i-c"])
)
COVERED = st.dictionaries(
    KEYS,
    st.builds(OWNERS.claim, TAGS.map(lambda tags: tags or {}), st.sampled_from([None, "web-2"])),
)


@given(st.lists(FINDING, max_size=12), COVERED)
def test_the_owner_of_each_resource_is_that_of_its_coverage_or_of_its_newest_finding(
    findings: list[dict[str, Any]], covered: dict[Key, Claim]
) -> None:
    wires = [{"findingArn": f"arn:{number}", **one} for number, one in enumerate(findings)]
    claims: dict[Key, list[Claim]] = {key: [] for key in covered}
    for one in findings:
        at = one.get("updatedAt")
        for resource in decode_resources(msgspec.json.encode(one["resources"])) or decode_resources(
            b'[{"id":""}]'
        ):
            claim = by_finding(OWNERS, resource, at if is_time(at) else None)
            claims.setdefault((one["awsAccountId"], resource.type, resource.id), []).append(claim)
    expected = {
        key: OWNERS.of(
            key[0], key[2], covered.get(key, SILENT), reduce(newer, some) if some else SILENT
        )
        for key, some in claims.items()
    }
    with closing(Spool()) as spool:
        spool.add(decode_findings(msgspec.json.encode({"findings": wires})))
        rows = spool.rows()
        found = identify(spool.texts["resources"], OWNERS)
        where = put_in_order(spool, rows, found)
        owned = owners_of(spool, rows, found, where, covered, OWNERS)
        accounts = [kind.account_id for kind in spool.kinds.in_order()]
        keys = [
            (accounts[kind] or "", found.types[e], found.ids[e])
            for kind, e in zip(where.kind, where.entry, strict=True)
        ]
        assert owned.every == expected
        assert owned.of_rows(where.resource).to_pylist() == [expected[key] for key in keys]
