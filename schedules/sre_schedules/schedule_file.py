"""Schedule files in YAML. Errors give the line and column.

schedules:
  - name: scan
    cron: "0 1 * * *"          # minute hour day month weekday
    timezone: Etc/UTC          # an IANA name; default: Etc/UTC
    run: scan                  # a command of sre-cli with its options
  - name: digest
    cron: "0 7 * * MON-FRI"
    run: digest
    after: scan                # starts when this slot of scan has ended,
    wait: 3h                   # or after this time, and then reports what is missing
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from sre_findings.config.yaml_nodes import Node, brief, parse
from sre_findings.files import user_file
from sre_findings.model.errors import UsageError
from sre_findings.model.spelling import near
from sre_findings.settings import span
from sre_schedules.cron import parse_cron, parse_zone
from sre_schedules.daylight_saving import check
from sre_schedules.schedule import COMMANDS, Schedule

_KEYS = ("name", "cron", "timezone", "run", "after", "wait", "grace", "attempts", "pause")
_NEEDED = ("name", "cron", "run")
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_MOST_ATTEMPTS = 10

T = TypeVar("T")


def load(path: Path | None, now: datetime) -> list[Schedule]:
    """Returns the schedules in a file, or in every ``*.yaml`` of a folder.

    Without a path, returns the default schedules. Raises UsageError with file, line and column of
    the first error.
    """
    if path is None:
        text = files("sre_schedules").joinpath("nightly.yaml").read_bytes()
        return parse_schedules([("nightly.yaml", text)], now)
    return parse_schedules(((str(one), _read(one)) for one in _listed(path)), now)


def parse_schedules(contents: Iterable[tuple[str, bytes]], now: datetime) -> list[Schedule]:
    """Returns the schedules in these files, given as names and bytes.

    Names must be unique, and ``after`` must name one of the schedules.
    """
    found: dict[str, tuple[Schedule, str, Node]] = {}
    for file, content in contents:
        for node in _schedules(file, parse(content, file)):
            one = _schedule(file, node, now)
            if one.name in found:
                raise _wrong(
                    file,
                    node,
                    f"{one.name} is defined twice",
                    "Names must be unique across all schedule files.",
                )
            found[one.name] = (one, file, node)
    for one, file, node in found.values():
        _check_after(one, file, node, found)
    return [one for one, _, _ in found.values()]


def _listed(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if found := sorted(path.glob("*.yaml")):
        return found
    raise UsageError(
        f"{path} has no schedule file", do="Add a file with a name that ends in .yaml."
    )


def _read(path: Path) -> bytes:
    return user_file(path, "Check --file.")


def _schedules(file: str, root: Node) -> Sequence[Node]:
    keys = _map(file, root, ("schedules",), "the file")
    listed = keys.get("schedules")
    if listed is None or not isinstance(listed.value, list) or not listed.value:
        raise _wrong(
            file, listed or root, "schedules must be a list; start each schedule with a dash"
        )
    return listed.value


def _schedule(file: str, node: Node, now: datetime) -> Schedule:
    keys = _map(file, node, _KEYS, "a schedule")
    for key in _NEEDED:
        if key not in keys:
            raise _wrong(file, node, f"{key} is missing")

    def given(key: str, read: Callable[[str], T], default: T) -> T:
        return _value(file, keys[key], key, read) if key in keys else default

    one = Schedule(
        name=_value(file, keys["name"], "name", _name),
        cron=_value(file, keys["cron"], "cron", parse_cron),
        zone=given("timezone", parse_zone, parse_zone("Etc/UTC")),
        command=_value(file, keys["run"], "run", _command),
        after=given("after", str, None),
        wait=given("wait", _wait, timedelta(hours=3)),
        grace=given("grace", _grace, timedelta(hours=6)),
        attempts=given("attempts", _attempts, 3),
        pause=given("pause", span, timedelta(minutes=5)),
    )
    _value(file, keys["cron"], "cron", lambda _: check(one.cron, one.zone, now))
    return one


def _check_after(one: Schedule, file: str, node: Node, every: Mapping[str, object]) -> None:
    if one.after is None:
        return
    at = node.value["after"] if isinstance(node.value, dict) else node
    if one.after not in every or one.after == one.name:
        do = f"The schedules are {', '.join(every)}."
        raise _wrong(file, at, f"after names {brief(one.after)}, which is not another schedule", do)


def _name(text: str) -> str:
    if len(text) > 40 or not set(text) <= _NAME_LETTERS or text.strip("-") != text:
        raise UsageError(
            f"name {brief(text)} is not valid",
            do="Use up to 40 characters of a-z, 0-9 and -, such as nightly-scan.",
        )
    return text


def _command(text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"run {brief(text)} is not a command", why=str(error)) from error
    if not words or words[0] not in COMMANDS:
        raise UsageError(
            f"run {brief(text)} is not a job", do=f"Start it with one of {', '.join(COMMANDS)}."
        )
    return tuple(words)


def _wait(text: str) -> timedelta:
    found = span(text)
    if found > timedelta(days=1):
        raise UsageError(f"{text!r} is more than a day", do="Use at most 24h, such as 3h.")
    return found


def _grace(text: str) -> timedelta:
    found = span(text)
    if not timedelta(minutes=1) <= found <= timedelta(days=7):
        raise UsageError(
            f"{text!r} is not between a minute and a week", do="Use a time such as 6h."
        )
    return found


def _attempts(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_ATTEMPTS:
        raise UsageError(f"attempts {brief(text)} is not a number from 1 to {_MOST_ATTEMPTS}")
    return int(text)


def _value(file: str, node: Node, key: str, read: Callable[[str], T]) -> T:
    """Returns the parsed value of a key. Errors have the value's file, line and column."""
    if not isinstance(node.value, str) or not (text := node.value.strip()):
        raise _wrong(file, node, f"{key} must be text")
    try:
        return read(text)
    except UsageError as error:
        raise _wrong(
            file, node, f"{error.what}: {error.why}" if error.why else error.what, error.do
        ) from error


def _map(file: str, node: Node, known: Sequence[str], where: str) -> dict[str, Node]:
    if not isinstance(node.value, dict):
        raise _wrong(file, node, f"{where} must have keys: {', '.join(known)}")
    for key, value in node.value.items():
        if key not in known:
            close = near(key, known)
            do = f"Did you mean {' or '.join(close)}?" if close else f"Use: {', '.join(known)}."
            raise _wrong(file, value, f"{brief(key)} is not a key of {where}", do)
    return node.value


def _wrong(file: str, node: Node, what: str, do: str = "") -> UsageError:
    return UsageError(f"{file}, line {node.line}, column {node.column}: {what}", do=do)
