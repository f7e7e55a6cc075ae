"""Every command fits the terminal: nothing is dropped without a word, no number leaves its noun."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from sre_cli import messages
from sre_cli.main import cli as commands
from sre_cli.render import table, terminal
from sre_cli.render.wrapping import PARAGRAPH, wrapped

WIDTHS = (60, 80, 120, 200)
HOST = "prod-web-36"
LOG4SHELL = "CVE-2021-44228"
Path = tuple[str, ...]

# The calls of each command whose output people read. A new command needs a line here.
CALLS: dict[Path, tuple[Path, ...]] = {
    ("vulnerabilities",): (
        (HOST, "--cached", "-n", "5", "-s", "critical"),
        ("search/query:2.5.2", "--cached", "-n", "3"),
        ("prod-web-99", "--cached"),
    ),
    ("summary",): ((), *(("--by", by, "-n", "4") for by in ("owner", "account", "resource"))),
    ("changes",): (("-n", "5"),),
    ("priorities",): (("-n", "3"), ("-n", "2", "--account", "111122223333")),
    ("fixes",): (("-n", "3"), ("--images", "-n", "3"), ("--what-if", "3"), ("-i", HOST)),
    ("where",): (("log4j",), ("frobnicate",), ("curl", "-n", "5")),
    ("show",): (("log4shell",), ("CVE-1999-0001",)),
    ("why",): ((LOG4SHELL, "prod-api-07"), (LOG4SHELL, "forensics-33"), (LOG4SHELL, HOST)),
    ("diff",): ((HOST, "stage-search-11", "-n", "4"), (HOST, "forensics-33", "-n", "4")),
    ("take",): (("CVE-1999-0001", HOST, "--until", "7d"),),
    ("claims",): ((),),
    ("sla",): ((), ("--by", "account")),
    ("trend",): ((),),
    ("time-to-fix",): ((), ("--by", "owner")),
    ("suppressions",): ((),),
    ("coverage",): ((), ("--owner", "payments")),
    ("operations",): ((),),
    ("export",): (("-f", "/dev/null"), ("--columns", "full", "--format", "sarif")),
    ("sql",): (("selec",),),
    ("report",): (("--email", "nobody"), ("--link",)),
    ("digest",): (("--as-of", "2001-01-01"),),
    ("doctor",): ((),),
    ("doctor", "slack"): ((),),
    ("init",): (("--yes", "--store", "/nonexistent"),),
    ("snapshots", "list"): ((), ("--pruned",)),
    ("snapshots", "prune"): ((),),
    ("snapshots", "convert"): ((),),
    ("snapshots", "verify"): ((),),
    ("snapshots", "sign"): ((),),
    ("snapshots", "rebuild"): ((),),
    ("snapshots", "hold"): (("2001-01-01", "--owner", "a", "--reason", "b"),),
    ("snapshots", "release"): (("20010101T000000Z",),),
    ("schedule", "list"): ((),),
    ("schedule", "next"): ((),),
    ("scan",): (("--region", "nowhere"),),
    # JSON, a token, a script or a log; or nothing that a test can run: their help and errors
    ("snapshots", "age"): (),
    ("snapshots", "show"): (),
    ("tokens", "new"): (),
    ("completion",): (),
    ("schedule", "job"): (),
    ("schedule", "run"): (),
    ("serve",): (),
    ("demo",): (),
}
# A line may be longer than the terminal if it is a command to be copied, or one id, path or URL.
COPIED = re.compile(r"\s*(?:\$ |(?:[A-Z_]+=\S+ )*sre-cli (?!\S*:))")


def paths(command: click.Command = commands, path: Path = ()) -> Iterator[Path]:
    """The paths of all commands that can be called."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from paths(below, (*path, name))
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path


def test_every_command_is_tested() -> None:
    assert {*CALLS} == {*paths()}


Dropped = dict[Path, list[str]]


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> Dropped:
    """By the titles of a table: those of its dropped columns. A table can be fitted repeatedly."""
    found: Dropped = {}
    real = table.fit

    def fit(columns: Any, rows: Any, room: Any) -> Any:
        fitted = real(columns, rows, room)
        left = {*range(len(columns))} - {*fitted.places, *fitted.below}
        titles = tuple(column.title for column in columns)
        lost = {titles[n] for n in left if any(row[n] for row in rows)}
        found[titles] = sorted(lost)
        return fitted

    monkeypatch.setattr(table, "fit", fit)
    return found


