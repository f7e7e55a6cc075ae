"""Resources are found by address.

An address with several resources is ambiguous, and one outside the access scope is not found.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.support.sources import make_sources

from sre_findings.model.access import ALL, Access
from sre_findings.model.answers.verdict import NO_SUCH_RESOURCE
from sre_findings.model.errors import AmbiguousName
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Vulnerabilities
from sre_findings.sources.sources import Sources, find
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.keys import partition
from sre_findings.store.snapshots.writer import SnapshotWriter

Hosts = Mapping[str, Sequence[tuple[str, str]]]
STRANGE = "198.51.100.77"  # not used in the simulated fleet


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    end = nights.commits()[-1].ended_at
    table = SqliteTable(Path(nights.blobs.url.removeprefix("file://")) / "table.db")
    return make_sources(nights, table, tmp_path_factory.mktemp("copies"), end)


@pytest.fixture(scope="module")
def hosts(sources: Sources) -> Hosts:
    """Ids and accounts by address, from the snapshot's table."""
    found = find(sources, None)
    by_address = defaultdict(list)
    folder = Path(sources.stores.snapshots.blobs.url.removeprefix("file://")) / partition(
        "resources", found.commit.snapshot_id
    )
    for row in pq.read_table(
        folder, columns=["resource_id", "account_id", "addresses"]
    ).to_pylist():
        for address in json.loads(row["addresses"] or "[]"):
            by_address[address].append((row["resource_id"], row["account_id"]))
    return by_address


def test_every_address_means_its_instance_or_names_all_that_have_it(
    sources: Sources, hosts: Hosts
) -> None:
    one = next(address for address, of in hosts.items() if len(of) == 1)
    many = next(address for address, of in hosts.items() if len(of) > 1)
    assert ask(Vulnerabilities(f" {one} "), sources).resource.resource_id == hosts[one][0][0]
    with pytest.raises(AmbiguousName) as error:
        ask(Vulnerabilities(many), sources)
    assert all(resource_id in str(error.value) for resource_id, _ in hosts[many])


def test_an_address_of_nobody_and_one_of_another_account_are_answered_alike(
    sources: Sources, hosts: Hosts
) -> None:
    address = next(
        address
        for address, of in hosts.items()
        if {account for _, account in of} == {"111122223333"}
    )
    limited = sources.seen_by(Access(frozenset({"444455556666"}), frozenset({ALL})))
    hidden, strange = (ask(Vulnerabilities(text), limited).verdict for text in (address, STRANGE))
    assert hidden.reason == strange.reason == NO_SUCH_RESOURCE
    assert hidden.explanation.replace(address, "").endswith(
        "IP addresses are known only for instances with findings"
    )
    assert (
        ask(Vulnerabilities("web"), limited).verdict.explanation.find("addresses are known") == -1
    )
