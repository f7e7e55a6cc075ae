"""The client sends one POST per page, and reports every failure of the server in one line."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_findings.client import connection
from sre_findings.client.connection import ERROR, LIST, Remote
from sre_findings.client.downloads import server_file
from sre_findings.client.service import RemoteService
from sre_findings.model import errors
from sre_findings.model.answers.list_types import keys_of
from sre_findings.model.errors import (
    AccessDenied,
    AmbiguousName,
    CredentialsInvalid,
    SreError,
    Throttled,
    Unreachable,
    UsageError,
    kind_of,
    of_kind,
)
from sre_findings.questions.catalogue import Changes, ExportFile, Exposure, Filters, Vulnerabilities

FACTS: dict[str, Any] = dict.fromkeys(keys_of("changes").facts)
TOKEN = "sre_not-a-real-one"
PROOF: dict[str, Any] = {
    "source": "snapshot",
    "snapshot_id": "S",
    "as_of": None,
    "age_seconds": None,
    "too_old": False,
    "certificate": None,
    "unread": [],
}


def body(values: Any, meta: Any = None, **more: Any) -> bytes:
    """A tool's result in the protocol's format."""
    result = {"content": [], "structuredContent": values, "_meta": meta or {}, **more}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def listed(items: list[int], total: int, cursor: str | None) -> dict[str, Any]:
    page = {"start": 0, "listed": len(items), "total": total, "next_cursor": cursor}
    return {
        "headline": "h",
        "notes": [],
        "known": True,
        **FACTS,
        **PROOF,
        "events": [dict.fromkeys(keys_of("changes").item, item) for item in items],
        "total_events": total,
        "page": page,
    }


TOLD = {LIST: {"name": "events", "fields": ["n"], "shown": [["n", "N", "number"]]}}


def test_a_call_is_one_post_with_the_token(http: Any, reply: Any) -> None:
    http.reply(reply(body=body({"a": 1}, {"b": 2})))
    page = Remote(f"{http.url}/mcp", TOKEN).call("summarize", {"by": "owner"})
    assert (page.values, page.meta, page.next_cursor) == ({"a": 1}, {"b": 2}, None)
    (asked,) = http.requests
    assert (asked.path, asked.headers["authorization"]) == ("/mcp", f"Bearer {TOKEN}")
    assert asked.json["params"] == {"name": "summarize", "arguments": {"by": "owner"}}
    http.reply(reply(body=body({})))
    Remote(http.url).call("summarize", {})
    assert (http.requests[0].path, "authorization" in http.requests[0].headers) == ("/mcp", False)


def test_the_pages_of_a_list_become_one_answer(http: Any, reply: Any) -> None:
    http.reply(
        reply(body=body(listed([1, 2], 5, "c1"), TOLD)),
        reply(body=body(listed([3], 5, "c2"), TOLD)),
        reply(body=body(listed([4, 5], 5, None), TOLD)),
    )
    answer = RemoteService(Remote(http.url)).ask(Changes(count=0, filters=Filters(owners=("web",))))
    arns: list[Any] = [one["finding_arn"] for one in answer.items]
    assert arns == [1, 2, 3, 4, 5]
    assert (answer.total, answer.facts) == (5, FACTS)
    assert [one.json["params"]["arguments"].get("cursor") for one in http.requests] == [
        None,
        "c1",
        "c2",
    ]
    asked = http.requests[0].json["params"]["arguments"]
    assert asked == {"owners": ["web"], "count": 0, "token_budget": connection.BUDGET}, (
        "what is not asked for is not sent"
    )


def test_a_cursor_leaves_out_what_was_listed_and_is_good_for_its_snapshot_only(
    http: Any, reply: Any
) -> None:
    texts = (
        "finding_arn",
        "severity",
        "status",
        "type",
        "resource_id",
        "resource_type",
        "resource_name",
        "account_id",
        "region",
    )
    nothing = (
        "vulnerability_id",
        "title",
        "fix_available",
        "exploit_available",
        "epss_score",
        "inspector_score",
    )
    times = dict.fromkeys(("first_observed_at", "last_observed_at"), "2026-11-22T01:00:00Z")
    finding: dict[str, Any] = {
        **dict.fromkeys(texts, "x"),
        **dict.fromkeys(nothing),
        **times,
        "packages": [],
    }
    words = (
        "resource_id",
        "resource_type",
        "name",
        "account_id",
        "account_name",
        "region",
        "verdict",
        "reason",
        "explanation",
    )
    numbers = ("suppressed", "fixable", "exploitable", "kev", "kev_unchecked")
    about: dict[str, Any] = {
        **dict.fromkeys(words, "x"),
        **dict.fromkeys(numbers, 0),
        "counts": {},
        "accepted": None,
        "live_error": None,
        **PROOF,
        "in_use": None,
        "exposed": None,
        "overdue": None,
        "notes": [],
        "doubt": None,
        "coverage": [],
        "incomplete": False,
        "filters": {},
        "context": None,
        "next_cursor": "opaque",
    }
    values = {
        **about,
        "findings": [finding | {"finding_arn": str(n)} for n in range(5)],
        "total_findings": 9,
    }
    http.reply(reply(body=body(values)))
    answer = RemoteService(Remote(http.url)).ask(Vulnerabilities("i-1", count=3, cursor="S.2"))
    assert [one.finding_arn for one in answer.findings] == ["2", "3", "4"]
    assert answer.next_cursor == "S.5"
    assert http.requests[0].json["params"]["arguments"]["count"] == 5
    for cursor in ("T.2", "S", "S.x", "S.-1"):
        with pytest.raises(UsageError, match="this cursor belongs to another snapshot"):
            RemoteService(Remote(http.url)).ask(Vulnerabilities("i-1", cursor=cursor))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "words"),
    [
        (
            401,
            {},
            CredentialsInvalid,
            r"rejected the authentication: .* has expired\. Check SRE_TOKEN",
        ),
        (403, {}, AccessDenied, r"denied access: the token lacks the scope"),
        (429, {"Retry-After": "7"}, Throttled, r"too many requests\. Try again in 7 s"),
        (429, {"Retry-After": "Thu, 01 Jan"}, Throttled, r"Try again in a minute"),
        (
            302,
            {"Location": "http://127.0.0.1:1/"},
            Unreachable,
            r"answered 302\. Is this the assistant's server",
        ),
        (502, {}, Unreachable, r"answered 502"),
        (503, {}, Unreachable, r"answered 503"),
        (503, {"Retry-After": "10"}, Unreachable, r"unavailable\. Try again in 10 s"),
    ],
)
def test_each_way_of_saying_no_has_its_line(
    http: Any, reply: Any, status: int, headers: Any, kind: Any, words: str
) -> None:
    http.reply(reply(status, headers=headers))
    with pytest.raises(kind, match=words) as caught:
        Remote(http.url, TOKEN).call("summarize", {})
    assert TOKEN not in str(caught.value) + repr(caught.value)
    assert len(http.requests) == 1


def test_a_server_without_a_token_that_wants_one(http: Any, reply: Any) -> None:
    http.reply(reply(401))
    with pytest.raises(CredentialsInvalid, match=r"a token is required\. Check SRE_TOKEN"):
        Remote(http.url).call("summarize", {})


def test_a_server_that_is_silent_is_not_waited_for_for_ever(http: Any, reply: Any) -> None:
    end = threading.Event()
    http.reply(reply(after=end))
    try:
        with pytest.raises(Unreachable, match=r"did not answer within 0.2 s\. Try again"):
            Remote(http.url, timeout=0.2).call("summarize", {})
    finally:
        end.set()


def test_a_server_that_is_not_there(http: Any, reply: Any, refused: str) -> None:
    with pytest.raises(Unreachable, match=r"cannot be reached: .*refused.*Is it running"):
        Remote(refused).call("summarize", {})
    http.reply(reply(reset=True))
    with pytest.raises(Unreachable, match="cannot be reached"):
        Remote(http.url).call("summarize", {})
    http.reply(reply(body=b"x" * 100, cut=10))
    with pytest.raises(Unreachable, match="sent a response that"):
        Remote(http.url).call("summarize", {})


@pytest.mark.parametrize("said", [b"", b"<html>", b"[]", b"{}", b"null", b"\xff"])
def test_what_no_mcp_server_says(http: Any, reply: Any, said: bytes) -> None:
    http.reply(reply(body=said))
    with pytest.raises(Unreachable, match="sent a response that this version does not understand"):
        Remote(http.url).call("summarize", {})


def test_a_body_without_end_is_not_read_to_it(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LARGEST", 1 << 20)
    http.reply(reply(body=b" " * ((1 << 20) + 1)))
    with pytest.raises(Unreachable, match="sent more than 1 MB"):
        Remote(http.url).call("summarize", {})


def test_a_protocols_error_is_told(http: Any, reply: Any) -> None:
    http.reply(
        reply(body=json.dumps({"error": {"code": -32601, "message": "Method\nnot found"}}).encode())
    )
    with pytest.raises(Unreachable, match="refused the call: Method not found"):
        Remote(http.url).call("summarize", {})


KINDS = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, SreError)
]


@pytest.mark.parametrize(
    "kind",
    [
        one
        for one in KINDS
        # A server has no scans, and sends "no snapshot" as an error of usage.
        if one not in (errors.Interrupted, errors.CommitLost, errors.NoSnapshot)
    ],
)
def test_an_error_of_the_question_is_the_same_error_here(
    http: Any, reply: Any, kind: type[SreError]
) -> None:
    met = kind("what", why="why", do="Do this.")
    parts = {"kind": kind_of(met), "what": met.what, "why": met.why, "do": met.do}
    http.reply(reply(body=body(None, {ERROR: parts}, isError=True)))
    with pytest.raises(SreError) as caught:
        Remote(http.url).call("summarize", {})
    same = AccessDenied if kind is errors.Forbidden else kind  # the server denied
    assert (type(caught.value), str(caught.value)) == (same, str(met))


def test_a_name_of_several_and_errors_that_nobody_knows_keep_their_words(
    http: Any, reply: Any
) -> None:
    two = AmbiguousName.of("web", ["i-1", "i-2"])
    again = of_kind(kind_of(two), two.what, two.why, two.do)
    assert (type(again), str(again)) == (AmbiguousName, str(two))
    text = [{"type": "text", "text": "a later\nversion's error"}]
    http.reply(reply(body=body(None, {ERROR: {"kind": "weather"}}, isError=True, content=text)))
    with pytest.raises(SreError, match="a later version's error"):
        Remote(http.url).call("summarize", {})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://me:pw@example.com/mcp",
        "http://[",
        "http://h:x/",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError):
        Remote(url, TOKEN)


@pytest.mark.parametrize(
    "url", ["http://example.com/mcp", "http://10.0.0.1", "http://localhost.example.com"]
)
def test_nothing_goes_over_the_network_in_the_clear(url: str) -> None:
    with pytest.raises(
        UsageError,
        match=r"does not use TLS: findings and tokens would be sent unencrypted",
    ):
        Remote(url, TOKEN)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects that resemble an answer."""
    names = (
        "result",
        "error",
        "structuredContent",
        "isError",
        "_meta",
        "content",
        "page",
        "next_cursor",
        ERROR,
        LIST,
    )
    return st.dictionaries(st.sampled_from(names), inner)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples * 50 // 100,
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | objects(inner),
    )
)
def test_whatever_a_server_says_is_an_answer_or_an_error_of_ours(
    http: Any, reply: Any, said: Any
) -> None:
    http.reply(reply(body=json.dumps(said).encode()))
    try:
        page = RemoteService(Remote(http.url)).ask(Exposure("openssl"))
    except SreError:
        return
    pytest.fail(f"{page} from {said}")


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces) + (
        b"0\r\n\r\n" if end else b""
    )


