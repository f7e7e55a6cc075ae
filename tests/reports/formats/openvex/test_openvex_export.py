"""Accepted risks as OpenVEX: valid against its schema, deterministic, and only from the rules."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from packageurl import PackageURL
from tests.support.findings import FINDING as INSTANCE

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.findings.suppression import (
    JUSTIFICATIONS,
    STATUSES,
    Patterns,
    Reach,
    Suppression,
    Suppressions,
)
from sre_reports.formats.openvex.document import Document, document
from sre_reports.formats.package_urls import purl_of

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "schemas" / "openvex-0.2.0.json").read_text(encoding="utf-8")
)
CHECKER = Draft202012Validator.FORMAT_CHECKER
URI = re.compile(r"[a-z][a-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-F]{2})+")
NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
LAST = date(2027, 1, 31)
DIGEST = "sha256:" + "0123456789abcdef" * 4

IMAGE = replace(
    INSTANCE,
    vulnerability_id="CVE-2024-1",
    packages=(
        Package("requests", "2.32.0", manager="PYTHONPKG"),
        Package("@babel/core", "7.1.0", manager="NODEPKG"),
    ),
    resource_id=f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/Web/{DIGEST}",
    resource_type="AWS_ECR_CONTAINER_IMAGE",
    resource_name="shop/Web",
)
RULE = Suppression(
    0,
    2,
    Patterns(("CVE-2024-3094",)),
    Patterns(),
    Reach(),
    "not reachable, see TICKET-1",
    "payments",
    LAST,
)
BOUND = replace(RULE, reach=Reach(accounts=Patterns(("111122223333",))))


def issue(
    *rules: Suppression, matched: Any = (), author: str = "security@example.com", at: datetime = NOW
) -> Document:
    return document(Suppressions(rules), author=author, timestamp=at, matched=matched)


def errors(body: Any) -> list[str]:
    return [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(SCHEMA, format_checker=CHECKER).iter_errors(body)
    ]


def statement(*rules: Suppression, matched: Any = ()) -> dict[str, Any]:
    made = issue(*rules, matched=matched)
    assert errors(made.body) == []
    (one,) = made.body["statements"]
    return dict(one)


def product(finding: Finding) -> dict[str, Any]:
    (one,) = statement(RULE, matched=[(RULE, finding)])["products"]
    return dict(one)


def test_the_schema_rejects_what_the_standard_forbids() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    good = issue(RULE, matched=[(RULE, INSTANCE)]).body
    assert errors(good) == []
    assert "date-time" in CHECKER.checkers
    for key in ("@context", "@id", "author", "timestamp", "version", "statements"):
        assert errors({name: value for name, value in good.items() if name != key})
    one = good["statements"][0]
    for wrong in (
        {**one, "status": "not_affected"},
        {**one, "status": "accepted"},
        {**one, "justification": "because"},
        {**one, "vulnerability": "CVE-1"},
        {**one, "products": [{}]},
        {**one, "products": ["pkg:pypi/a"]},
        {**one, "products": [{"@id": "pkg:pypi/a", "identifiers": {}}]},
        {name: value for name, value in one.items() if name != "action_statement"},
    ):
        assert errors({**good, "statements": [wrong]}), wrong
    changes: list[dict[str, Any]] = [
        {"statements": []},
        {"statements": [one, one]},
        {"version": 0},
        {"timestamp": "yesterday"},
        {"more": 1},
    ]
    for bad in changes:
        assert errors({**good, **bad}), bad


def test_the_whole_document() -> None:
    made = issue(RULE, matched=[(RULE, INSTANCE)])
    assert made.body == {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": made.body["@id"],
        "author": "security@example.com",
        "timestamp": "2026-11-22T01:00:00Z",
        "version": 1,
        "tooling": "SRE Operations Assistant",
        "statements": [
            {
                "vulnerability": {"name": "CVE-2024-3094"},
                "products": [
                    {"@id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"}
                ],
                "status": "affected",
                "action_statement": (
                    "accepted until 2027-01-31 by payments: not reachable, see TICKET-1"
                ),
            }
        ],
    }
    assert re.fullmatch(r"https://openvex\.dev/docs/public/vex-[0-9a-f]{64}", made.body["@id"])
    assert made.left_out == ()


def test_the_text_body_is_ascii() -> None:
    made = issue(replace(RULE, reason="für später \u202e"))
    assert made.to_text().isascii()
    assert json.loads(made.to_text()) == made.body


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {},
            {
                "status": "affected",
                "action_statement": (
                    "accepted until 2027-01-31 by payments: not reachable, see TICKET-1"
                ),
            },
        ),
        ({"status": "fixed"}, {"status": "fixed"}),
        ({"status": "under_investigation"}, {"status": "under_investigation"}),
        (
            {"status": "not_affected", "justification": JUSTIFICATIONS[2]},
            {"status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"},
        ),
        (
            {"status": "not_affected", "impact": "unused"},
            {"status": "not_affected", "impact_statement": "unused"},
        ),
        (
            {"status": "not_affected", "justification": JUSTIFICATIONS[0], "impact": "unused"},
            {
                "status": "not_affected",
                "justification": "component_not_present",
                "impact_statement": "unused",
            },
        ),
    ],
)
def test_each_status_has_its_required_fields_and_the_expiry(
    changes: dict[str, Any], said: dict[str, str]
) -> None:
    one = statement(replace(RULE, **changes))
    notes = (
        {}
        if said["status"] == "affected"
        else {"status_notes": "suppressed until 2027-01-31 by payments: " + RULE.reason}
    )
    assert one == {"vulnerability": {"name": "CVE-2024-3094"}, **said, **notes}


def test_a_rule_without_findings_is_stated_if_it_applies_everywhere() -> None:
    silent = [
        BOUND,
        replace(RULE, vulnerabilities=Patterns(("CVE-*",))),
        replace(RULE, vulnerabilities=Patterns(("CVE-1", "CVE-*"))),
        replace(RULE, packages=Patterns(("xz-utils",))),
        replace(RULE, vulnerabilities=Patterns(), packages=Patterns(("xz-utils",))),
    ]
    rules = [replace(rule, index=index) for index, rule in enumerate([*silent, RULE])]
    made = issue(*rules)
    assert made.left_out == tuple(rules[:-1])
    assert made.body["statements"] == [statement(RULE)]
    assert "products" not in statement(RULE)


def test_a_rule_is_stated_for_each_vulnerability_with_its_products() -> None:
    wide = replace(BOUND, vulnerabilities=Patterns(("CVE-*",)))
    other = replace(INSTANCE, resource_id="i-00000000000000000")
    made = issue(wide, matched=[(wide, INSTANCE), (wide, IMAGE), (wide, other), (wide, INSTANCE)])
    assert errors(made.body) == []
    found = {
        one["vulnerability"]["name"]: [each["@id"] for each in one["products"]]
        for one in made.body["statements"]
    }
    assert found == {
        "CVE-2024-1": [IMAGE.resource_id],
        "CVE-2024-3094": [
            f"arn:aws:ec2:eu-west-1:111122223333:instance/{one.resource_id}"
            for one in (other, INSTANCE)
        ],
    }
    assert made.left_out == ()


def test_findings_without_a_vulnerability_or_resource_have_no_statement() -> None:
    only = replace(RULE, vulnerabilities=Patterns(), packages=Patterns(("xz-utils",)))
    nameless = [
        (only, replace(INSTANCE, vulnerability_id=None)),
        (only, replace(INSTANCE, resource_id="")),
    ]
    made = issue(only, replace(RULE, index=1), matched=nameless)
    assert (len(made.body["statements"]), made.left_out) == (1, (only,))


def test_an_expired_rule_has_no_statement() -> None:
    lapsed = replace(
        RULE, index=1, vulnerabilities=Patterns(("CVE-2024-1",)), expires=date(2026, 11, 21)
    )
    made = issue(RULE, lapsed, matched=[(lapsed, IMAGE)])
    assert [one["vulnerability"]["name"] for one in made.body["statements"]] == ["CVE-2024-3094"]
    assert made.left_out == ()


def test_the_day_is_that_of_utc() -> None:
    rule = replace(RULE, expires=date(2026, 11, 22))
    late = datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=2)))
    assert issue(rule, at=late).body["timestamp"] == "2026-11-22T23:00:00Z"
    with pytest.raises(UsageError, match="no accepted risk can be stated"):
        issue(rule, at=late + timedelta(hours=1))


def test_nothing_to_state_and_no_author_are_usage_errors() -> None:
    with pytest.raises(
        UsageError, match="no accepted risk can be stated: no valid rule covers a finding"
    ):
        issue(BOUND)
    with pytest.raises(UsageError, match="needs an author"):
        issue(RULE, author=" ")


def test_equal_rules_are_stated_once() -> None:
    assert statement(RULE, replace(RULE, index=1, line=9)) == statement(RULE)


def test_the_same_input_in_any_order_gives_the_same_bytes() -> None:
    wide = replace(BOUND, index=1, vulnerabilities=Patterns(("CVE-*",)))
    mixed = replace(IMAGE, packages=(Package("a", "1", manager="PIP"),))
    matched = [
        (wide, IMAGE),
        (wide, mixed),
        (RULE, INSTANCE),
        (RULE, replace(INSTANCE, resource_id="i-00000000000000000")),
    ]
    made = issue(RULE, wide, matched=matched)
    for seed in range(10):
        shuffled = random.Random(seed).sample(matched, len(matched))
        assert issue(wide, RULE, matched=shuffled).to_text() == made.to_text()
    others = [
        issue(RULE, wide, matched=matched[:-1]),
        issue(RULE, wide, matched=matched, author="another"),
        issue(RULE, wide, matched=matched, at=NOW + timedelta(seconds=1)),
        issue(replace(RULE, reason="x"), wide, matched=matched),
    ]
    assert len({one.body["@id"] for one in [made, *others]}) == 5


def test_the_namespace_of_the_id_is_not_part_of_the_hash() -> None:
    made = document(
        Suppressions([RULE]),
        author="security@example.com",
        timestamp=NOW,
        namespace="https://vex.example.com/",
    )
    assert made.body["@id"] == issue(RULE).body["@id"].replace(
        "https://openvex.dev/docs/public", "https://vex.example.com"
    )


def test_an_ecr_image_has_an_oci_purl() -> None:
    where = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/Web"
    assert product(IMAGE) == {
        "@id": IMAGE.resource_id,
        "identifiers": {"purl": f"pkg:oci/web@{DIGEST}?repository_url={where}"},
        "subcomponents": [
            {
                "@id": "pkg:npm/%40babel/core@7.1.0",
                "identifiers": {"purl": "pkg:npm/%40babel/core@7.1.0"},
            },
            {
                "@id": "pkg:pypi/requests@2.32.0",
                "identifiers": {"purl": "pkg:pypi/requests@2.32.0"},
            },
        ],
    }


def test_an_image_in_china_has_its_own_domain() -> None:
    arn = IMAGE.resource_id.replace("arn:aws:ecr:eu-west-1", "arn:aws-cn:ecr:cn-north-1")
    assert (
        "cn-north-1.amazonaws.com.cn/shop/Web"
        in product(replace(IMAGE, resource_id=arn))["identifiers"]["purl"]
    )
    unknown = IMAGE.resource_id.replace("arn:aws:", "arn:aws-new:")
    assert "identifiers" not in product(replace(IMAGE, resource_id=unknown))


@pytest.mark.parametrize(
    ("changes", "identifier"),
    [
        ({}, "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"),
        (
            {"finding_arn": "arn:aws-us-gov:inspector2:x", "region": "us-gov-west-1"},
            "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/i-0123456789abcdef0",
        ),
        (
            {
                "resource_id": "arn:aws:lambda:us-west-2:222222222222:function:pay:$LATEST",
                "resource_type": "AWS_LAMBDA_FUNCTION",
            },
            "arn:aws:lambda:us-west-2:222222222222:function:pay:$LATEST",
        ),
        ({"resource_id": "arn:aws:x:::a b<é>"}, "arn:aws:x:::a%20b%3C%C3%A9%3E"),
        (
            {"resource_id": "/subscriptions/1 2", "resource_type": "Microsoft.Web/sites"},
            "pkg:generic/%2Fsubscriptions%2F1%202?account_id=111122223333&region=eu-west-1&resource_type=Microsoft.Web%2Fsites",
        ),
        (
            {"resource_id": "repo", "resource_type": "", "account_id": "", "region": ""},
            "pkg:generic/repo",
        ),
    ],
)
def test_a_resource_is_identified_by_arn_or_generic_purl(
    changes: dict[str, Any], identifier: str
) -> None:
    assert product(replace(INSTANCE, **changes))["@id"] == identifier


@pytest.mark.parametrize(
    ("manager", "name", "version", "purl"),
    [
        ("PIP", "Flask_Login", "0.6", "pkg:pypi/flask-login@0.6"),
        ("PYTHON", "black", "", "pkg:pypi/black"),
        ("NPM", "lodash", "4.17.1", "pkg:npm/lodash@4.17.1"),
        ("YARN", "@scope/name", "1.0.0", "pkg:npm/%40scope/name@1.0.0"),
        (
            "GOMOD",
            "github.com/expr-lang/expr",
            "v1.17.6",
            "pkg:golang/github.com/expr-lang/expr@v1.17.6",
        ),
        ("GOBINARY", "stdlib", "1.24.4", "pkg:golang/stdlib@1.24.4"),
        (
            "JAR",
            "org.apache.logging.log4j:log4j-core",
            "2.14.1",
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
        ),
        ("POM", "log4j-core", "2.14.1", None),
        ("COMPOSER", "symfony/http-kernel", "6.0.0", "pkg:composer/symfony/http-kernel@6.0.0"),
        ("COMPOSER", "symfony", "6.0.0", None),
        ("BUNDLER", "rails", "7.0.0", "pkg:gem/rails@7.0.0"),
        ("CARGO", "tokio", "1.0.0+x y", "pkg:cargo/tokio@1.0.0%2Bx%20y"),
        ("DOTNET_CORE", "Newtonsoft.Json", "12.0.1", "pkg:nuget/Newtonsoft.Json@12.0.1"),
        ("OS", "xz-utils", "5.6.0", None),
        ("GENERIC", "go/stdlib", "1.24.4", None),
        (None, "requests", "2.32.0", None),
        ("NEW_MANAGER", "requests", "2.32.0", None),
        ("PIP", "", "1", None),
        ("PIP", "a/b", "1", None),
        ("PIP", "a b", "1", None),
        ("PIP", "../a", "1", None),
        ("GOMOD", "a//b", "1", None),
        ("NPM", "@", "1", None),
    ],
)
def test_a_package_has_a_purl_only_if_its_registry_is_known(
    manager: str | None, name: str, version: str, purl: str | None
) -> None:
    assert purl_of(Package(name, version, manager=manager)) == purl
    if purl:
        assert PackageURL.from_string(purl).to_string() == purl


def test_subcomponents_are_all_packages_or_none() -> None:
    partly = replace(IMAGE, packages=(*IMAGE.packages, Package("glibc", "2.36", manager="OS")))
    assert "subcomponents" not in product(partly)
    assert "subcomponents" not in product(replace(IMAGE, packages=()))
    for findings in ([IMAGE, partly], [partly, IMAGE], [IMAGE, replace(IMAGE, packages=())]):
        (one,) = statement(RULE, matched=[(RULE, finding) for finding in findings])["products"]
        assert "subcomponents" not in one


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda text: bool(text.strip())
)
_PACKAGES = st.lists(
    st.builds(
        Package, _TEXT, _TEXT, manager=st.sampled_from(["OS", "PIP", "NPM", "JAR", "GOMOD", None])
    ),
    max_size=3,
)
_FINDINGS = st.builds(
    lambda vulnerability, packages, resource, kind: replace(
        INSTANCE,
        vulnerability_id=vulnerability,
        packages=tuple(packages),
        resource_id=resource,
        resource_type=kind,
    ),
    st.sampled_from(["CVE-1", "CVE-2", None]),
    _PACKAGES,
    st.sampled_from([INSTANCE.resource_id, IMAGE.resource_id, ""])
    | _TEXT
    | _TEXT.map("arn:aws:{}".format),
    st.sampled_from(["AWS_EC2_INSTANCE", "CODE_REPOSITORY"]) | _TEXT,
)
_RULE = st.builds(
    lambda pattern, reason, owner, status, justification, days: replace(
        BOUND,
        vulnerabilities=Patterns((pattern,)),
        reason=reason,
        owner=owner,
        status=status,
        justification=justification if status == "not_affected" else None,
        expires=NOW.date() + timedelta(days=days),
    ),
    st.sampled_from(["CVE-1", "CVE-*"]),
    _TEXT,
    _TEXT,
    st.sampled_from(STATUSES),
    st.sampled_from(JUSTIFICATIONS),
    st.integers(-1, 2),
)
_RULES = st.lists(_RULE, max_size=4).map(
    lambda rules: [RULE, *(replace(rule, index=n) for n, rule in enumerate(rules, start=1))]
)


@given(_RULES, st.lists(_FINDINGS, max_size=6))
def test_any_document_is_valid_and_its_identifiers_are_uris(
    rules: list[Suppression], findings: list[Finding]
) -> None:
    known = Suppressions(rules)
    pairs = [(known.of(finding, None, NOW.date()), finding) for finding in findings]
    made = document(
        known,
        author="a",
        timestamp=NOW,
        matched=[(rule, finding) for rule, finding in pairs if rule],
    )
    assert errors(json.loads(made.to_text())) == []
    assert all(URI.fullmatch(identifier) for identifier in _identifiers(made.body)), list(
        _identifiers(made.body)
    )
    stated = {one["vulnerability"]["name"] for one in made.body["statements"]}
    assert {
        finding.vulnerability_id for rule, finding in pairs if rule and finding.resource_id
    } <= stated
    assert all(rule.is_live(NOW.date()) for rule in made.left_out)


def _identifiers(part: Any) -> list[str]:
    """Every ``@id`` and purl, at any depth."""
    if isinstance(part, list | tuple):
        return [one for each in part for one in _identifiers(each)]
    if not isinstance(part, dict):
        return []
    own = [part[key] for key in ("@id", "purl") if key in part]
    return own + [one for each in part.values() for one in _identifiers(each)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            "pkg:deb/debian/xz-utils@5.6.0?arch=amd64&distro=trixie",
            "pkg:deb/debian/xz-utils@5.6.0?arch=amd64&distro=trixie",
        ),
        (
            "pkg:rpm/amzn/curl@8.1-2.amzn2023?arch=x86_64&epoch=1",
            "pkg:rpm/amzn/curl@8.1-2.amzn2023?arch=x86_64&epoch=1",
        ),
        ("pkg:pypi/a b@1", "pkg:pypi/a%20b@1"),
        ("pkg:deb/debian/ünï@1", "pkg:deb/debian/%C3%BCn%C3%AF@1"),
    ],
)
def test_inspectors_purl_is_preferred_and_encoded_if_needed(given: str, shown: str) -> None:
    assert purl_of(Package("requests", "2.32.0", manager="PYTHONPKG", purl=given)) == shown
    one = product(
        replace(IMAGE, packages=(Package("xz-utils", "5.6.0", manager="OS", purl=given),))
    )
    assert one["subcomponents"] == [{"@id": shown, "identifiers": {"purl": shown}}]


@pytest.mark.parametrize(
    "given", ["", "xz-utils", "pkg:", "pkg:deb", "http://example.com/a", "pkg:deb/", "\0"]
)
def test_an_invalid_purl_is_replaced_by_ours(given: str) -> None:
    assert (
        purl_of(Package("requests", "2.32.0", manager="PYTHONPKG", purl=given))
        == "pkg:pypi/requests@2.32.0"
    )
    assert purl_of(Package("xz-utils", "5.6.0", manager="OS", purl=given)) is None


@given(st.text(max_size=30) | st.text(max_size=20).map("pkg:deb/{}".format))
def test_only_valid_purls_are_written(given: str) -> None:
    purl = purl_of(Package("xz-utils", "5.6.0", manager="OS", purl=given))
    assert purl is None or (
        purl.isascii() and " " not in purl and PackageURL.from_string(purl).name
    )
