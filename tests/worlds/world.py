"""Random worlds: accounts, resources, findings, and what happens to them from night to night.

A world is a value made of small independent parts, so that a failing one can be shrunk by leaving
out one part after the other, and printed as Python that makes it again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

ADMIN = "111111111111"
ACCOUNTS = (ADMIN, "222222222222", "333333333333")
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")
OWNERS = ("payments", "search", "platform")
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED", "APOCALYPTIC")
WEIGHTS = (3, 4, 4, 4, 1, 1, 1)


class Kind(NamedTuple):
    """A type of resource: its name in Inspector, its scan types, and the switch of each."""

    type: str
    scans: tuple[tuple[str, str], ...]


KINDS = {
    "ec2": Kind("AWS_EC2_INSTANCE", (("PACKAGE", "ec2"), ("NETWORK", "ec2"))),
    "ecr": Kind("AWS_ECR_CONTAINER_IMAGE", (("PACKAGE", "ecr"),)),
    "lambda": Kind("AWS_LAMBDA_FUNCTION", (("PACKAGE", "lambda"), ("CODE", "lambdaCode"))),
    "code": Kind("CODE_REPOSITORY", (("CODE", "codeRepository"),)),
    "quantum": Kind("AWS_QUANTUM_COMPUTER", (("PACKAGE", ""),)),  # does not exist yet
}
SWITCHES = ("ec2", "ecr", "lambda", "lambdaCode", "codeRepository")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource from the night ``born`` on. ``extra`` is a scan type that does not exist yet."""

    key: str
    kind: str = "ec2"
    account: str = ADMIN
    region: str = REGIONS[0]
    owner: str = OWNERS[0]
    born: int = 0
    extra: bool = False

    @property
    def type(self) -> str:
        """Its type in Inspector."""
        return KINDS[self.kind].type

    @property
    def id(self) -> str:
        """Its ID in Inspector."""
        number, place = int(self.key[1:]), f"{self.region}:{self.account}"
        return {
            "ec2": f"i-{number:017x}",
            "ecr": f"arn:aws:ecr:{place}:repository/app{number}/sha256:{number:064x}",
            "lambda": f"arn:aws:lambda:{place}:function:fn{number}:$LATEST",
            "code": f"arn:aws:inspector2:{place}:codesecurity-integration/repo-{number}",
            "quantum": f"arn:aws:quantum:{place}:computer/q{number}",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding from the night ``born`` on, of one resource or several of one account and region.

    Findings of the same resource and ``package`` share its version.
    """

    key: str
    on: tuple[str, ...]
    severity: str = "HIGH"
    scan: str = "PACKAGE"
    package: str = "openssl"
    born: int = 0

    @property
    def subject(self) -> str:
        """What was found: a CVE, a port, or a flaw in a file."""
        number = int(self.key[1:])
        return {
            "PACKAGE": f"CVE-2026-{10000 + number}",
            "NETWORK": f"tcp/{number + 1}-{number + 1}",
            "CODE": f"detector{number}@src/file{number}.py",
        }[self.scan]


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens on a night, and lasts for a number of nights (0: for good).

    ``at`` names what it happens to, and ``what`` says more, by ``kind`` (see LASTING, PASSING).
    """

    night: int
    kind: str
    at: tuple[str, ...] = ()
    what: str = ""
    nights: int = 0

    def on(self, night: int) -> bool:
        """Whether it is in force on this night."""
        return self.night <= night and (not self.nights or night < self.night + self.nights)


@dataclass(frozen=True, slots=True)
class World:
    """What Inspector knows and does on ``nights`` nights, and how it is scanned."""

    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...] = ()
    nights: int = 3
    regions: tuple[str, ...] = REGIONS[:2]
    page: int = 50
    required: bool = False
    seed: int = 0

    def on(self, night: int, kind: str) -> list[Incident]:
        """The incidents of this kind that are in force on this night."""
        return [one for one in self.incidents if one.kind == kind and one.on(night)]

    def __str__(self) -> str:
        return source(self)


def source(value: Any, indent: str = "") -> str:
    """Python that makes the value again, without what is there by default."""
    if isinstance(value, tuple) and value and not isinstance(value[0], str):
        inner = "".join(f"{indent}    {source(one, indent + '    ')},\n" for one in value)
        return f"(\n{inner}{indent})"
    if not isinstance(value, World | Resource | Finding | Incident):
        return repr(value)
    given = [
        (one.name, found)
        for one in fields(value)
        if (found := getattr(value, one.name)) != one.default
    ]
    if isinstance(value, World):
        inner = "".join(f"{indent}    {name}={source(v, indent + '    ')},\n" for name, v in given)
        return f"World(\n{inner}{indent})"
    return f"{type(value).__name__}({', '.join(f'{name}={source(v)}' for name, v in given)})"


