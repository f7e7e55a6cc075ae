"""One contract for every table: SQLite and DynamoDB behave alike."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.dynamodb import create_table

from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.store.records.dynamodb import DynamoTable
from sre_findings.store.records.table import (
    LAST,
    PARTITION_BYTES,
    SORT_BYTES,
    Row,
    SqliteTable,
    Table,
)
from sre_findings.store.urls import open_table


@pytest.fixture(params=["sqlite", "dynamodb"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    """Every kind of table, opened as from SRE_TABLE."""
    if request.param == "sqlite":
        return open_table(f"sqlite:///{tmp_path / 'deep' / 'table.db'}")
    request.getfixturevalue("aws")
    create_table("rows")
    return open_table("dynamodb://rows")


def row(sort: str, partition: str = "p", expires: int | None = None, **values: Any) -> Row:
    return Row(partition, sort, values, expires)


def sorts(rows: Any) -> list[str]:
    return [one.sort for one in rows]


def test_a_table_that_nobody_wrote_to_is_empty(table: Table) -> None:
    assert list(table.query("p")) == []
    assert list(table.query("p", newest=1)) == []


def test_a_row_comes_back_whole(table: Table) -> None:
    values = {
        "n": 2**53,
        "f": 0.1,
        "text": "ö\U0001f600\n\x00",
        "none": None,
        "list": [1, [True]],
        "map": {"a": {"b": ""}},
    }
    rows = [
        Row("p", "a", values, 1_800_000_000),
        Row("p", "b", {}, None),
        Row("p", "c", {"x": 1}, 0),
    ]
    table.put(rows)
    assert list(table.query("p")) == rows


def test_putting_again_overwrites_the_whole_row(table: Table) -> None:
    table.put([row("a", expires=5, old=1)])
    table.put([row("a", new=2)])
    assert list(table.query("p")) == [row("a", new=2)]


def test_of_two_rows_with_one_key_in_one_put_the_last_stays(table: Table) -> None:
    table.put([row("a", n=1), row("b", n=2), row("a", n=3)])
    assert list(table.query("p")) == [row("a", n=3), row("b", n=2)]


def test_putting_nothing_is_nothing(table: Table) -> None:
    table.put([])
    table.put(iter(()))
    assert list(table.query("p")) == []


def test_what_is_removed_is_gone_and_what_is_not_there_may_be_removed(table: Table) -> None:
    table.remove("p", "a")
    table.put([row("a"), row("b"), row("a", "q")])
    table.remove("p", "a")
    table.remove("p", "a")
    assert list(table.query("p")) == [row("b")]
    assert list(table.query("q")) == [row("a", "q")]
    assert table.create(row("a"))


def test_partitions_do_not_see_each_other(table: Table) -> None:
    table.put([row("a", "p"), row("a", "p#"), row("a", "P"), row("b", "q")])
    assert [one.partition for one in table.query("p")] == ["p"]
    assert list(table.query("p##")) == []


KEYS = [
    "\x01",
    "\x1e",
    "\x1f1",
    " ",
    "!",
    "A",
    "Z",
    "a",
    "a\x1f1",
    "a b",
    "aa",
    "é",
    "\u0561",
    "\uffee",
    "\U0001f600",
    "\U0010fffe",
]


def test_rows_come_in_the_order_of_their_keys_bytes_control_characters_first(table: Table) -> None:
    table.put(row(key) for key in reversed(KEYS))
    assert sorts(table.query("p")) == sorted(KEYS, key=str.encode) == KEYS
    assert sorts(table.query("p", "", LAST, newest=100)) == KEYS[::-1]


def test_a_range_includes_both_its_ends(table: Table) -> None:
    table.put(row(key) for key in ("a", "b", "c", "d"))
    assert sorts(table.query("p", "b", "c")) == ["b", "c"]
    assert sorts(table.query("p", "b")) == ["b", "c", "d"]
    assert sorts(table.query("p", "", "b")) == ["a", "b"]
    assert sorts(table.query("p", "b", "b")) == ["b"]
    assert sorts(table.query("p", "bb", "bc")) == []
    assert sorts(table.query("p", "c", "b")) == [], (
        "a range that ends before it begins holds nothing"
    )
    assert sorts(table.query("p", "e", LAST)) == []


def test_newest_takes_from_the_end_last_first_and_no_more(table: Table) -> None:
    table.put(row(key) for key in ("a", "b", "c", "d"))
    assert sorts(table.query("p", newest=1)) == ["d"]
    assert sorts(table.query("p", "a", "c", newest=2)) == ["c", "b"]
    assert sorts(table.query("p", newest=9)) == ["d", "c", "b", "a"]
    assert sorts(table.query("p", newest=0)) == []


def test_many_ranges_are_as_many_queries_in_their_order(table: Table) -> None:
    ranges = [("a", "b"), ("c", "b"), ("", LAST), ("b", "d"), ("x", LAST)] * 20
    assert list(table.query_each("p", ranges)) == [[] for _ in ranges], "nobody wrote to it"
    table.put(row(key) for key in ("a", "b", "c", "d"))
    for newest in (None, 0, 1, 3):
        each = [list(table.query("p", *some, newest=newest)) for some in ranges]
        assert list(table.query_each("p", ranges, newest=newest)) == each
    assert list(table.query_each("p", [])) == []
    assert list(table.query_each("other", ranges[:2])) == [[], []]


def test_dynamodb_is_asked_for_many_ranges_at_once_and_for_no_more_than_it_bears() -> None:
    together, threads = threading.Barrier(32), set[int]()

    class Slow:
        def query(self, **_: Any) -> Any:
            threads.add(threading.get_ident())
            together.wait(60)  # passes only if thirty-two threads query at once
            return {"Items": []}

    table: Any = DynamoTable("rows", Slow())  # type: ignore[arg-type]  # a partial fake
    assert list(table.query_each("p", [(str(number), LAST) for number in range(64)])) == [[]] * 64
    assert len(threads) == 32


def test_a_range_that_cannot_be_read_is_an_error_and_no_empty_list() -> None:
    class Broken:
        def query(self, **_: Any) -> Any:
            raise botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    table = DynamoTable("rows", Broken())  # type: ignore[arg-type]  # see above
    for ranges in ([("a", LAST)], [("a", LAST)] * 3):
        with pytest.raises(StoreUnreadable):
            list(table.query_each("p", ranges))


def test_sqlite_is_opened_once_for_many_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, opened, as_it_is = SqliteTable(tmp_path / "t"), list[str](), sqlite3.connect
    table.put([row("a")])

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        opened.append(str(arguments[0]))
        connection: sqlite3.Connection = as_it_is(*arguments, **named)
        return connection

    monkeypatch.setattr("sqlite3.connect", connect)
    assert len(list(table.query_each("p", [("", LAST)] * 300))) == 300
    assert len(opened) == 1


def test_create_writes_once_and_never_over(table: Table) -> None:
    assert table.create(row("a", n=1))
    assert not table.create(row("a", n=2))
    assert not table.create(row("a", n=1)), "not even the same row"
    assert table.create(row("b", n=3))
    assert table.create(row("a", "other", n=4))
    assert list(table.query("p")) == [row("a", n=1), row("b", n=3)]


def test_create_does_not_replace_what_was_put_nor_the_reverse_hold(table: Table) -> None:
    table.put([row("a", n=1)])
    assert not table.create(row("a", n=2))
    table.put([row("a", n=3)])
    assert list(table.query("p")) == [row("a", n=3)]


def test_of_eight_threads_that_create_at_once_exactly_one_wins(table: Table, race: Any) -> None:
    for attempt in range(5):
        won = race(8, lambda number, key=str(attempt): table.create(row(key, n=number)))
        assert won.count(True) == 1
        (kept,) = table.query("p", str(attempt), str(attempt))
        assert kept.values == {"n": won.index(True)}


def test_a_row_is_replaced_only_if_its_values_are_as_expected(table: Table) -> None:
    first, second = row("a", expires=5, n=1, text="ö\U0001f600"), row("a", expires=6, n=2)
    assert not table.replace(first, second), "there is no row"
    table.put([first, row("b", n=1)])
    assert table.replace(first, second)
    assert not table.replace(first, row("a", n=3)), "it has changed"
    assert list(table.query("p")) == [second, row("b", n=1)]


def test_of_eight_threads_that_replace_at_once_exactly_one_wins(table: Table, race: Any) -> None:
    for attempt in range(5):
        old = row(str(attempt), n=-1)
        table.put([old])
        won = race(8, lambda number, old=old: table.replace(old, row(old.sort, n=number)))
        assert won.count(True) == 1
        (kept,) = table.query("p", old.sort, old.sort)
        assert kept.values == {"n": won.index(True)}


def test_more_than_a_megabyte_comes_whole_and_in_order(table: Table) -> None:
    rows = [row(f"{number:03d}", text="x" * 30_000) for number in range(75)]
    table.put(rows)
    assert list(table.query("p")) == rows
    assert sorts(table.query("p", newest=70)) == sorts(rows)[:4:-1]


def test_a_reader_may_write_while_it_reads(table: Table) -> None:
    table.put(row(str(number)) for number in range(5))
    for one in table.query("p"):
        table.put([row(one.sort, "copied")])
    assert len(list(table.query("copied"))) == 5


def test_keys_as_long_as_every_table_takes_are_taken(table: Table) -> None:
    longest = Row("ö" * (PARTITION_BYTES // 2), "\U0001f600" * (SORT_BYTES // 4), {"n": 1})
    table.put([longest])
    assert list(table.query(longest.partition, longest.sort, longest.sort)) == [longest]


@pytest.mark.parametrize(
    ("partition", "sort", "told"),
    [
        ("", "a", "a partition key has 1 to 2048 bytes"),
        ("x" * 2049, "a", "a partition key has 1 to 2048 bytes"),
        ("p", "", "a sort key has 1 to 1024 bytes"),
        ("p", "ö" * 512 + "x", "a sort key has 1 to 1024 bytes"),
    ],
)
def test_keys_that_one_table_would_refuse_are_refused_by_all(
    partition: str, sort: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        Row(partition, sort, {})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
ROWS = st.lists(st.tuples(st.sampled_from(["p", "q"]), TEXTS, st.integers(0, 9)), max_size=12)


@settings(
    max_examples=settings().max_examples * 15 // 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ROWS, TEXTS | st.just(""), TEXTS | st.just(LAST), st.none() | st.integers(0, 5))
def test_any_rows_in_any_range_are_those_of_a_plain_dictionary(
    table: Table, rows: list[tuple[str, str, int]], first: str, last: str, newest: int | None
) -> None:
    prefix = os.urandom(4).hex()
    table.put(Row(prefix + partition, sort, {"n": n}) for partition, sort, n in rows)
    model = {(partition, sort): n for partition, sort, n in rows}
    inside = sorted(
        ((sort, n) for (partition, sort), n in model.items() if partition == "p"),
        key=lambda pair: pair[0].encode(),
    )
    inside = [pair for pair in inside if first.encode() <= pair[0].encode() <= last.encode()]
    wanted: Sequence[tuple[str, int]] = inside if newest is None else inside[::-1][:newest]
    assert [
        (one.sort, one.values["n"]) for one in table.query(f"{prefix}p", first, last, newest=newest)
    ] == list(wanted)


@pytest.mark.parametrize(
    "url",
    ["", "sqlite://", "sqlite:///", "sqlite:table.db", "dynamodb://", "postgres://x", "/a/file.db"],
)
def test_what_is_no_table_is_a_usage_error(url: str) -> None:
    with pytest.raises(
        UsageError, match=r"is not a table. Use sqlite:////absolute/file.db or dynamodb://table."
    ):
        open_table(url)


def test_a_relative_sqlite_url_is_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_table("sqlite:///here/t#?%20.db").put([row("a")])
    assert (tmp_path / "here" / "t#?%20.db").is_file()
    assert sorts(open_table(f"sqlite:///{tmp_path}/here/t#?%20.db").query("p")) == ["a"]


CREATE = """
from sre_findings.store.records.table import Row, SqliteTable
table = SqliteTable(Path(argv[1]))
print([n for n in range(20) if table.create(Row("p", f"{n:02d}", {"by": argv[2]}))])
"""


def test_of_several_processes_that_create_at_once_exactly_one_wins(
    tmp_path: Path, processes: Any
) -> None:
    path = tmp_path / "new" / "table.db"
    won = [
        json.loads(said)
        for said in processes(CREATE, [[str(path), str(number)] for number in range(4)])
    ]
    found = list(SqliteTable(path).query("p"))
    assert len(found) == 20
    for n, one in enumerate(found):
        assert [str(number) for number, results in enumerate(won) if n in results] == [
            one.values["by"]
        ]


LIMITED = """
import resource, signal
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.records.table import Row, SqliteTable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
table = SqliteTable(Path(argv[1]))
table.put([Row("p", "old", {})])
usual = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, usual[1]))
try:
    table.put(Row("p", f"{n}", {"text": "x" * 1000}) for n in range(1000))