def test_a_file_is_one_get_beside_the_servers_path_with_the_token(http: Any, reply: Any) -> None:
    for path, beside in (("/mcp", ""), ("", ""), ("/sre/mcp", "/sre"), ("/mcp/", "")):
        http.reply(reply(body=b"a" * 200_000))
        with Remote(f"{http.url}{path}", TOKEN).fetch("/exports/x") as pieces:
            assert b"".join(pieces) == b"a" * 200_000
        assert (http.requests[0].path, http.requests[0].headers["authorization"]) == (
            f"{beside}/exports/x",
            f"Bearer {TOKEN}",
        )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, CredentialsInvalid),
        (403, AccessDenied),
        (404, Unreachable),
        (429, Throttled),
        (500, Unreachable),
    ],
)
def test_a_file_that_is_refused_is_one_line(
    http: Any, reply: Any, status: int, kind: type[SreError]
) -> None:
    http.reply(reply(status=status))
    with pytest.raises(kind), Remote(http.url, TOKEN).fetch("/exports/x") as pieces:
        list(pieces)


def test_a_file_that_the_question_does_not_allow_is_the_questions_own_error(
    http: Any, reply: Any
) -> None:
    parts = {"kind": "usage", "what": "no", "why": "because", "do": "Do this."}
    http.reply(reply(status=connection.REFUSED, body=json.dumps({ERROR: parts}).encode()))
    with (
        pytest.raises(UsageError, match=r"no: because\. Do this\."),
        Remote(http.url).fetch("/exports/x"),
    ):
        pass
    http.reply(reply(status=connection.REFUSED, body=b"<html>"))
    with (
        pytest.raises(Unreachable, match="sent a response that this version"),
        Remote(http.url).fetch("/exports/x"),
    ):
        pass


