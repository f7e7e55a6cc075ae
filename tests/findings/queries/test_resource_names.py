"""Every form of a resource's name gives that resource or a list of candidates with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sre_findings.engine.catalogue import Batch, Engine
from sre_findings.model.errors import AmbiguousName
from sre_findings.model.resources import name_readings, names
from sre_findings.model.resources.resource import FUNCTION, IMAGE, INSTANCE, Resource
from sre_findings.queries import resource_lookup

ACCOUNTS, REGIONS = ("111122223333", "444455556666"), ("eu-west-1", "us-east-1")
WORDS = (
    "web",
    "shop/api",
    "pay",
    "latest",
    "1.2",
    "i-0aaaaaaaaaaaaaaaa",
    "10.0.0.5",
    "shared",
    "api",
    "a b",
)
VM = "Microsoft.Compute/virtualMachines"


@dataclass
class Kept(Engine):
    """An engine with the queries of the resolver, over names in memory."""

    rows_of: list[tuple[Resource, names.Name]] = field(default_factory=list)

    def add(self, one: Resource, found: frozenset[names.Name]) -> None:
        self.rows_of += [(one, name) for name in found]

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        yield [dict(row) for row in getattr(self, f"_{query}")(**parameters)]

    def _resources_by_name(self, name: str) -> Iterator[Mapping[str, Any]]:
        for one, (text, kind) in self.rows_of:
            if text == name:
                yield {**_place(one), "kind": kind, "name": one.name}

    def _ambiguous_ids(self, ids: list[str]) -> Iterator[Mapping[str, Any]]:
        every = {one for one, name in self.rows_of if name.kind == names.ID}
        for wanted in ids:
            if sum(one.resource_id == wanted for one in every) > 1:
                yield {"resource_id": wanted}

    def _similar_names(self, text: str) -> Iterator[Mapping[str, Any]]:
        for one, (name, _) in self.rows_of:
            yield {"name": name, "resource_id": one.resource_id, "resources": 2}


def _place(one: Resource) -> dict[str, str]:
    return {
        key: getattr(one, key) for key in ("resource_id", "resource_type", "account_id", "region")
    }


@dataclass(frozen=True)
class Known:
    """A resource with its names, and the texts that must refer to it."""

    place: Resource
    names: frozenset[names.Name]
    forms: frozenset[str]


@st.composite
def _instances(draw: st.DrawFn) -> Known:
    account, region = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(REGIONS))
    one = draw(st.sampled_from(("i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb", "i-0cccccccc")))
    tag, space = draw(st.sampled_from(WORDS)), draw(st.sampled_from(("", " ", "\t")))
    v4, v6 = draw(st.ip_addresses(v=4)), draw(st.ip_addresses(v=6))
    v4 = draw(st.sampled_from((v4, IPv4Address("10.0.0.5"))))
    details = {"awsEc2Instance": {"ipV4Addresses": [str(v4)], "ipV6Addresses": [v6.exploded]}}
    host = f"ip-{str(v4).replace('.', '-')}.{region}.compute.internal"
    forms = {
        one,
        f"arn:aws:ec2:{region}:{account}:instance/{one}",
        f"{one}.{region}.compute.internal",
        tag,
        f" {tag} ",
        str(v4),
        str(v6),
        v6.exploded.upper(),
        host,
        f"{host}.",
    }
    place = Resource(one, INSTANCE, account, region, tag)
    return Known(place, names.of_finding(one, {"Name": tag + space}, details), frozenset(forms))


@st.composite
def _images(draw: st.DrawFn) -> Known:
    account, region = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(REGIONS))
    repository, tags = (
        draw(st.sampled_from(("shop/api", "web", "pay"))),
        draw(st.lists(st.sampled_from(("latest", "1.2")))),
    )
    digest = "sha256:" + draw(st.sampled_from("abc")) * 64
    one = f"arn:aws:ecr:{region}:{account}:repository/{repository}/{digest}"
    uri = f"{account}.dkr.ecr.{region}.amazonaws.com/{repository}"
    details = {
        "awsEcrContainerImage": {
            "repositoryName": repository,
            "imageTags": tags,
            "imageHash": digest,
            "registry": account,
        }
    }
    forms = {
        one,
        repository,
        digest,
        digest.upper().replace("SHA", "sha"),
        f"{repository}@{digest}",
        uri,
        f"{uri}@{digest}",
        f"{repository}:gone@{digest}",
        one.rpartition("/")[0],
    }
    forms |= {f"{start}:{tag}" for tag in tags for start in (repository, uri)}
    place = Resource(one, IMAGE, account, region, repository)
    return Known(place, names.of_finding(one, {}, details), frozenset(forms))


@st.composite
def _functions(draw: st.DrawFn) -> Known:
    account, region = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(REGIONS))
    name, version = (
        draw(st.sampled_from(("pay", "web", "shared"))),
        draw(st.sampled_from(("$LATEST", "7"))),
    )
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    layer = (
        f"arn:aws:lambda:{region}:777788889999:layer:{draw(st.sampled_from(('shared', 'base')))}:3"
    )
    forms = {
        arn,
        f"{arn}:{version}",
        name,
        f"{name}:{version}",
        f"{account}:function:{name}",
        layer,
        layer[:-2],
    }
    details = {"awsLambdaFunction": {"functionName": name, "version": version, "layers": [layer]}}
    place = Resource(f"{arn}:{version}", FUNCTION, account, region, name)
    return Known(place, names.of_finding(place.resource_id, {}, details), frozenset(forms))


@st.composite
def _machines(draw: st.DrawFn) -> Known:
    account, region = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(REGIONS))
    kind = draw(st.sampled_from((VM, "compute.googleapis.com/Instance", "A_TYPE_OF_NEXT_YEAR")))
    name = draw(st.sampled_from(("web", "azure-vm-1")))
    one = draw(st.sampled_from((name, f"/subscriptions/1/resourceGroups/RG/providers/{VM}/{name}")))
    forms = {
        one,
        name,
        one.upper() if one.startswith("/") else one,
        f"{account}/{region}/{kind}/{one}",
    }
    place = Resource(one, kind, account, region, name)
    return Known(place, names.of_finding(one, {}, {"vm": {"vmName": name}}), frozenset(forms))


ESTATES = st.lists(
    st.one_of(_instances(), _images(), _functions(), _machines()),
    min_size=1,
    max_size=6,
    unique_by=lambda one: _identity(one.place),
)


def _engine(estate: list[Known]) -> Kept:
    engine = Kept()
    for one in estate:
        engine.add(one.place, one.names)
    return engine


def _meant(text: str, engine: Engine) -> set[Resource]:
    """The resources that a text refers to: one, or those of its candidates."""
    return {resource_lookup.resolve(one, engine) for one in _candidates(text, engine) or (text,)}


def _candidates(text: str, engine: Engine) -> tuple[str, ...]:
    """The candidates for an ambiguous text, or none if it refers to one resource."""
    try:
        resource_lookup.resolve(text, engine)
    except AmbiguousName as error:
        return error.candidates
    return ()


@given(ESTATES)
def test_every_form_means_its_resource_or_an_ambiguity_with_it(estate: list[Known]) -> None:
    """Except for texts that are a stronger name of another resource, such as its id."""
    engine = _engine(estate)
    for one in estate:
        for form in one.forms:
            strongest = min(_strength(form, other) for other in estate)
            own = _strength(form, one)
            assert own <= names.WEAKEST, f"{form} is no name of {one.place}"
            assert own > strongest or _identity(one.place) in map(
                _identity, _meant(form, engine)
            ), form


def _strength(form: str, one: Known) -> int:
    """The strength of the resource's strongest name that matches a form."""
    found = [names.strength(name.kind) for reading in name_readings.readings(form) for name in one.names
             if name.text == reading.name and reading.fits(name.kind, one.place)]  # fmt: skip
    return min(found, default=names.WEAKEST + 1)


