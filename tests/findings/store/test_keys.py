"""Keys: one function makes each kind, one parses all, and no key leaves the store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.keys import BY_SNAPSHOT, BY_TABLE, Key

ID = "20261122T010000Z"
IDS = st.from_regex(
    r"\d{8}T\d{6}Z(-\d{1,4})?", fullmatch=True, alphabet=st.characters(max_codepoint=127)
)
TABLE_NAMES = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True)
FILES = st.from_regex(r"part-[a-z0-9-]{1,20}\.parquet", fullmatch=True)
SHARDS = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
LAYOUTS = st.sampled_from((BY_SNAPSHOT, BY_TABLE))
NUMBERS = st.integers(0, 10**12 - 1)


@given(IDS, TABLE_NAMES, FILES, LAYOUTS)
def test_the_key_of_a_part_is_read_as_what_it_was_made_of(
    snapshot_id: str, table: str, file: str, layout: int
) -> None:
    key = keys.part_key(snapshot_id, f"{table}/{file}", layout)
    assert keys.parse(key) == Key("part", layout, snapshot_id, table, file)
    assert key.startswith(keys.partition(table, snapshot_id, layout))


@given(IDS, SHARDS, LAYOUTS)
def test_the_keys_of_records_are_read_as_what_they_were_made_of(
    snapshot_id: str, shard: str, layout: int
) -> None:
    made = {
        "plan.json": keys.plan_key(snapshot_id, layout),
        "manifest.json": keys.manifest_key(snapshot_id, layout),
        f"shards/{shard}.json": keys.shard_key(snapshot_id, shard, layout),
    }
    for file, key in made.items():
        assert keys.parse(key) == Key("record", layout, snapshot_id, file=file)
        assert key.startswith(keys.records(snapshot_id, layout))


@given(NUMBERS, IDS)
def test_the_keys_beside_snapshots_are_read_as_what_they_were_made_of(
    number: int, snapshot_id: str
) -> None:
    assert keys.parse(keys.commit_key(number)) == Key("commit", keys.LAYOUT, file=f"{number:012d}")
    assert keys.parse(keys.tombstone_key(number)) == Key(
        "tombstone", keys.LAYOUT, file=f"{number:012d}"
    )
    assert keys.parse(keys.hold_key(snapshot_id)) == Key("hold", keys.LAYOUT, snapshot_id)


def test_tables_come_first_and_share_nothing() -> None:
    assert (
        keys.part_key(ID, "findings/part-a.parquet")
        == f"tables/findings/snapshot_id={ID}/part-a.parquet"
    )
    assert (
        keys.part_key(ID, "findings/part-a.parquet", BY_SNAPSHOT)
        == f"snapshots/snapshot_id={ID}/findings/part-a.parquet"
    )
    assert keys.table_folder("findings") == "tables/findings/"
    assert (keys.plan_key(ID), keys.plan_key(ID, BY_SNAPSHOT)) == (
        f"snapshots/{ID}/plan.json",
        f"snapshots/snapshot_id={ID}/plan.json",
    )


@pytest.mark.parametrize(
    "key",
    [
        "", "/", "commits/42.json", "commits/000000000042.json.bak", "commits//000000000042.json", "/commits/000000000042.json",
        f"tables/findings/snapshot_id={ID}/../plan.json", f"tables/findings/snapshot_id={ID}/part-a.parquet/..",
        f"tables/../snapshot_id={ID}/part-a.parquet", f"tables/findings/snapshot_id={ID}/part-a.parquet\n",
        f"tables/findings/snapshot_id={ID}/part-..parquet", "tables/findings/snapshot_id=../part-a.parquet",
        f"tables/findings/snapshot_id={ID}/.part-a.parquet", f"tables/findings/{ID}/part-a.parquet",
        f"tables/Findings/snapshot_id={ID}/part-a.parquet", f"tables/findings/snapshot_id={ID}/part-a.csv",
        "tables/findings/snapshot_id=٢٠٢٦١١٢٢T٠١٠٠٠٠Z/part-a.parquet", f"snapshots/{ID}/shards/../plan.json",
        f"snapshots/{ID}/findings/part-a.parquet", f"snapshots/{ID}/plan.json/", "holds/.json", "pruned/x.json",
    ],
)  # fmt: skip
def test_what_no_function_makes_is_not_read(key: str) -> None:
    assert keys.parse(key) is None


@given(st.text(max_size=40))
def test_no_text_makes_a_key_that_leads_elsewhere(text: str) -> None:
    makers: list[Callable[[str], str]] = [
        keys.records,
        keys.plan_key,
        keys.manifest_key,
        keys.hold_key,
        keys.table_folder,
        lambda one: keys.partition(one, ID),
        lambda one: keys.partition("findings", one),
        lambda one: keys.part_key(ID, one),
        lambda one: keys.part_key(one, "findings/part-a.parquet"),
        lambda one: keys.shard_key(ID, one),
    ]
    for make in makers:
        for tried in (
            text,
            f"../{text}",
            f"{ID}/{text}",
            f"findings/{text}",
            f"findings/part-{text}.parquet",
        ):
            try:
                key = make(tried)
            except StoreUnreadable:
                continue
            assert ".." not in key.split("/")
            assert "//" not in key
            assert key.isprintable()


def test_a_part_with_a_name_that_leads_elsewhere_says_what_to_do() -> None:
    with pytest.raises(
        StoreUnreadable, match=r"'findings/../../x.parquet' is not the name of a part. Run: sre-cli"
    ):
        keys.part_key(ID, "findings/../../x.parquet")
