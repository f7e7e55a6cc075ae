"""The risk ranking, its reasons, and the risk of a finding, in Python and in SQL."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.findings.ranking import WEIGHTS, Candidate, rank, risk, risk_parameters, why
from sre_findings.model.findings.severity import ORDER
from sre_findings.model.findings.severity import rank as place_of
from sre_findings.model.resources.image_use import Use
from sre_findings.model.sla.policy import CRITERIA, DEFAULT, Policy

TODAY = date(2026, 11, 23)
DAYS = st.dates(date(2026, 8, 1), date(2026, 12, 31))
MAYBE = st.none() | st.booleans()
CANDIDATES = st.builds(
    Candidate,
    st.sampled_from(["CVE-2021-44228", "CVE-2024-3094", "GHSA-x"]),
    st.sampled_from((*ORDER, "NEW")),
    st.none() | DAYS,
    st.booleans(),
    st.none() | DAYS,
    st.none() | DAYS,
    st.none() | DAYS,
    MAYBE,
    st.none() | st.sampled_from([0.0, 0.05, 0.1, 0.5, 0.94]),
    st.none() | st.sampled_from([0.0, 5.5, 7.5, 9.8]),
    MAYBE,
    MAYBE,
)
ORDERS = st.lists(st.sampled_from(CRITERIA), min_size=1, unique=True).map(tuple)
POLICIES = st.builds(Policy, order=ORDERS, epss_high=st.sampled_from([0.0, 0.1, 0.5, 1.0]))


def ago(days: int) -> date:
    return TODAY - timedelta(days)


def candidate(name: str = "CVE-2026-0001", **changes: Any) -> Candidate:
    return replace(Candidate(name, "HIGH", ago(10), checked=True), **changes)


# Worse by one criterion, and better by all others.
MILD = {
    "severity": "LOW",
    "inspector_score": 1.0,
    "first_seen": TODAY,
    "exposed": False,
    "epss": 0.0,
}
BAD = {
    "severity": "CRITICAL",
    "inspector_score": 10.0,
    "first_seen": ago(200),
    "exposed": True,
    "epss": 0.9,
}
LISTED = {
    "kev_added": ago(300),
    "kev_due": ago(100),
    "exploit_observed": ago(1),
    "exploit_available": True,
}

ONE_BY_ONE = [
    ("kev", {"kev_due": ago(0)}, {"kev_due": ago(-1)}),
    ("kev", {"kev_due": ago(-90)}, {"kev_added": ago(9)}),
    ("kev", {"kev_added": ago(9)}, {}),
    ("kev", {"kev_added": ago(9), "checked": False}, {}),
    (
        "exploit",
        {"exploit_observed": ago(99), "exploit_available": False},
        {"exploit_available": True, "exploit_observed": None},
    ),
    (
        "exploit",
        {"exploit_available": True},
        {"exploit_available": False, "exploit_observed": None},
    ),
    ("exploit", {"exploit_available": True}, {"exploit_available": None, "exploit_observed": None}),
    ("epss", {"epss": 0.5}, {"epss": 0.4}),
    ("epss", {"epss": 0.1}, {"epss": 0.09}),
    ("epss", {"epss": 0.1}, {"epss": None}),
    (
        "score",
        {"severity": "CRITICAL", "inspector_score": None},
        {"severity": "HIGH", "inspector_score": 10.0},
    ),
    (
        "score",
        {"severity": "HIGH", "inspector_score": 7.1},
        {"severity": "HIGH", "inspector_score": 7.0},
    ),
    (
        "score",
        {"severity": "HIGH", "inspector_score": 0.1},
        {"severity": "HIGH", "inspector_score": None},
    ),
    ("score", {"severity": "UNTRIAGED", "inspector_score": None}, {"severity": "LOW"}),
    ("score", {"severity": "NEW", "inspector_score": None}, {"severity": "INFORMATIONAL"}),
    ("exposure", {"exposed": True}, {"exposed": False}),
    ("exposure", {"exposed": True}, {"exposed": None}),
    ("reachability", {"reachability": "REACHABLE"}, {"reachability": None}),
    ("reachability", {"reachability": "REACHABLE"}, {"reachability": "NOT_REACHABLE"}),
    ("reachability", {"reachability": None}, {"reachability": "NOT_REACHABLE"}),
    ("reachability", {"reachability": "UNKNOWN"}, {"reachability": "NOT_REACHABLE"}),
    ("reachability", {"reachability": "not_reachable"}, {"reachability": "NOT_REACHABLE"}),
    ("running", {"use": Use(1)}, {"use": Use()}),
    ("running", {"use": Use(1)}, {"use": Use(0)}),
    (
        "late",
        {"severity": "LOW", "first_seen": ago(182)},
        {"severity": "HIGH", "first_seen": ago(31)},
    ),
    (
        "late",
        {"severity": "LOW", "first_seen": ago(181)},
        {"severity": "HIGH", "first_seen": ago(30)},
    ),
]


@pytest.mark.parametrize(("criterion", "worse", "better"), ONE_BY_ONE)
def test_the_first_criterion_of_the_policy_decides_whatever_the_others_say(
    criterion: str, worse: dict[str, Any], better: dict[str, Any]
) -> None:
    # the candidate in KEV is worse by the other criteria, so ``second`` gets the KEV entry
    kev = {} if criterion == "kev" else LISTED
    first = candidate(
        "CVE-2026-9999", **MILD | {"exploit_available": False, "fixable": False} | worse
    )
    second = candidate("CVE-2026-0001", **BAD | kev | {"fixable": True} | better)
    policy = Policy(order=(criterion, *(name for name in CRITERIA if name != criterion)))
    assert rank([second, first], policy, TODAY) == [first, second]


@pytest.mark.parametrize(
    ("criterion", "one", "two"),
    [
        ("kev", {"checked": False}, {"checked": True}),
        # both due dates had passed before the finding was first seen: the same grace period
        ("kev", {"kev_due": ago(500)}, {"kev_due": ago(400)}),
        ("exploit", {"exploit_available": None}, {"exploit_available": False}),
        ("epss", {"epss": 0.09}, {"epss": None}),
        ("score", {"severity": "UNTRIAGED"}, {"severity": "MEDIUM"}),
        ("exposure", {"exposed": None}, {"exposed": False}),
        ("reachability", {"reachability": "UNKNOWN"}, {"reachability": None}),
        ("reachability", {"reachability": "A_NEW_WORD"}, {"reachability": None}),
        ("running", {"use": Use(0)}, {"use": Use()}),
        ("running", {"use": Use(3)}, {"use": Use(1)}),
        ("late", {"first_seen": ago(30)}, {"first_seen": ago(3)}),
    ],
)
def test_where_a_criterion_sees_no_difference_the_next_one_decides(
    criterion: str, one: dict[str, Any], two: dict[str, Any]
) -> None:
    following = "exposure" if criterion != "exposure" else "epss"
    policy = Policy(order=(criterion, following))
    worse = {"exposed": True} if following == "exposure" else {"epss": 0.9}
    for a, b in ((one, two), (two, one)):
        first, second = candidate(**{**a, **worse}), candidate(**b)
        assert rank([second, first], policy, TODAY) == [first, second]


def test_a_criterion_that_the_policy_does_not_name_does_not_count() -> None:
    listed, plain = candidate("CVE-2", **LISTED), candidate("CVE-1")
    assert rank([listed, plain], Policy(order=("score",)), TODAY) == [plain, listed]


def test_ties_go_to_what_can_be_fixed_then_to_the_oldest_then_to_the_id() -> None:
    fixable = candidate("CVE-9", fixable=True)
    old, one, two = candidate("CVE-8", first_seen=ago(12)), candidate("CVE-1"), candidate("CVE-2")
    assert rank([two, one, old, fixable], DEFAULT, TODAY) == [fixable, old, one, two]


def test_what_differs_only_in_what_does_not_count_still_has_one_order() -> None:
    one, two = candidate(epss=0.01), candidate(epss=0.02)
    assert rank([one, two], DEFAULT, TODAY) == rank([two, one], DEFAULT, TODAY)


@given(st.lists(CANDIDATES, max_size=12), POLICIES, DAYS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_they_came(
    found: list[Candidate], policy: Policy, today: date, chance: Random
) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    ordered = rank(found, policy, today)
    assert rank(shuffled, policy, today) == ordered
    assert sorted(map(repr, ordered)) == sorted(map(repr, found)), (
        "nobody is lost and nobody is added"
    )


def _kev_due(due: date, first_seen: date | None) -> date:
    return due if first_seen is None or due >= first_seen else first_seen + timedelta(7)


@given(st.lists(CANDIDATES, max_size=12), DAYS)
def test_kev_comes_first_by_its_due_date_after_grace(found: list[Candidate], today: date) -> None:
    ordered = rank(found, DEFAULT, today)
    listed = [one for one in ordered if one.kev_added or one.kev_due]
    assert ordered[: len(listed)] == listed
    dues = [_kev_due(one.kev_due, one.first_seen) for one in listed if one.kev_due]
    assert dues == sorted(dues)
    assert all(one.kev_due for one in listed[: len(dues)]), "those without a date come last of them"


@given(st.lists(CANDIDATES, min_size=2, max_size=12), DAYS)
def test_alone_the_score_orders_by_severitys_weight_and_then_by_score(
    found: list[Candidate], today: date
) -> None:
    for one, two in pairwise(rank(found, Policy(order=("score",)), today)):
        weights = [
            (
                risk(Candidate("", c.severity, TODAY, checked=False), DEFAULT),
                c.inspector_score or 0.0,
            )
            for c in (one, two)
        ]
        assert weights[0] >= weights[1]


FULL = candidate(
    severity="CRITICAL",
    first_seen=ago(27),
    kev_added=ago(20),
    kev_due=date(2026, 11, 30),
    exploit_observed=ago(3),
    exploit_available=True,
    epss=0.94,
    inspector_score=9.8,
    exposed=True,
    fixable=True,
)


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            FULL,
            """In KEV, due 2026-11-30 (in 7 days); exploited in the wild; EPSS 0.94; critical, Inspector score 9.8;
            reachable from the internet; 12 days past its SLA of 15 days.""",
        ),
        (candidate(), "Not in KEV; high; 20 days left of its SLA of 30 days."),
        (
            candidate(checked=False),
            "KEV not checked; exploits not checked; high; 20 days left of its SLA of 30 days.",
        ),
        (
            candidate(checked=False, exploit_available=False, fixable=False),
            "KEV not checked; high; 20 days left of its SLA of 30 days; no fix is available.",
        ),
        (
            candidate(checked=False, exploit_observed=ago(1)),
            "KEV not checked; exploited in the wild; high; 20 days left of its SLA of 30 days.",
        ),
        (
            candidate(checked=False, kev_added=ago(1), exploit_available=True),
            (
                "In KEV, without a due date; an exploit is available; high; 20 days"
                " left of its SLA of 30 days."
            ),
        ),
        (
            candidate(severity="INFORMATIONAL", kev_due=ago(0), epss=0.0004, inspector_score=4.0),
            ("In KEV, due 2026-11-23 (today); EPSS below 0.01; informational, Inspector score 4."),
        ),
        (
            candidate(severity="UNTRIAGED", first_seen=ago(30), kev_due=ago(1), epss=0.01),
            (
                "In KEV, due 2026-11-22 (1 day late); EPSS 0.01; untriaged; the last"
                " day of its SLA of 30 days."
            ),
        ),
        (
            candidate(kev_due=date(2021, 12, 24), first_seen=ago(31)),
            """In KEV, due 2026-10-30 (24 days late), 7 days after it was first seen, because CISA's due date 2021-12-24
            had passed by then; high; 1 day past its SLA of 30 days.""",
        ),
        (
            candidate(severity="APOCALYPTIC"),
            "Not in KEV; apocalyptic; 20 days left of its SLA of 30 days.",
        ),
    ],
)
def test_one_plain_sentence_says_why_a_candidate_stands_where_it_stands(
    one: Candidate, sentence: str
) -> None:
    assert why(one, DEFAULT, TODAY) == " ".join(sentence.split())


def test_the_sentence_follows_the_policys_order_and_tells_what_counts() -> None:
    assert (
        why(FULL, Policy(order=("late", "kev")), TODAY)
        == "12 days past its SLA of 15 days; in KEV, due 2026-11-30 (in 7 days)."
    )
    assert why(candidate(), Policy(order=("exposure",)), TODAY) == "High.", (
        "never an empty sentence"
    )


@given(CANDIDATES, POLICIES, DAYS)
def test_what_was_not_checked_is_never_told_as_no(
    one: Candidate, policy: Policy, today: date
) -> None:
    sentence = why(one, policy, today)
    assert re.fullmatch(r"[A-Z0-9][^\n]*[^.]\.", sentence)
    listed = one.kev_added is not None or one.kev_due is not None
    assert one.kev is (True if listed else False if one.checked else None)
    if "kev" in policy.order:
        told = {
            True: "in KEV, ",
            False: "not in KEV",
            None: "KEV not checked",
        }
        assert [words for words in told.values() if words.lower() in sentence.lower()] == [
            told[one.kev]
        ]
    assert one.checked or "not on" not in sentence.lower()


WORSE: list[tuple[str, list[Any]]] = [
    ("severity", ["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]),
    ("kev_added", [None, ago(1)]),
    ("kev_due", [None, ago(1)]),
    ("checked", [False, True]),
    ("exploit_observed", [None, ago(1)]),
    ("exploit_available", [None, False, True]),
    ("epss", [None, 0.0, 0.1, 0.5, 1.0]),
    ("inspector_score", [None, 0.0, 10.0]),
    ("exposed", [None, False, True]),
    ("first_seen", [TODAY, ago(999)]),
    ("fixable", [False, True]),
]


@given(CANDIDATES, POLICIES, st.sampled_from(WORSE))
def test_what_is_worse_never_weighs_less(
    one: Candidate, policy: Policy, step: tuple[str, list[Any]]
) -> None:
    name, values = step
    weights = [risk(replace(one, **{name: value}), policy) for value in values]
    assert weights == sorted(weights)


@pytest.mark.parametrize(
    ("one", "weight"),
    [
        (candidate(), 30),
        (candidate(severity="CRITICAL"), 100),
        (candidate(severity="MEDIUM"), 5),
        (candidate(severity="LOW"), 1),
        (candidate(severity="INFORMATIONAL"), 0),
        (candidate(severity="UNTRIAGED"), 5),
        (candidate(severity="NEW"), 5),
        (candidate(kev_added=TODAY), 130),
        (candidate(kev_due=TODAY, checked=False), 130),
        (candidate(exploit_available=True), 45),
        (candidate(exploit_available=True, exploit_observed=TODAY), 80),
        (candidate(exposed=True, epss=0.1), 80),
        (candidate(epss=0.0999), 30),
        (FULL, 300),
    ],
)
def test_a_finding_weighs_the_sum_of_what_is_known_to_be_bad(one: Candidate, weight: float) -> None:
    assert risk(one, DEFAULT) == weight


def test_nothing_weighs_more_than_kev_and_critical() -> None:
    most = max(WEIGHTS.values())
    assert {name for name, weight in WEIGHTS.items() if weight == most} == {
        "risk_kev",
        "risk_critical",
    }


def sql() -> str:
    """The SQL in the docstring of ``risk``, with DuckDB's parameter syntax."""
    documented = (inspect.getdoc(risk) or "").partition("::")[2]
    return re.sub(r"(?<![:\w]):([a-z_]+)", r"$\1", documented)


