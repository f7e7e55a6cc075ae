"""A server as a service: each query is a tool call, and its pages are joined into one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sre_findings.client.connection import BUDGET, LIST, Page, Remote
from sre_findings.model.answers import decoding
from sre_findings.model.answers.answer import CoverageAnswer, ResourceAnswer, SummaryAnswer
from sre_findings.model.errors import UsageError

if TYPE_CHECKING:
    from sre_findings.model.answers.list_answer import AnyListAnswer
    from sre_findings.questions.claims import Take
    from sre_findings.questions.estate import CoverageGaps, Summary
    from sre_findings.questions.question import Question
    from sre_findings.questions.resource import Vulnerabilities

A = TypeVar("A")

# Queries whose tool has a different name.
_TOOLS = {
    "time-to-fix": "time_to_fix",
    "fixes": "fix_plan",
    "images": "fix_plan",
    "fix-effects": "fix_plan",
    "where": "where_vulnerable",
    "show": "where_vulnerable",
}
# Arguments of tools that select the query and are not fields of it.
_FIXED = {"images": {"images": True}, "show": {"details": True}}


class RemoteService:
    """Sends queries to a server.

    Its answers are those of the server's store, limited to the access scope of the token.
    """

    def __init__(self, remote: Remote) -> None:
        self.remote = remote

    def ask(self, question: Question[A]) -> A:
        """See Service."""
        ways: dict[str, Callable[[Any], Any]] = {
            "vulnerabilities": self._resource,
            "summary": self._summary,
            "coverage": self._coverage,
            "take": self._take,
        }
        way: Callable[[Any], Any] = ways.get(question.name, self._list)
        return cast("A", way(question))

    def _resource(self, question: Vulnerabilities) -> ResourceAnswer:
        """Queries a resource. A cursor names the snapshot and the number of findings before it."""
        from sre_findings.questions.resource import CACHED, LIVE

        before = _place(question.cursor)
        asked = {
            "resource_id": question.text,
            "severities": list(question.severities),
            "suppressed": question.suppressed,
            "reachable": question.reachable,
            "live": {LIVE: True, CACHED: False}.get(question.source),
            "as_of": question.as_of,
            "region": question.region,
            "context": question.context,
            "count": before + question.count if question.count else 0,
        }
        values = self._whole("check_resource", asked, "findings").values
        if question.cursor and question.cursor.rpartition(".")[0] != values.get("snapshot_id"):
            _refuse(question.cursor)
        with self.remote.understood():
            end = len(values["findings"])
            values["findings"] = values["findings"][before:]
            values["next_cursor"] = (
                f"{values['snapshot_id']}.{end}" if 0 < end < values["total_findings"] else None
            )
            return decoding.resource_answer(values)

    def _summary(self, question: Summary) -> SummaryAnswer:
        asked = {
            "by": question.by,
            "count": question.count,
            "as_of": question.as_of,
            "owners": list(question.owners),
        }
        values = self._whole("summarize", asked, "groups").values
        with self.remote.understood():
            return decoding.summary_answer(values)

    def _coverage(self, question: CoverageGaps) -> CoverageAnswer:
        asked = {"as_of": question.as_of, "owners": list(question.owners)}
        values = self._whole("coverage", asked, "gaps").values
        with self.remote.understood():
            return decoding.coverage_answer(values)

    def _take(self, question: Take) -> AnyListAnswer:
        from sre_findings.model.answers.list_types import keys_of

        page = self.remote.call(question.name, _arguments(question))
        with self.remote.understood():
            return decoding.list_answer(page.values, page.meta[LIST], keys_of(question.name))

    def _list(self, question: Question[Any]) -> AnyListAnswer:
        from sre_findings.model.answers.list_types import keys_of

        name = question.name
        page = self._whole(_TOOLS.get(name, name), _arguments(question) | _FIXED.get(name, {}))
        keys = keys_of(name)
        with self.remote.understood():
            return decoding.list_answer(page.values, page.meta[LIST], keys)

    def _whole(self, tool: str, arguments: Mapping[str, Any], name: str = "") -> Page:
        """Returns all pages as one, without the fields that only pages have."""
        asked = {key: value for key, value in arguments.items() if value not in (None, [], "")} | {
            "token_budget": BUDGET
        }
        first = page = self.remote.call(tool, asked)
        with self.remote.understood():
            name = name or first.meta[LIST]["name"]
            while cursor := page.next_cursor:
                page = self.remote.call(tool, {**asked, "cursor": cursor})
                if not page.values[name]:
                    raise ValueError("a page without an item")
                first.values[name] += page.values[name]
            first.values.pop("page", None)
        return first


def _arguments(question: Any) -> dict[str, Any]:
    """Returns a query's fields as arguments of the tool."""
    values = {name: getattr(question, name) for name in question.__dataclass_fields__}
    if filters := values.pop("filters", None):
        values |= {name: getattr(filters, name) for name in filters.__dataclass_fields__}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def _place(cursor: str | None) -> int:
    """Returns the number of findings before a cursor. Raises UsageError if it is not valid."""
    place = (cursor or ".0").rpartition(".")[2]
    return int(place) if place.isdecimal() else _refuse(str(cursor))


def _refuse(cursor: str) -> int:
    pinned = cursor.rpartition(".")[0]
    do = (
        f"Repeat the query with --as-of {pinned}, or without a cursor."
        if pinned
        else "Repeat the query without a cursor."
    )
    raise UsageError("this cursor belongs to another snapshot", do=do)
