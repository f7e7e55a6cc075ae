"""Only a load balancer's signed claims give a browser user the granted access."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer

from sre_findings.model.access import Access
from sre_findings.model.errors import Unreachable, UsageError
from sre_mcp.auth.load_balancer import Keys, LoadBalancer, keys_address, open_balancer
from sre_mcp.auth.oidc import Issuer, parse

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/sre/0123456789abcdef"
KID, OTHER = "0b2a8a52-7a5e-4a0e-8a39-0a52c7a5e4a0", "1b2a8a52-7a5e-4a0e-8a39-0a52c7a5e4a1"
FILE = {
    "issuer": "https://issuer.example",
    "audience": "https://mcp.example/mcp",
    "jwks_url": "https://issuer.example/keys",
    "name_claim": "email",
    "load_balancer": ARN,
    "grants": [
        {
            "claim": "groups",
            "value": "sre",
            "scopes": ["findings:read"],
            "accounts": ["*"],
            "owners": ["payments"],
        }
    ],
}


class Region(HttpServer):
    """The public keys of a region's load balancers, in PEM format."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.private = {kid: ec.generate_private_key(ec.SECP256R1()) for kid in (KID, OTHER)}

    @property
    def paths(self) -> list[str]:
        """The paths of all requests."""
        return [request.path for request in self.requests]

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        if self.broken:
            return HttpResponse(500)
        if request.path == "/keys":
            return HttpResponse(200, b'{"keys": []}')
        key = self.private.get(request.path[1:])
        if key is None:
            return HttpResponse(404, b"no such key")
        return HttpResponse(
            200, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    def sign(
        self, signed_by: str = KID, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token of the load balancer, with padding, which the JWT standard does not allow."""
        told = {
            "alg": "ES256",
            "kid": signed_by,
            "signer": ARN,
            "iss": "https://issuer.example",
            "client": "sre",
            "exp": int(time.time()) + 120,
            **(header or {}),
        }
        body = {"sub": "1", "email": "ann@example.com", "groups": ["sre"], **claims}
        text = b".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (told, body)
        )
        signature = jwt.get_algorithm_by_name("ES256").sign(text, self.private[signed_by])
        return (text + b"." + base64.urlsafe_b64encode(signature)).decode()


@pytest.fixture
def region(running: Any) -> Iterator[Region]:
    with running(server := Region()):
        yield server


def believed(**changes: Any) -> Issuer:
    return parse(json.dumps({**FILE, **changes}))


def balancer(region: Region, **changes: Any) -> LoadBalancer:
    found = open_balancer(believed(load_balancer_keys=region.url, **changes))
    assert found
    return found


def test_a_signed_token_gets_the_access_of_the_first_grant(region: Region) -> None:
    one = balancer(region)
    proven = one.verify(region.sign())
    assert proven
    assert (proven.bearer.name, proven.subject, proven.audience) == (
        "ann@example.com",
        "1",
        "https://mcp.example/mcp",
    )
    assert proven.bearer.access == Access(frozenset({"*"}), frozenset({"payments"}))
    assert one.verify(region.sign(email="bob@example.com"))
    assert region.paths == [f"/{KID}"], "a key is fetched once"


@pytest.mark.parametrize(
    "header",
    [
        {"signer": ARN.replace("/sre/", "/another/")},
        {"signer": None},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": "soon"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"kid": OTHER},  # signed by another key
        {"kid": "../../secret"},
        {"kid": None},
    ],
)
def test_foreign_and_expired_tokens_are_rejected(region: Region, header: dict[str, Any]) -> None:
    assert balancer(region).verify(region.sign(header=header)) is None
    assert all(path in (f"/{KID}", f"/{OTHER}") for path in region.paths)


@pytest.mark.parametrize(
    "claims",
    [{"groups": ["others"]}, {"groups": None}, {"email": None}, {"email": "a\nb"}, {"sub": None}],
)
def test_a_token_without_a_grant_or_a_name_is_rejected(
    region: Region, claims: dict[str, Any]
) -> None:
    assert balancer(region).verify(region.sign(**claims)) is None


def test_a_modified_token_is_rejected(region: Region) -> None:
    header, body, signature = region.sign().split(".")
    for forged in (
        f"{header}.{base64.urlsafe_b64encode(b'{}').decode()}.{signature}",
        f"{header}.{body}.",
        f"{header}.{body}.AAAA",
    ):
        assert balancer(region).verify(forged) is None


def test_made_up_key_ids_do_not_lock_readers_out(region: Region) -> None:
    clock = [1000.0]
    keys = Keys(region.url, lambda: clock[0])
    one = LoadBalancer(believed(), keys)
    assert one.verify(region.sign())
    refused = 0
    for number in range(2000):
        made_up = f"2b2a8a52-7a5e-4a0e-8a39-{number:012x}"
        try:
            assert one.verify(region.sign(header={"kid": made_up})) is None
        except Unreachable:
            refused += 1
    assert one.verify(region.sign()), "a known key needs no request"
    assert (len(region.paths), refused) == (10, 1991)
    with pytest.raises(Unreachable, match="too many unknown keys"):
        one.verify(region.sign(signed_by=OTHER))
    clock[0] += 60
    assert one.verify(region.sign(signed_by=OTHER))


def test_a_key_that_does_not_exist_is_requested_once(region: Region) -> None:
    keys = Keys(region.url)
    for _ in range(20):
        assert keys.get("2b2a8a52-7a5e-4a0e-8a39-0a52c7a5e4a2") is None
    assert len(region.paths) == 1


def test_keys_of_other_load_balancers_do_not_replace_ours(region: Region) -> None:
    clock = [1000.0]
    one = LoadBalancer(believed(), Keys(region.url, lambda: clock[0]))
    assert one.verify(region.sign())
    others = [f"3b2a8a52-7a5e-4a0e-8a39-{number:012x}" for number in range(10)]
    region.private |= dict.fromkeys(others, region.private[OTHER])
    for other in others:
        clock[0] += 60
        assert one.verify(region.sign(header={"kid": other})) is None
    before = len(region.paths)
    assert one.verify(region.sign())
    assert len(region.paths) == before


@pytest.mark.parametrize(
    "header",
    [
        {"exp": None},
        {"exp": 1},
        {"exp": 1e999},
        {"exp": "soon"},
        {"iss": "https://evil.example"},
        {"signer": "another"},
        {"alg": "RS256"},
        {"kid": "2b2a8a52-7a5e-4a0e-8a39-0a52c7a5e4a2/../x"},
        {"kid": "-" * 36},
        {"kid": 1},
    ],
)
def test_a_token_that_cannot_be_ours_causes_no_request(
    region: Region, header: dict[str, Any]
) -> None:
    assert balancer(region).verify(region.sign(header=header)) is None
    assert region.paths == []


def test_a_token_without_expiry_is_rejected(region: Region) -> None:
    told = {"alg": "ES256", "kid": KID, "signer": ARN, "iss": "https://issuer.example"}
    token = jwt.encode(
        {"sub": "1", "email": "a", "groups": ["sre"]}, region.private[KID], "ES256", told
    )
    assert balancer(region).verify(token) is None


@given(st.text(max_size=60))
def test_arbitrary_text_is_rejected_without_an_exception(text: str) -> None:
    assert LoadBalancer(believed(), Keys("http://127.0.0.1:9")).verify(text) is None


@pytest.mark.parametrize(
    ("arn", "address"),
    [
        (ARN, "https://public-keys.auth.elb.eu-west-1.amazonaws.com"),
        (ARN.replace("arn:aws:", "arn:aws-cn:").replace("eu-west-1", "cn-north-1"), "https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn"),
        (ARN.replace("arn:aws:", "arn:aws-us-gov:").replace("eu-west-1", "us-gov-west-1"),
         "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1"),
    ],
)  # fmt: skip
def test_each_region_has_a_key_url(arn: str, address: str) -> None:
    assert keys_address(arn) == address


@pytest.mark.parametrize(
    "arn",
    ["sre", ARN.replace("/app/", "/net/"), ARN.replace("eu-west-1", "evil.example/"), f"{ARN}\n"],
)
def test_an_invalid_load_balancer_arn_is_an_error_at_startup(arn: str) -> None:
    with pytest.raises(UsageError, match="load_balancer"):
        open_balancer(believed(load_balancer=arn + "x" if arn.endswith("\n") else arn))


def test_the_load_balancer_is_optional_and_its_keys_need_tls() -> None:
    assert open_balancer(believed(load_balancer="")) is None
    with pytest.raises(UsageError, match="load_balancer must be a non-empty string"):
        believed(load_balancer=" ")
    with pytest.raises(UsageError, match="load_balancer_keys"):
        believed(load_balancer_keys="http://keys.example")


NIGHT = "2026-11-22"
PAGE = f"/reports/{NIGHT}/owner/payments/"


@pytest.fixture
def server(
    region: Region, store: Path, tokens: str, serve_with_auth: Any, tmp_path: Path
) -> Iterator[Any]:
    """A server behind the load balancer, which also accepts tokens."""
    path = tmp_path / "oidc.json"
    path.touch(mode=0o600)
    values = {**FILE, "load_balancer_keys": region.url, "jwks_url": f"{region.url}/keys"}
    path.write_text(json.dumps(values))
    with serve_with_auth(
        store, SRE_OIDC=path.as_uri(), SRE_PUBLIC_URL=FILE["audience"], SRE_TOKENS=tokens
    ) as served:
        yield served


@pytest.fixture
def server_of_tokens(store: Path, tokens: str, serve_with_auth: Any) -> Iterator[Any]:
    with serve_with_auth(store, SRE_TOKENS=tokens) as served:
        yield served


@pytest.fixture
def tokens(document: Any, make_entry: Any) -> str:
    """The URL of a document with one token."""
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    return str(document(make_entry("ci", expires=soon)).as_uri())


@pytest.fixture(scope="module")
def store(scan_into: Any, make_finding: Any) -> Path:
    """A store with a report of one owner and one of all."""
    store: Path = scan_into([make_finding(1)])
    for folder in (store / "reports" / NIGHT, store / PAGE.strip("/")):
        folder.mkdir(parents=True)
        (folder / "index.html").write_text("a page")
    return store


def test_a_browser_behind_the_load_balancer_can_read_reports_only(
    region: Region, server: Any
) -> None:
    said = {"X_Amzn_Oidc_Data": region.sign()}
    mine = server.request("GET", PAGE, **said)
    assert (mine.status, mine.body, mine.headers["content-type"]) == (
        200,
        b"a page",
        "text/html; charset=utf-8",
    )
    assert server.request("GET", f"/reports/{NIGHT}/", **said).status == 404, (
        "of all, and the user sees one owner's"
    )
    assert server.request("GET", PAGE).status == 401
    assert (
        server.request(
            "GET",
            PAGE,
            **{"X-Amzn-Oidc-Data": region.sign(signed_by=OTHER, header={"signer": "another"})},
        ).status
        == 401
    )
    asked = server.request("POST", "/mcp", body=b"{}", Content_Type="application/json", **said)
    assert asked.status == 401, "a page of somebody else could make the browser post"


@pytest.mark.parametrize("path", ["/mcp", PAGE, "/exports/x"])
def test_each_scheme_is_accepted_in_its_header_only(
    region: Region, server: Any, make_token: Any, path: str
) -> None:
    claims, token = region.sign(), make_token("ci")
    method = "POST" if path == "/mcp" else "GET"

    def status(**headers: str) -> int:
        return int(server.request(method, path, Content_Type="application/json", **headers).status)

    assert status(Authorization=f"Bearer {claims}") == 401
    assert status(X_Amzn_Oidc_Data=token) == 401
    assert status(Authorization=f"Bearer {token}") not in {401, 403}
    assert (status(X_Amzn_Oidc_Data=claims) == 401) is (path == "/mcp")


@pytest.mark.parametrize("path", ["/mcp", PAGE, "/exports/x"])
@pytest.mark.parametrize("first", ["Authorization", "X-Amzn-Oidc-Data"])
@pytest.mark.parametrize("second", ["authorization", "x-amzn-oidc-data"])
def test_two_credentials_are_refused(
    region: Region, server: Any, make_token: Any, path: str, first: str, second: str
) -> None:
    valid = {"authorization": f"Bearer {make_token('ci')}", "x-amzn-oidc-data": region.sign()}
    connection = HTTPConnection(server.host, server.port, timeout=60)
    with contextlib.closing(connection):
        connection.putrequest("POST" if path == "/mcp" else "GET", path)
        for name in (first, second):
            connection.putheader(name, valid[name.lower()])
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]) == (400, "invalid_request")


def test_without_a_load_balancer_its_header_is_ignored(
    region: Region, server_of_tokens: Any, make_token: Any
) -> None:
    for one in (region.sign(), make_token("ci")):
        assert server_of_tokens.request("GET", PAGE, X_Amzn_Oidc_Data=one).status == 401
    both = {"X_Amzn_Oidc_Data": region.sign(), "Authorization": f"Bearer {make_token('ci')}"}
    assert server_of_tokens.request("GET", PAGE, **both).status == 404


def test_keys_that_cannot_be_fetched_are_503_and_not_401(region: Region, server: Any) -> None:
    region.broken = True
    issued = jwt.encode({"sub": "x"}, region.private[KID], "ES256", {"kid": "made-up"})
    for answer in (
        server.request("GET", PAGE, X_Amzn_Oidc_Data=region.sign()),
        server.post({}, Authorization=f"Bearer {issued}"),
    ):
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")
        assert answer.json["error"] == "temporarily_unavailable"
    assert server.request("GET", "/readyz", X_Amzn_Oidc_Data=region.sign()).status == 200
    region.broken = False
    assert server.request("GET", PAGE, X_Amzn_Oidc_Data=region.sign()).status == 200
