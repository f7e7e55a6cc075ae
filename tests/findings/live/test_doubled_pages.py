"""A live answer counts each finding once, in its newest state, on however many pages it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.wire.findings import WireFinding
from sre_findings.live.inspector_answer import live
from sre_findings.model.access import ALL, EVERYTHING, Access
from sre_findings.questions.catalogue import LIVE, Vulnerabilities

NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
INSTANCE, ACCOUNT = "i-0123456789abcdef0", "111122223333"
OTHERS = tuple(f"{number:012}" for number in range(25))
"""More accounts than fit into one call."""

COPY = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from([None, 1.7e9, 1.7e9 + 1, 1.7e9 + 2]),
    st.sampled_from(["ACTIVE", "SUPPRESSED"]),
    st.sampled_from(["CRITICAL", "LOW"]),
)
Copy = tuple[str, float | None, str, str]
PAGES = st.lists(st.lists(COPY, max_size=4), min_size=1, max_size=4)


def wire(one: Copy) -> WireFinding:
    name, updated, status, severity = one
    resources = [{"id": INSTANCE, "type": "AWS_EC2_INSTANCE"}]
    return WireFinding(
        f"arn:{name}",
        ACCOUNT,
        "PACKAGE_VULNERABILITY",
        severity,
        status,
        updatedAt=updated,
        resources=msgspec.Raw(json.dumps(resources).encode()),
    )


class Pages:
    """An Inspector that lists these pages, divided among the calls for groups of accounts."""

    def __init__(self, calls: Sequence[Sequence[Sequence[Copy]]]) -> None:
        self.calls = iter(calls)

    def coverage(self, *_: object, **__: object) -> Iterator[Any]:
        return iter(())

    def findings(self, *_: object, **__: object) -> Iterator[Any]:
        for page in next(self.calls, ()):
            yield SimpleNamespace(findings=[wire(one) for one in page], odd={})

    def statuses(self, *_: object, **__: object) -> Sequence[Any]:
        return ()


def newest(copies: Sequence[Copy]) -> list[Copy]:
    """The reference: of each name the newest copy; of equally new ones the last."""
    kept: dict[str, Copy] = {}
    for one in sorted(copies, key=lambda one: one[1] or 0):  # a stable sort
        kept[one[0]] = one
    return list(kept.values())


@settings(max_examples=150, deadline=None)
@given(PAGES, st.booleans())
def test_each_finding_counts_once_in_its_newest_state(
    pages: list[list[Copy]], several_calls: bool
) -> None:
    inspector = Pages([[page] for page in pages] if several_calls else [pages])
    access = Access(frozenset({ACCOUNT, *OTHERS}), frozenset({ALL}))
    if several_calls:
        pages = pages[:3]  # one call for each group of accounts
    ask = live(lambda _: cast("Inspector", inspector), lambda: ["eu-west-1"], lambda: NOW)
    question = Vulnerabilities(INSTANCE, source=LIVE, count=0, suppressed=True)
    answer = ask(question, None, access if several_calls else EVERYTHING, None)
    wanted = newest([one for page in pages for one in page])
    assert answer.rollup.counts.total == sum(one[2] == "ACTIVE" for one in wanted)
    assert answer.rollup.suppressed == sum(one[2] == "SUPPRESSED" for one in wanted)
    assert sorted((one.finding_arn, one.status, one.severity) for one in answer.findings) == sorted(
        (f"arn:{name}", status, severity) for name, _, status, severity in wanted
    )
