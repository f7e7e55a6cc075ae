"""Only a load balancer's signed claims give a browser user the granted access."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
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
from sre_mcp.auth.jwks import AGAIN
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
        self.private = {kid: ec.generate_private_key(ec.SECP256R1()) for kid in (KID, OTHER)}

    @property
    def paths(self) -> list[str]:
        """The paths of all requests."""
        return [request.path for request in self.requests]

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
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


def test_unknown_keys_are_requested_once_per_minute(region: Region) -> None:
    clock = [1000.0]
    keys = Keys(region.url, lambda: clock[0])
    with pytest.raises(Unreachable, match="it answered 404"):
        keys.get("2b2a8a52-7a5e-4a0e-8a39-0a52c7a5e4a2")
    assert keys.get(KID) is None
    clock[0] += AGAIN
    assert keys.get(KID) is not None
    assert len(region.paths) == 2


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
    region: Region, scan_into: Any, make_finding: Any, serve_with_auth: Any, tmp_path: Path
) -> Iterator[Any]:
    """A server behind the load balancer, with a report of one owner and one of all."""
    store: Path = scan_into([make_finding(1)])
    for folder in (store / "reports" / NIGHT, store / PAGE.strip("/")):
        folder.mkdir(parents=True)
        (folder / "index.html").write_text("a page")
    path = tmp_path / "oidc.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({**FILE, "load_balancer_keys": region.url}))
    with serve_with_auth(store, SRE_OIDC=path.as_uri(), SRE_PUBLIC_URL=FILE["audience"]) as served:
        yield served


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
    assert server.request("GET", PAGE, Authorization="Bearer x", **said).status == 401, (
        "what the caller sends itself goes first"
    )
    asked = server.request("POST", "/mcp", body=b"{}", Content_Type="application/json", **said)
    assert asked.status == 401, "a page of somebody else could make the browser post"
