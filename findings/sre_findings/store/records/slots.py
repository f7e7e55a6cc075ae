"""Slots in the table: each time a schedule is due is one slot.

    partition        sort key                      contents
    slot#{schedule}  begun                         since when the schedule runs
    slot#{schedule}  {2026-11-30T01:00Z}#{000001}  an attempt: its owner, its expiry and its outcome

``sre_schedules.slots`` claims slots. A scan started by EventBridge Scheduler claims nothing,
because its snapshot records the slot. It records its outcome here, so that the jobs that follow it
need not wait.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sre_findings.store.records.table import Row, Table

KEPT = timedelta(days=90)
RUNNING, DONE, FAILED, GIVEN_BACK, GIVEN_UP = "running", "done", "failed", "given_back", "given_up"


def slot_of(fire: datetime) -> str:
    """Returns the name of a slot, for example ``2026-11-30T01:00Z``."""
    return f"{fire.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def partition_of(schedule: str) -> str:
    """Returns the partition that contains the slots of a schedule."""
    return f"slot#{schedule}"


def normal(slot: str) -> str:
    """Returns a slot in the form that schedules use, without seconds.

    EventBridge Scheduler writes ``scan/2026-11-30T01:00:00Z``. Any other text is returned
    unchanged: it is a name that a user chose.
    """
    schedule, slash, text = slot.rpartition("/")
    try:
        fire = datetime.fromisoformat(text)
    except ValueError:
        return slot
    return f"{schedule}/{slot_of(fire)}" if slash and fire.tzinfo else slot


def record_end(table: Table, slot: str, now: datetime, *, done: bool, detail: str) -> None:
    """Records that a slot is finished: its work is done, or it is given up.

    A slot without a schedule is not recorded.
    """
    schedule, _, name = slot.rpartition("/")
    if not schedule:
        return
    newest = next(
        iter(table.query(partition_of(schedule), f"{name}#", f"{name}#~", newest=1)), None
    )
    number = int(newest.sort.rpartition("#")[2]) + 1 if newest else 1
    values = {
        "state": DONE if done else GIVEN_UP,
        "owner": "scan",
        "at": now.isoformat(),
        "until": now.isoformat(),
        "detail": detail,
        "failures": 0,
    }
    table.put(
        [Row(partition_of(schedule), f"{name}#{number:06}", values, int((now + KEPT).timestamp()))]
    )
