"""The HTTP connection to a server: one POST per page.

It uses only the standard library, because the command line and the Lambda function load it at
startup. The protocol is the sessionless form of MCP (https://modelcontextprotocol.io). A token is
sent only over TLS or to the loopback interface, and redirects are not followed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    SreError,
    Throttled,
    Unreachable,
    UsageError,
    of_kind,
)

TIMEOUT = 60.0  # seconds: longer than the server's own limit
BUDGET = 50_000  # tokens per page: the server's maximum
LARGEST = 16 * 1024 * 1024  # maximum bytes of one page
PIECE = 64 * 1024  # bytes of a file read at once
PATH = "/mcp"  # the default path
REFUSED = 422  # the query of a file failed; the body contains the error under ERROR
ERROR = "sre-operations-assistant/error"  # in an error's _meta
LIST = "sre-operations-assistant/list"  # in a list's _meta: data that its JSON does not contain
PERSON = "sre-operations-assistant/person"  # in a request's _meta: the user that the token acts for
_CHECK = "Check SRE_SERVER."
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the values that the command line prints, and the result's metadata."""

    values: dict[str, Any]
    meta: Mapping[str, Any]

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page, or None after the last page."""
        cursor: str | None = self.values.get("page", {}).get("next_cursor")
        return cursor


class Remote:
    """One server.

    ``asking`` identifies the user for a token that acts for users: see sre_mcp.auth.person.
    Raises UsageError for an address to which no token may be sent.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        timeout: float = TIMEOUT,
        asking: Mapping[str, Any] | None = None,
    ) -> None:
        self._place, self._token, self._timeout = _checked(url), token, timeout
        self._meta = {"_meta": {PERSON: dict(asking)}} if asking else {}
        self._name = f"{self._place.scheme}://{self._place.netloc}"

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Page:
        """Calls a tool and returns a page of its result.

        Raises the same errors as a local query, and Unreadable if the server cannot be
        queried.
        """
        params = {"name": tool, "arguments": dict(arguments), **self._meta}
        body = self._post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        with self.understood():
            answer = json.loads(body)
            if "error" in answer:
                raise Unreachable(
                    f"{self._name} refused the call",
                    why=_line(answer["error"]["message"]),
                    do=_CHECK,
                )
            result = answer["result"]
            if result.get("isError"):
                raise _error(result)
            return Page(result["structuredContent"], result.get("_meta") or {})

    @contextlib.contextmanager
    def understood(self) -> Iterator[None]:
        """Raises Unreachable for a response of an unexpected form.

        Such a response is not a bug of the client: it comes from another version or another
        server.
        """
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            what = f"{self._name} sent a response that this version does not understand"
            raise Unreachable(
                what, why=_line(error), do=f"Does it run the same version? {_CHECK}"
            ) from error

    def address(self, path: str) -> str:
        """Returns the URL of a path of the server, for display."""
        return f"{self._name}{self._beside(path)}"

    def look(self, path: str) -> tuple[int, Mapping[str, Any]]:
        """Returns the status and the JSON object of a public page, such as ``/readyz``.

        The object is empty if the response is not a JSON object. Raises Unreachable.
        """
        connection = self._connection()
        try:
            with self._reached():
                connection.request("GET", self._beside(path), headers=self._bearer())
                response = connection.getresponse()
                body = response.read(PIECE)
        finally:
            connection.close()
        try:
            values = json.loads(body)
        except (ValueError, RecursionError):
            values = None
        return response.status, values if isinstance(values, dict) else {}

    @contextlib.contextmanager
    def fetch(self, path: str) -> Iterator[Iterator[bytes]]:
        """Opens a file of the server and yields its content in pieces.

        The file may be of any length. Raises the same errors as ``call``, also if the file
        is truncated.
        """
        connection = self._connection()
        try:
            with self._reached():
                connection.request("GET", self._beside(path), headers=self._bearer())
                response = connection.getresponse()
            if response.status == http.client.NOT_FOUND:
                why = "it does not exist, or its link has expired"
                raise Unreachable(f"{self._name} has no such file", why=why, do="Request it again.")
            if response.status == REFUSED:
                raise self._error_of(response)
            self._check(response)
            if not response.chunked and response.length is None:
                what = f"{self._name} sent a file without its length"
                raise Unreachable(what, why="a proxy may change its responses", do=_CHECK)
            yield self._pieces(response)
        finally:
            connection.close()

    def _error_of(self, response: http.client.HTTPResponse) -> SreError:
        with self._reached():
            body = response.read(PIECE)
        with self.understood():
            return _of_parts(json.loads(body)[ERROR], "")

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            with self._reached():
                try:
                    piece = response.read(PIECE)
                except http.client.IncompleteRead as error:
                    raise self._broken() from error
            if not piece:
                break
            yield piece
        if response.length:  # http.client does not report a truncated body here
            raise self._broken()

    def _broken(self) -> Unreachable:
        return Unreachable(
            f"{self._name} closed the connection in the middle of the file", do="Try again."
        )

    def _beside(self, path: str) -> str:
        """Returns the path of another resource of the server, relative to its ``/mcp``."""
        return (self._place.path or PATH).rstrip("/").removesuffix(PATH) + path

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _post(self, body: Mapping[str, Any]) -> bytes:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **self._bearer(),
        }
        connection = self._connection()
        try:
            with self._reached():
                connection.request("POST", self._place.path or PATH, json.dumps(body), headers)
                response = connection.getresponse()
                answer = response.read(LARGEST + 1)
        finally:
            connection.close()
        self._check(response)
        if len(answer) > LARGEST:
            raise Unreachable(
                f"{self._name} sent more than {LARGEST >> 20} MB", do="Narrow the query."
            )
        return answer

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise Unreachable(
                f"{self._name} did not answer within {self._timeout:g} s",
                do="Try again, or narrow the query.",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise Unreachable(
                f"{self._name} cannot be reached", why=why, do=f"Is it running? {_CHECK}"
            ) from error

    def _check(self, response: http.client.HTTPResponse) -> None:
        if response.status != http.client.OK:
            raise self._refused(response.status, response.getheader("Retry-After", ""))

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._place.hostname or "", self._place.port
        if self._place.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        return http.client.HTTPSConnection(
            host, port, timeout=self._timeout, context=ssl.create_default_context()
        )

    def _refused(self, status: int, retry_after: str) -> SreError:
        """Returns the error for a response with an unexpected status."""
        if status == http.client.UNAUTHORIZED:
            why = "the token is unknown or has expired" if self._token else "a token is required"
            return CredentialsInvalid(
                f"{self._name} rejected the authentication", why=why, do="Check SRE_TOKEN."
            )
        if status == http.client.FORBIDDEN:
            return AccessDenied(
                f"{self._name} denied access",
                why="the token lacks the scope",
                do="Use a token that has it.",
            )
        when = (
            f"Try again in {retry_after} s."
            if retry_after.isdecimal()
            else "Try again in a minute."
        )
        if status == http.client.TOO_MANY_REQUESTS:
            return Throttled(f"{self._name} receives too many requests", do=when)
        if status == http.client.SERVICE_UNAVAILABLE and retry_after:
            return Unreachable(f"{self._name} is temporarily unavailable", do=when)
        return Unreachable(
            f"{self._name} answered {status}", do=f"Is this the assistant's server? {_CHECK}"
        )


def _checked(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        host, _ = place.hostname, place.port
    except ValueError as error:
        raise UsageError(f"{url!r} is not an address", why=str(error), do=_CHECK) from error
    if place.scheme not in ("http", "https") or not host or place.username is not None:
        raise UsageError(f"{url!r} is not the address of a server", do="Use https://host/mcp.")
    if place.scheme == "http" and host not in _LOOPBACK:
        why = "findings and tokens would be sent unencrypted"
        raise UsageError(
            f"{url} does not use TLS", why=why, do="Use https://, or http:// to this machine only."
        )
    return place


def _error(result: Mapping[str, Any]) -> SreError:
    """Returns the server's error as an exception of the same kind."""
    text = "".join(str(one.get("text", "")) for one in result.get("content", ()))
    return _of_parts((result.get("_meta") or {}).get(ERROR) or {}, text)


def _of_parts(parts: Mapping[str, Any], text: str) -> SreError:
    what, why, do = (_line(parts.get(name)) for name in ("what", "why", "do"))
    return of_kind(str(parts.get("kind", "")), what or _line(text), why, do)


def _line(text: object) -> str:
    """Returns at most one line of the server's text, limited to 1,000 characters."""
    return " ".join(str(text or "").split())[:1000]