def _identity(one: Resource) -> tuple[str, str, str, str]:
    return one.account_id, one.region, one.resource_type, one.resource_id


@given(ESTATES)
def test_every_candidate_means_one_resource_and_each_another(estate: list[Known]) -> None:
    engine = _engine(estate)
    for form in {form for one in estate for form in one.forms}:
        candidates = _candidates(form, engine)
        meant = {_identity(resource_lookup.resolve(candidate, engine)) for candidate in candidates}
        assert len(meant) == len(candidates) != 1


@given(ESTATES)
def test_an_exact_id_wins_over_any_name(estate: list[Known]) -> None:
    engine = _engine(estate)
    for one in estate:
        assert {place.resource_id for place in _meant(one.place.resource_id, engine)} == {
            one.place.resource_id
        }


@given(st.text(max_size=40), ESTATES)
def test_a_text_that_is_no_form_of_anything_means_nothing(text: str, estate: list[Known]) -> None:
    known = {
        form.strip().lower()
        for one in estate
        for form in (*one.forms, *(name.text for name in one.names))
    }
    assume(text.strip().lower() not in known)
    with pytest.raises(resource_lookup.UnknownResource):
        resource_lookup.resolve(text, _engine(estate))


def test_suggestions_are_spelled_alike_or_there_are_none() -> None:
    engine = Kept()
    for name in ("prod-web-36", "prod-api-07", "billing"):
        engine.add(
            Resource(f"i-{name}", INSTANCE, ACCOUNTS[0], REGIONS[0], name),
            frozenset({names.Name(name, names.TAG)}),
        )
    assert resource_lookup.near("prod-wbe-36", engine) == ["prod-web-36"]
    assert resource_lookup.near("nosuchhost", engine) == []


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    st.sampled_from(
        (
            "awsEc2Instance",
            "awsEcrContainerImage",
            "image",
            "vm",
            "awsLambdaFunction",
            "machineImage",
        )
    ),
    ODD,
    ODD,
)
def test_whatever_the_details_hold_names_are_texts(kind: str, one: Any, other: Any) -> None:
    fields = dict.fromkeys(
        (
            "ipV4Addresses",
            "repositoryName",
            "imageTags",
            "functionName",
            "layers",
            "machineImageId",
        ),
        one,
    )
    found = names.of_finding(
        "an id", {}, {kind: {**fields, "registry": other, "imageHash": other, "version": other}}
    )
    found |= names.of_coverage(
        "an id", {}, {"ecrImage": {"tags": one}, "ecrRepository": {"name": other}}
    )
    assert names.Name("an id", names.ID) in found
    assert all(name.text == name.text.strip() != "" for name in found)
