"""Gaps of a snapshot, and when each was last read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.snapshots.gaps import (
    NEVER,
    Earlier,
    Gap,
    dated,
    earliest,
    gaps_of,
    overlap,
    places,
    regions_read,
)
from sre_findings.model.snapshots.partial_reasons import Reason, texts
from sre_findings.model.snapshots.query_scope import Place, unread
from sre_findings.model.snapshots.states import DISABLED, NOT_OPTED_IN, REACHED, Cell

FIRST = datetime(2026, 11, 20, 1, tzinfo=UTC)
HERE, THERE = "111122223333", "444455556666"
INSTANCES = Cell(HERE, "eu-west-1", "AWS_EC2_INSTANCE", "PACKAGE")
WHOLE = Cell("*", "eu-west-1", "*", "*")
STATES = st.sampled_from([REACHED, NOT_OPTED_IN, DISABLED, "denied", "throttled"])
CELLS = [
    Cell(account, region, kind, "PACKAGE")
    for account in (HERE, THERE)
    for region in ("eu-west-1", "us-east-1")
    for kind in ("AWS_EC2_INSTANCE", "AWS_LAMBDA_FUNCTION")
]


def date_of(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(CELLS, STATES)), min_size=1, max_size=6))
def test_a_gap_has_the_date_of_the_newest_snapshot_that_read_it(
    snapshots: list[dict[Cell, str]],
) -> None:
    earlier: Earlier | None = None
    for number, cells in enumerate(snapshots):
        incomplete = [one for one in cells.items() if one[1] not in (REACHED, NOT_OPTED_IN)]
        gaps = gaps_of(incomplete, earlier)
        for gap in gaps:
            read = [n for n in range(number) if snapshots[n][gap.cell] in (REACHED, NOT_OPTED_IN)]
            assert gap.last_read == (date_of(read[-1]) if read else NEVER)
        earlier = Earlier(date_of(number), cells, gaps)


def test_a_region_was_last_read_when_all_of_it_was() -> None:
    one, other = (Gap(account, "eu-west-1", "*", "*", "denied") for account in (HERE, THERE))
    cells = {INSTANCES: REACHED}
    assert Earlier(date_of(0), cells, ()).last_read(WHOLE) == date_of(0)
    dated = (one._replace(last_read=date_of(1)), other._replace(last_read=date_of(0)))
    assert Earlier(date_of(2), cells, dated).last_read(WHOLE) == date_of(0)
    assert Earlier(date_of(2), cells, (*dated, other._replace(last_read=NEVER))).last_read(
        WHOLE
    ) == (NEVER)


def test_an_account_that_was_not_known_was_never_read() -> None:
    (gap,) = gaps_of(
        [(INSTANCES._replace(account_id=THERE), "denied")],
        Earlier(date_of(0), {INSTANCES: REACHED}, ()),
    )
    assert gap.last_read == NEVER


def test_without_an_earlier_snapshot_nothing_was_read() -> None:
    assert [gap.last_read for gap in gaps_of([(INSTANCES, "denied")], None)] == [NEVER]


def test_the_earliest_reading_of_several_is_never_if_one_never_was() -> None:
    assert earliest([date_of(1), date_of(0)]) == date_of(0)
    assert earliest([date_of(1), NEVER]) == NEVER
    assert earliest([]) == earliest(["", date_of(0)]) == ""


@pytest.mark.parametrize(
    ("other", "common"),
    [
        (WHOLE, True),
        (INSTANCES._replace(resource_type="*", scan_type="*"), True),
        (INSTANCES._replace(account_id=THERE), False),
        (WHOLE._replace(region="us-east-1"), False),
        (INSTANCES._replace(scan_type="NETWORK"), False),
    ],
)
def test_cells_overlap_in_everything_they_name(other: Cell, common: bool) -> None:
    assert overlap(INSTANCES, other) is overlap(other, INSTANCES) is common


def test_a_region_where_inspector_is_off_everywhere_is_not_known() -> None:
    off = INSTANCES._replace(region="us-east-1")
    assert regions_read({INSTANCES: REACHED, off: DISABLED}) == {"eu-west-1"}
    assert regions_read({INSTANCES: "denied", off: NOT_OPTED_IN}) == {"eu-west-1"}


def test_a_reason_has_the_date_of_the_last_reading_of_its_place() -> None:
    gaps = (Gap(*WHOLE, "denied", date_of(0)), Gap(HERE, "eu-west-1", "*", "*", "off", NEVER))
    reasons = (
        Reason("not_ended", "findings denied", "eu-west-1", detail="the message"),
        Reason("switched_off", "Inspector is off", "eu-west-1", HERE),
        Reason("not_visible", "an account is not visible", account=HERE),
    )
    assert texts(dated(reasons, gaps)) == (
        "eu-west-1: findings denied; last read on 2026-11-20 (the message)",
        "eu-west-1: Inspector is off",
        "an account is not visible",
    )


def test_every_clause_has_the_date_of_the_last_reading() -> None:
    gap = Gap(*WHOLE, "not_planned", date_of(0))
    assert places([gap]) == ["all accounts in eu-west-1 (last read on 2026-11-20)"]
    assert places([gap._replace(last_read=NEVER)]) == ["all accounts in eu-west-1 (never read)"]
    assert places([gap._replace(last_read="")]) == ["all accounts in eu-west-1"]
    spots = {("*", "eu-west-1", "*"): {"not_planned"}, (HERE, "us-east-1", "X"): {REACHED}}
    dates = {("*", "eu-west-1"): date_of(0)}
    assert unread(Place(), spots, dates) == [
        "not read: all accounts in eu-west-1 (not planned; last read on 2026-11-20)"
    ]
    assert unread(Place(regions=("eu-west-1",)), spots, dates) == [
        "region eu-west-1 was not read: not planned; last read on 2026-11-20"
    ]