@pytest.mark.parametrize("epss_high", [0.0, 0.1, 1.0])
def test_the_documented_sql_gives_the_same_numbers(epss_high: float) -> None:
    import duckdb

    kinds = {"kev_added": "date", "kev_due": "date", "exploit_observed": "date"}
    kinds |= {"exploit_available": "bool", "epss": "double", "exposed": "bool"}
    day, some = (None, TODAY), (None, False, True)
    every = product(day, day, day, some, (None, 0.0, 0.09, 0.1, 1.0), some)
    facts: list[dict[str, Any]] = [dict(zip(kinds, each, strict=True)) for each in every]
    found = [candidate(severity=name, **each) for name in (*ORDER, "NEW") for each in facts]
    rows = [
        (nr, place_of(one.severity), *(getattr(one, name) for name in kinds))
        for nr, one in enumerate(found)
    ]
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    columns = ", ".join(
        f"{name}::{kind} as {name}"
        for name, kind in {"nr": "int", "severity_rank": "int", **kinds}.items()
    )
    columns += ", null as reachability, null as in_use_count"
    source = (
        f"(select {columns} from (values {values}) as t(nr, severity_rank, {', '.join(kinds)}))"
    )
    policy = Policy(epss_high=epss_high)
    with duckdb.connect() as connection:
        weights = connection.execute(
            f"select {sql()} from {source} order by nr", risk_parameters(policy)
        ).fetchall()
    assert [weight for (weight,) in weights] == [risk(one, policy) for one in found]