@pytest.fixture
def shown(
    cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Callable[[Path, int | None], str]:
    """``shown(("sla",), 60)``: both streams of a command, as a terminal of this width has them."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)

    def run(arguments: Path, width: int | None) -> str:
        with monkeypatch.context() as patch:
            if width:
                patch.setenv("COLUMNS", str(width))
                patch.setattr(terminal, "columns", lambda *_, **__: width)
            done = cli(*arguments)
        return str(done.out + done.err)

    return run


def too_long(text: str, width: int) -> list[str]:
    return [
        line
        for line in text.splitlines()
        if terminal.width(line) > width
        and " " in line.strip()
        and not COPIED.match(line)
        and not re.search(r" {2}\S*/\S*$", line)  # a path beside a label
    ]


def long_prose(text: str) -> list[str]:
    """Lines of more than 100 cells that are no rows of a table."""
    return [line for line in too_long(text, PARAGRAPH) if len(re.findall(r"\S {2,}\S", line)) < 2]


def broken(text: str, whole: str) -> list[str]:
    """Ends of lines that part a number from its noun, or a word."""
    lines, found = text.splitlines(), []
    for line, following in itertools.pairwise(lines):
        if not line.strip() or not following.strip():
            continue
        last, first = line.split()[-1], following.split()[0]
        parted = re.fullmatch(r"\(?\d[\d,.]*", last) and re.match("[a-z%]", first)
        if (parted and f"{last} {first}" in whole) or (last[-1] == "-" and last + first in whole):
            found.append(f"{last} | {first}")
    return found


def assert_fits(run: Callable[[Path, int | None], str], arguments: Path, lost: Dropped) -> None:
    whole = run(arguments, None)
    assert whole
    assert not any(lost.values())
    for width in WIDTHS:
        text = run(arguments, width)
        assert too_long(text, width) == []
        assert broken(text, whole) == []
        notes = " ".join(re.findall(r"Not shown, too wide: ([^.]*)\.", " ".join(text.split())))
        assert [title for one in lost.values() for title in one if title not in notes] == []
        if width == max(WIDTHS):
            assert long_prose(text) == []


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    "arguments",
    [(*path, *rest) for path, calls in CALLS.items() for rest in calls],
    ids=" ".join,
)
def test_an_answer_fits_the_terminal(
    shown: Callable[[Path, int | None], str], dropped: Dropped, arguments: Path
) -> None:
    assert_fits(shown, arguments, dropped)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("path", [*CALLS, ()], ids=" ".join)
def test_help_and_errors_of_each_command_fit_the_terminal(
    shown: Callable[[Path, int | None], str], dropped: Dropped, path: Path
) -> None:
    assert_fits(shown, (*path, "--help"), dropped)
    assert_fits(shown, (*path, "--no-such-option"), dropped)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("it is past its SLA by 42 d overdue", ["it is past its SLA by", "42 d overdue"]),
        ("in KEV, and it is 377 days late", ["in KEV, and it is", "377 days late"]),
        ("exploited, with an EPSS 0.65 too", ["exploited, with an", "EPSS 0.65 too"]),
        ("the account is account 111122223333", ["the account is", "account 111122223333"]),
        ("it is found in xx-xx-eu-west-1", ["it is found in", "xx-xx-eu-west-1"]),
        ("漢字漢字漢字 漢字漢字漢字", ["漢字漢字漢字", "漢字漢字漢字"]),
    ],
)
def test_no_number_is_parted_from_its_noun(text: str, lines: list[str]) -> None:
    assert wrapped(text, 21) == lines


def test_messages_are_wrapped_in_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(["word"] * 20)
    messages.tell(text)
    assert capsys.readouterr().err == f"sre-cli: {text}\n"
    monkeypatch.setattr(terminal, "columns", lambda _: 40)
    messages.tell(text)
    assert max(map(len, capsys.readouterr().err.splitlines())) <= 40
