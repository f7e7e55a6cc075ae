"""The snapshot that a report compares with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.snapshots.states import COMPLETE, PARTIAL
from sre_findings.sources.comparability import night_before
from sre_findings.store.snapshots.reader import Commit

FIRST = datetime(2026, 11, 1, 1, tzinfo=UTC)


def commit(sequence: int, hours: int, state: str) -> Commit:
    started = FIRST + timedelta(hours=hours)
    return Commit(sequence, f"s{sequence}", started, started, "", state, "", (), {}, ())


nights = st.lists(
    st.tuples(st.integers(0, 24 * 20), st.sampled_from([COMPLETE, PARTIAL])),
    min_size=1,
    max_size=30,
).map(
    lambda some: [
        commit(number, hours, state) for number, (hours, state) in enumerate(sorted(some), 1)
    ]
)


@given(nights, st.sampled_from([1, 7]))
def test_it_is_of_an_earlier_day_and_as_old_as_asked_where_any_night_is(
    commits: list[Commit], days: int
) -> None:
    head = commits[-1]
    found = night_before(commits, head, days)
    earlier = [one for one in commits if one.started_at.date() < head.started_at.date()]
    old = [one for one in earlier if (head.started_at.date() - one.started_at.date()).days >= days]
    if not earlier:
        assert found is None
    elif not old:
        assert found is earlier[0]
    else:
        assert found in old
        assert found is ([one for one in old if one.state == COMPLETE] or old)[-1]