except StoreUnreadable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, usual)
print([row.sort for row in table.query("p")])
"""


def test_a_disk_that_takes_no_more_is_told_and_what_was_there_stays(
    tmp_path: Path, processes: Any
) -> None:
    (said,) = processes(LIMITED, [[str(tmp_path / "table.db")]])
    told, left = said.splitlines()
    assert told.startswith(f"cannot use the table {tmp_path}/table.db: ")
    assert told.endswith(SQLITE_ADVICE)
    assert left == "['old']"


def test_a_put_that_fails_in_the_middle_leaves_nothing_in_sqlite(tmp_path: Path) -> None:
    table = SqliteTable(tmp_path / "table.db")
    table.put([row("old")])
    with pytest.raises(ValueError, match="a sort key"):
        table.put(row(key) for key in ("a", "b", ""))
    assert sorts(table.query("p")) == ["old"]


def test_reading_makes_no_file(tmp_path: Path) -> None:
    assert list(SqliteTable(tmp_path / "not" / "there.db").query("p")) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_is_just_making_is_empty_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "table.db").touch()
    assert list(SqliteTable(tmp_path / "table.db").query("p")) == []


def unreadable(table: Table, told: str, do: str) -> None:
    ways = (
        lambda: table.put([row("a")]),
        lambda: table.create(row("a")),
        lambda: list(table.query("p")),
    )
    for way in (*ways, lambda: table.remove("p", "a")):
        with pytest.raises(StoreUnreadable, match=told) as raised:
            way()
        assert do in str(raised.value)
        assert "\n" not in str(raised.value)


SQLITE_ADVICE = "Check SRE_TABLE, the disk and the file's permissions."


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "table.db").write_bytes(b"not a database" * 1000)
    unreadable(
        SqliteTable(tmp_path / "table.db"), "table.db: file is not a database", SQLITE_ADVICE
    )


def test_a_database_with_a_damaged_page_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table.db"
    SqliteTable(path).put(row(f"{n:04d}", text="x" * 500) for n in range(200))
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    unreadable(SqliteTable(path), "malformed", SQLITE_ADVICE)


def test_a_database_of_somebody_else_is_told(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "table.db") as connection:
        connection.execute("create table rows (id integer)")
    connection.close()
    unreadable(
        SqliteTable(tmp_path / "table.db"),
        "table.db: (no such column|table rows has)",
        SQLITE_ADVICE,
    )


def test_a_table_below_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    unreadable(SqliteTable(tmp_path / "file" / "table.db"), "cannot use the table", SQLITE_ADVICE)


def test_a_table_that_is_a_folder_is_told(tmp_path: Path) -> None:
    unreadable(SqliteTable(tmp_path), "cannot use the table", SQLITE_ADVICE)


def test_a_table_that_may_not_be_looked_at_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteTable(tmp_path / "table.db").put([row("a")])

    def denied(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    for name in ("stat", "mkdir"):
        monkeypatch.setattr(Path, name, denied)
    unreadable(SqliteTable(tmp_path / "table.db"), "Permission denied", SQLITE_ADVICE)


DYNAMO_ADVICE = "Check SRE_TABLE, the role's permissions and your credentials."


def test_a_table_that_does_not_exist_is_told(aws: str) -> None:
    unreadable(
        open_table("dynamodb://nowhere"),
        "cannot .* the table nowhere: .*ResourceNotFoundException",
        DYNAMO_ADVICE,
    )


def test_a_table_that_denies_is_told(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", http.url)
    body = (
        b'{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized\\nto'
        b' perform"}'
    )
    http.reply(reply(400, body, {"Content-Type": "application/x-amz-json-1.0"}))
    line = '"Resource": "arn:aws:dynamodb:*:*:table/rows"'
    unreadable(
        open_table("dynamodb://rows"), "cannot .* the table rows: .*AccessDeniedException", line
    )


def test_a_table_that_cannot_be_reached_is_told(
    refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", refused)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    unreadable(open_table("dynamodb://rows"), "Could not connect", DYNAMO_ADVICE)


def test_no_region_is_told_as_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(
        StoreUnreadable, match="cannot reach the table rows: You must specify a region"
    ):
        open_table("dynamodb://rows")


def test_a_row_whose_answer_was_lost_on_the_way_is_ours_and_not_anothers(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import botocore.exceptions

    create_table("rows")
    table = open_table("dynamodb://rows")
    assert isinstance(table, DynamoTable)
    session = table._table.meta.client._endpoint.http_session  # type: ignore[attr-defined]  # botocore's internals are untyped
    send, sent = session.send, list[str]()

    def lose_the_first_answer(request: Any) -> Any:
        answer = send(request)
        sent.append(request.headers["X-Amz-Target"].decode().rpartition(".")[2])
        if len(sent) == 1:
            raise botocore.exceptions.ConnectionClosedError(endpoint_url=request.url)
        return answer

    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr(session, "send", lose_the_first_answer)
    assert table.create(row("lease", holder="we"))
    assert sent == ["PutItem", "PutItem", "Query"]
    sent.clear()
    assert not table.create(row("lease", holder="they"))
    assert list(table.query("p")) == [row("lease", holder="we")]


def test_what_dynamodb_leaves_unprocessed_is_written_in_the_end(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_table("rows")
    table = open_table("dynamodb://rows")
    assert isinstance(table, DynamoTable)
    client, first = table._table.meta.client, [True]
    write = client.batch_write_item

    def half(**query: Any) -> Any:
        items = query["RequestItems"]["rows"]
        if not first.pop() if first else True:
            return write(**query)
        write(RequestItems={"rows": items[:1]})
        return {"UnprocessedItems": {"rows": items[1:]}}

    monkeypatch.setattr(client, "batch_write_item", half)
    table.put(row(str(number)) for number in range(5))
    assert sorts(table.query("p")) == list("01234")