# What can happen, with its share. A passing incident lasts one or two nights.
LASTING = {
    "patch": 6,  # a finding is closed, and Inspector says so
    "vanish": 3,  # a finding is gone without CLOSED
    "upgrade": 3,  # a package of a resource gets a new version; its findings are gone
    "terminate": 3,  # a resource is gone with its findings
    "again": 2,  # a finding that was patched is back
    "remake": 3,  # a finding is closed and made anew under another ARN
    "worsen": 2,  # a finding gets another severity
    "suppress": 2,
    "rename": 1,
    "retag": 4,  # a resource gets another owner, also in its findings
}
PASSING = {
    "denied": 4,  # an operation in a region
    "throttled": 3,
    "suspended": 3,  # an account in a region
    "unnamed": 3,  # the status of an account fails (failedAccounts)
    "off": 4,  # a switch of an account in a region
    "off_quietly": 2,  # the same, while coverage still says ACTIVE
    "unplanned": 3,  # a region is not scanned
    "missed": 2,  # no scan
    "clock": 1,  # the scan starts some hours earlier or later
    "covered": 8,  # a resource's coverage is half
    "forgotten": 3,  # a finding is not listed, though it is there
    "touched": 2,  # a finding changes while the scan reads
    "doubled": 2,  # a finding comes on two pages, first in an older state
    "sparse": 2,  # empty pages in between
    "lagging": 2,  # the counts are too high or too low
    "uncounted": 2,  # the counts are denied
    "store": 1,  # the store fails at its k-th operation
}
HALVES = (
    "pending",
    "stale",
    "network",
    "none",
    "revival",
    "progress",
    "never",
    "future",
    "stopped",
)
OPERATIONS = ("ListFindings", "ListCoverage", "BatchGetAccountStatus", "ListMembers")
SEVERAL = ("terminate", "patch", "vanish", "forgotten")  # may happen to all of a resource


def make(seed: int) -> World:
    """The world of this seed."""
    return _Maker(random.Random(seed)).world(seed)


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.accounts = ACCOUNTS[: rng.choice((1, 2, 2, 3))]
        self.regions = REGIONS[: rng.choice((1, 1, 1, 2, 2, 3))]
        self.nights = rng.choice((3, 3, 3, 3, 4, 4, 5, 6, 8))

    def world(self, seed: int) -> World:
        resources = tuple(self.resource(n) for n in range(self.rng.randint(1, 6)))
        findings = tuple(self.finding(n, resources) for n in range(self.rng.randint(0, 10)))
        page, required = self.rng.choice((1, 2, 3, 50)), self.rng.random() < 0.5
        world = World(resources, findings, (), self.nights, self.regions, page, required, seed)
        some = [self.incident(world) for _ in range(self.rng.randint(1, 6))]
        return replace(
            world, incidents=tuple(sorted((one for one in some if one), key=lambda one: one.night))
        )

    def resource(self, number: int) -> Resource:
        rng = self.rng
        return Resource(
            f"r{number}",
            rng.choices(tuple(KINDS), (6, 3, 3, 1, 1))[0],
            rng.choice(self.accounts),
            rng.choice(self.regions),
            rng.choice(("", *OWNERS)),
            rng.choice((0, 0, 0, 0, 1, 2)),
            extra=rng.random() < 0.05,
        )

    def finding(self, number: int, resources: tuple[Resource, ...]) -> Finding:
        rng = self.rng
        first = rng.choice(resources)
        alike = [
            one
            for one in resources
            if (one.account, one.region, one.kind) == (first.account, first.region, first.kind)
        ]
        on = rng.sample(alike, 2) if len(alike) > 1 and rng.random() < 0.15 else [first]
        scan = rng.choice([scan for scan, _ in KINDS[first.kind].scans])
        born = rng.choice((0, 0, 0, 1, 2))
        severity = rng.choices(SEVERITIES, WEIGHTS)[0]
        return Finding(
            f"f{number}",
            tuple(one.key for one in on),
            severity,
            scan,
            rng.choice(("openssl", "zlib", "curl")),
            born,
        )

    def incident(self, world: World) -> Incident | None:
        rng = self.rng
        kind = rng.choices((*LASTING, *PASSING), (*LASTING.values(), *PASSING.values()))[0]
        night = rng.randrange(1 if kind in LASTING else 0, world.nights)
        lasts = 0 if kind in LASTING else rng.choice((1, 1, 1, 2, 3))
        if kind in (
            "patch",
            "vanish",
            "again",
            "remake",
            "worsen",
            "suppress",
            "forgotten",
            "touched",
        ):
            if not world.findings:
                return None
            one = rng.choice(world.findings)
            on = (
                [f.key for f in world.findings if set(f.on) & set(one.on)]
                if kind in SEVERAL and rng.random() < 0.3
                else [one.key]
            )
            return Incident(
                night, kind, tuple(on), rng.choice(SEVERITIES) if kind == "worsen" else "", lasts
            )
        if kind in ("terminate", "rename", "retag", "covered", "upgrade"):
            what = {
                "retag": rng.choice(("", *OWNERS)),
                "rename": f"name{rng.randrange(3)}",
                "covered": rng.choice(HALVES),
                "upgrade": rng.choice(("openssl", "zlib", "curl")),
            }.get(kind, "")
            return Incident(
                night,
                kind,
                (rng.choice(world.resources).key,),
                what,
                lasts if kind != "covered" else rng.choice((0, 1, 2)),
            )
        return Incident(night, kind, *self.place(kind), nights=lasts)

    def place(self, kind: str) -> tuple[tuple[str, ...], str]:
        """Where an incident is, and what it says."""
        rng = self.rng
        region, account = rng.choice(self.regions), rng.choice(self.accounts)
        at = {
            **dict.fromkeys(("suspended", "unnamed", "off", "off_quietly"), (region, account)),
            **dict.fromkeys(("clock", "store", "missed"), ()),
        }.get(kind, (region,))
        what = {
            **dict.fromkeys(("denied", "throttled"), rng.choice(OPERATIONS)),
            **dict.fromkeys(("off", "off_quietly"), rng.choice(SWITCHES)),
            "unnamed": rng.choice(("", "silent")),
            "clock": str(rng.choice((-30, -20, -3, 5, 20))),
            "lagging": str(rng.choice((-2, -1, 1, 2))),
            "store": f"{rng.choice(('fails', 'dies'))} {rng.randrange(1, 60)}",
        }.get(kind, "")
        return at, what