def test_a_file_that_breaks_off_is_never_taken_for_a_whole_one(http: Any, reply: Any) -> None:
    http.reply(reply(body=b"a" * 1000, cut=500))
    with (
        pytest.raises(Unreachable, match="closed the connection in the middle"),
        Remote(http.url).fetch("/exports/x") as pieces,
    ):
        list(pieces)


@pytest.mark.parametrize("end", [True, False])
def test_a_stream_that_breaks_off_is_never_taken_for_a_whole_one(answering: Any, end: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = answering(head + chunked(b"abc", b"def", end=end))
    with Remote(url).fetch("/exports/x") as pieces:
        if end:
            assert b"".join(pieces) == b"abcdef"
        else:
            with pytest.raises(Unreachable, match="closed the connection in the middle"):
                list(pieces)


def test_a_file_whose_end_nobody_tells_is_refused(answering: Any) -> None:
    url = answering(b"HTTP/1.0 200 OK\r\n\r\nabc")
    with (
        pytest.raises(Unreachable, match="sent a file without its length"),
        Remote(url).fetch("/exports/x"),
    ):
        pass


@pytest.mark.parametrize("reference", ["x", None, "../" * 15, ["a"], "A" * 43 + "?"])
def test_what_is_no_reference_is_never_asked_for(http: Any, reply: Any, reference: Any) -> None:
    http.reply(
        reply(
            body=body(
                {"findings": [], "total_findings": 1, **PROOF, "file": {"reference": reference}}
            )
        )
    )
    with pytest.raises(Unreachable, match="sent a response that this version"):
        server_file(ExportFile(), Remote(http.url))
    assert len(http.requests) == 1


@pytest.fixture
def answering() -> Iterator[Any]:
    """``answering(bytes)``: an address that sends these bytes to each client and disconnects."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(said[0])

        def say(text: bytes) -> str:
            said.append(text)
            thread.start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        thread = threading.Thread(target=serve)
        yield say
        thread.join()
