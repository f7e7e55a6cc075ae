"""Ten questions of an engineer on call: the calls of an agent that knows only the tool list.

Each task has the calls, the maximum size of all answers in tokens, and words of the right answer,
which is computed from the snapshot's files. The calls are those of a language model that had the
tool list and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sre_findings.engine.duckdb import DuckDB
from sre_findings.sources.sources import Sources, find
from sre_mcp.json_values import BYTES_A_TOKEN
from sre_mcp.tools.registry import TOOLS, describe

LARGEST_LIST = 6_000  # tokens of the list of tools, which every conversation starts with
HOST = "prod-web-36"


@pytest.fixture(scope="module")
def rows(sources: Sources) -> Callable[[str], Any]:
    """``rows("select …")`` on the files of the newest snapshot."""

    def query(text: str) -> Any:
        engine = find(sources, None).engine
        assert isinstance(engine, DuckDB)
        tables = ["findings", "resources", "vulnerabilities"]
        return engine.connect(tables).execute(text).fetchall()

    return query


OPEN = "from findings where status = 'ACTIVE' and resource_index = 0"


def _number(rows: Any, text: str) -> str:
    return f"{rows(text)[0][0]:,}"


def _log4shell(rows: Any) -> list[str]:
    hosts = rows(f"select distinct resource_name {OPEN} and vulnerability_id = 'CVE-2021-44228'")
    return [f"{len(hosts)} open findings", *(name for (name,) in hosts)]


def _paged(rows: Any) -> list[str]:
    here = f"{OPEN} and resource_name = '{HOST}'"
    kev = f"{here} and vulnerability_id in (select vulnerability_id from vulnerabilities where kev_added is not null)"
    public = rows(f"select public from resources where name = '{HOST}'")[0][0]
    return [
        f"{_number(rows, f'select count(*) {here}')} open findings",
        f"{_number(rows, f'select count(*) {kev}')} in CISA KEV",
        *(["Reachable from the internet"] if public else []),
        "1 | ",
    ]


def _unassigned(rows: Any) -> list[str]:
    count = _number(rows, f"select count(*) {OPEN} and owner is null and severity = 'CRITICAL'")
    return [f"{count} critical findings of unassigned"]


def _latest_team(rows: Any) -> list[str]:
    del rows  # due dates are tested with the policy
    return ["findings are overdue", "payments | ", "In KEV"]


def _updates(rows: Any) -> list[str]:
    del rows
    return ["1 | sudo", "dnf upgrade --releasever=latest sudo"]


def _stopped(rows: Any) -> list[str]:
    count = _number(rows, f"select count(*) {OPEN} and resource_name = 'stage-web-05'")
    return [f"{count} open findings", "stage-web-05"]


def _payments(rows: Any) -> list[str]:
    count = _number(
        rows, f"select count(*) {OPEN} and owner = 'payments' and severity = 'CRITICAL'"
    )
    return ["open findings of owner payments", f" | {count} | "]


def _exposed(rows: Any) -> list[str]:
    kev = (
        "select count(distinct f.vulnerability_id) from findings as f"
        " join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id"
        " left join resources as r on r.resource_id = f.resource_id and r.region = f.region"
        " where f.status = 'ACTIVE' and f.resource_index = 0 and v.kev_added is not null"
    )
    count = _number(rows, f"{kev} and r.public")
    return [f"{count} open vulnerabilities, in KEV, reachable from the internet"]


TASKS: dict[str, tuple[list[tuple[str, dict[str, Any]]], int, Callable[[Any], list[str]]]] = {
    "Is Log4Shell anywhere, and who owns those resources?": (
        [("where_vulnerable", {"text": "Log4Shell", "token_budget": 2000})],
        700,
        _log4shell,
    ),
    f"{HOST} was paged: how bad is it, and what do I do first?": (
        [
            ("check_resource", {"resource_id": HOST, "token_budget": 1500}),
            ("priorities", {"resource": HOST, "kev": True, "token_budget": 2000}),
        ],
        1500,
        _paged,
    ),
    "What got worse since yesterday?": (
        [
            (
                "changes",
                {"since": "yesterday", "kinds": ["opened", "reopened"], "token_budget": 1500},
            )
        ],
        900,
        lambda _rows: ["opened", "resolved", "Since "],
    ),
    "How many critical findings have no owner?": (
        [("list_findings", {"owners": ["unassigned"], "severities": ["CRITICAL"], "count": 1})],
        500,
        _unassigned,
    ),
    "Which team is latest with its SLA, and what does it do first?": (
        [
            ("sla", {"token_budget": 1500}),
            ("priorities", {"owners": ["payments"], "count": 3, "token_budget": 2000}),
        ],
        1200,
        _latest_team,
    ),
    "Which three updates come first?": (
        [("fix_plan", {"count": 3, "token_budget": 1500})],
        600,
        _updates,
    ),
    "Is stage-web-05 clean?": (
        [("check_resource", {"resource_id": "stage-web-05", "token_budget": 1000})],
        700,
        _stopped,
    ),
    "Has payments more critical findings than last week?": (
        [("trend", {"days": 7, "kind": "owner", "value": "payments", "token_budget": 1500})],
        500,
        _payments,
    ),
    "Which KEV vulnerabilities can be reached from the internet?": (
        [("priorities", {"kev": True, "exposed": True, "count": 5, "token_budget": 3000})],
        1200,
        _exposed,
    ),
    "Was anything not scanned last night?": (
        [("coverage", {"token_budget": 2000})],
        1200,
        lambda _rows: ["not fully scanned", "Remove the tag InspectorEc2Exclusion"],
    ),
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_of_an_engineer_on_call(task: str, call: Any, rows: Callable[[str], Any]) -> None:
    calls, tokens, right = TASKS[task]
    texts = [call(name, **arguments).content[0].text for name, arguments in calls]
    answer = "\n".join(texts).replace("`", "")
    assert [one for one in right(rows) if one not in answer] == []
    assert len(answer.encode()) <= tokens * BYTES_A_TOKEN


def test_the_list_of_tools_is_short() -> None:
    listed = [
        describe(one).model_dump(mode="json", by_alias=True, exclude_none=True)
        for one in TOOLS.values()
    ]
    size = len(json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode())
    assert size <= LARGEST_LIST * BYTES_A_TOKEN


def test_an_agent_is_not_told_to_run_a_command(call: Any) -> None:
    refused = call("check_resource", resource_id=HOST, as_of="2001-01-01")
    empty = call("where_vulnerable", text="no-such-package")
    for answer in (refused, empty):
        assert "sre-cli" not in answer.content[0].text
