"""Inspector's model defines the known fields and values; any other is reported by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.inspector.unknown_fields import (
    Leaf,
    known_fields,
    look_at,
    mark,
    odd_words,
    strange_in,
)
from sre_findings.inspector.wire.findings import decode_findings

SHAPES = {"finding": "Finding", "coverage": "CoveredResource", "details": "FindingDetail"}
KINDS = {"string": "text", "timestamp": "time", "boolean": "flag"}


def modelled(shape: Any, node: Any, path: str) -> Iterator[tuple[str, Any, Leaf]]:
    """Every field of a shape in the model, with our handling of it, or None if it is unknown."""
    below = {
        "structure": dict(getattr(shape, "members", {})),
        "list": {"[]": getattr(shape, "member", None)},
        "map": {"*": getattr(shape, "value", None)},
    }.get(shape.type_name)
    if below is None:
        yield (
            path,
            node,
            Leaf(KINDS.get(shape.type_name, "number"), frozenset(getattr(shape, "enum", ()))),
        )
        return
    for name, inner in below.items():
        yield from modelled(
            inner, node.get(name) if isinstance(node, dict) else None, f"{path}.{name}"
        )


def test_every_field_and_word_of_the_model_is_known() -> None:
    """Fails if a newer botocore has more: add the new fields and values to the table."""
    model = botocore.session.get_session().get_service_model("inspector2")
    found = [
        one
        for kind, shape in SHAPES.items()
        for one in modelled(model.shape_for(shape), known_fields()[kind], kind)
    ]
    assert len(found) > 200
    wrong = [
        (path, theirs)
        for path, ours, theirs in found
        if not isinstance(ours, Leaf)
        or ours.kind != theirs.kind
        or not theirs.words <= ours.words
        or bool(ours.words) != bool(theirs.words)
    ]
    assert wrong == []


PACKAGE = {
    "name": "a",
    "version": "1",
    "epoch": 0,
    "packageManager": "PIP",
    "purl": "pkg:pypi/a@1",
    "runtimeReachability": "UNKNOWN",
}
RESOURCE = {
    "id": "i-1",
    "type": "AWS_EC2_INSTANCE",
    "tags": {"any": "thing"},
    "details": {"awsEc2Instance": {"launchedAt": 1.7e9}},
}
PACKAGES = "packageVulnerabilityDetails.vulnerablePackages"
NESTED: list[tuple[str, Any, tuple[str, ...]]] = [
    ("resources", [RESOURCE], ()),
    ("resources", [{**RESOURCE, "tags": None}], ()),
    ("resources", [RESOURCE, {**RESOURCE, "newField": 1}], ("resources.newField",)),
    ("resources", [{**RESOURCE, "type": "MAINFRAME"}], ("resources.type=MAINFRAME",)),
    ("resources", [{**RESOURCE, "tags": {"a": 1, "b": 2}}], ("resources.tags.*",)),
    ("resources", [{**RESOURCE, "details": {"mainframe": {}}}], ("resources.details.mainframe",)),
    (
        "resources",
        [{**RESOURCE, "details": {"awsEc2Instance": {"launchedAt": 1.7e12}}}],
        ("resources.details.awsEc2Instance.launchedAt",),
    ),
    ("resources", [5], ("resources",)),
    ("resources", "text", ("resources",)),
    ("packageVulnerabilityDetails", {"vulnerablePackages": [PACKAGE]}, ()),
    (
        "packageVulnerabilityDetails",
        {"vulnerablePackages": [{**PACKAGE, "packageManager": "RPM2", "epoch": "0"}]},
        (f"{PACKAGES}.epoch", f"{PACKAGES}.packageManager=RPM2"),
    ),
    (
        "packageVulnerabilityDetails",
        {"cvss": [{"baseScore": 9.8}, {"attack": 1}]},
        ("packageVulnerabilityDetails.cvss.attack",),
    ),
    ("epss", {"score": True}, ("epss.score",)),
]


@pytest.mark.parametrize(("name", "value", "names"), NESTED)
def test_what_is_strange_is_told_by_its_path(name: str, value: Any, names: tuple[str, ...]) -> None:
    text = json.dumps(value).encode()
    assert look_at(f"finding.{name}", text) == (text, names)


def test_words_that_we_do_not_know_are_told_with_their_field() -> None:
    assert odd_words("finding", [("severity", "HIGH"), ("status", "PAUSED"), ("type", None)]) == (
        "status=PAUSED",
    )
    body = json.dumps(
        {
            "findings": [
                {"findingArn": "a", "severity": "HIGH", "status": "PAUSED", "epss": {"new": 1}}
            ]
        }
    ).encode()
    assert mark(strange_in(decode_findings(body).findings[0])) == "status=PAUSED, epss.new"


def test_a_mark_is_short_and_says_each_thing_once() -> None:
    assert (mark([]), mark(["a", "b", "a"])) == (None, "a, b")
    assert mark(map(str, range(20))) == "0, 1, 2, 3, 4, 5, 6, 7, …"


@pytest.mark.parametrize(
    "raw", [b"[" * 400 + b"]" * 400, b'{"score":1e999}', b'{"score":' + b"9" * 500 + b"}"]
)
def test_what_some_reader_could_not_take_is_kept_as_text(raw: bytes) -> None:
    kept, names = look_at("finding.epss", raw)
    assert names == ("epss",)
    assert json.loads(json.dumps(json.loads(kept), allow_nan=False)) == json.loads(kept)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["id"]), inner)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(known_fields()["finding"])), JSON)
def test_any_value_of_any_field_is_looked_at(name: str, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=True).encode()
    try:
        kept, names = look_at(f"finding.{name}", text)
    except UnicodeDecodeError:
        raise AssertionError from None
    json.loads(kept)
    assert all(one.startswith(name) for one in names)