def literal(value: object) -> str:
    return "null" if value is None else f"'{value}'"


@pytest.mark.parametrize("word", [None, "UNKNOWN", "NOT_REACHABLE", "REACHABLE", "not_reachable"])
@pytest.mark.parametrize("count", [None, 0, 3])
def test_the_documented_sql_weighs_what_runs_alike(word: str | None, count: int | None) -> None:
    import duckdb

    one = candidate(severity="MEDIUM", reachability=word, use=Use(count))
    columns = ("kev_added", "kev_due", "exploit_observed", "exploit_available", "epss", "exposed")
    nothing = ", ".join(f"null as {name}" for name in columns)
    source = f"(select 2 as severity_rank, {nothing}, $word as reachability, $n as in_use_count)"
    with duckdb.connect() as connection:
        parameters = {**risk_parameters(DEFAULT), "word": word, "n": count}
        weights = connection.execute(f"select {sql()} from {source}", parameters).fetchall()
    assert weights == [(risk(one, DEFAULT),)]


@given(CANDIDATES, POLICIES, st.none() | st.just("UNKNOWN") | st.text(max_size=4))
def test_a_reachability_that_is_not_known_never_lowers(
    one: Candidate, policy: Policy, word: str | None
) -> None:
    silent, odd = replace(one, reachability=None), replace(one, reachability=word)
    unreachable = replace(one, reachability="NOT_REACHABLE")
    assert risk(odd, policy) == risk(silent, policy)
    if "reachability" in policy.order:
        assert rank([unreachable, odd], policy, TODAY) == [odd, unreachable]
    assert "reach" not in why(replace(odd, exposed=None), policy, TODAY)


def test_the_sentence_says_what_runs_and_why() -> None:
    seen = datetime(2026, 11, 20, 8, tzinfo=UTC)
    policy = Policy(order=("reachability", "running"))
    reached = candidate(
        reachability="REACHABLE",
        reachability_reason="PACKAGE_IN_DOCKERFILE_WORKLOAD_PATH",
        use=Use(3, seen),
    )
    assert (
        why(reached, policy, TODAY)
        == "Its code is reached at run time: the package is on the workload path of the Dockerfile;"
        " an image that has it runs in 3 tasks or pods, last seen in use at"
        " 2026-11-20T08:00:00Z."
    )
    assert (
        why(candidate(reachability="NOT_REACHABLE"), policy, TODAY) == "Not reachable at run time."
    )
    assert why(candidate(reachability="UNKNOWN", use=Use(0, seen)), policy, TODAY) == "High."


def test_every_sql_parameter_of_the_risk_has_a_value_and_no_prefix_clash() -> None:
    names = risk_parameters(DEFAULT).keys()
    assert set(re.findall(r"\$([a-z_]+)", sql())) == names
    assert not [(a, b) for a in names for b in names if a != b and b.startswith(a)], (
        "the engine looks for names in the text"
    )
