"""Takes a finding without a server, and records that in the audit log as a server would."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from sre_findings.model.errors import SreError, kind_of
from sre_findings.model.operation import ANSWERED, Operation
from sre_findings.queries import ask
from sre_findings.queries.claims.taking import person
from sre_findings.questions.claims import Take
from sre_findings.sources.sources import Sources
from sre_findings.store.records import operations

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.claims import TakenAnswer


def audited(question: Take, sources: Sources) -> TakenAnswer:
    """The answer to the query, which is recorded, also if it is refused."""
    began, at = time.monotonic(), sources.now()

    def record(outcome: str, rows: int) -> None:
        took = round((time.monotonic() - began) * 1000)
        who, arguments = person(sources.caller)[0], _arguments(question)
        one = Operation(
            at, secrets.token_hex(8), who, question.name, outcome, took, arguments, rows=rows
        )
        operations.write(sources.stores.table, [one])

    try:
        answer = ask(question, sources)
    except SreError as error:
        record(kind_of(error), 0)
        raise
    record(ANSWERED, len(answer.items))
    return answer


def _arguments(question: Take) -> dict[str, str | bool]:
    """The arguments as those of the server's tool."""
    given = {name: getattr(question, name) for name in question.__dataclass_fields__}
    return {name: value for name, value in given.items() if value}
