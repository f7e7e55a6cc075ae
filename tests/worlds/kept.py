"""Worlds of which something untrue was said once, by what happens in them. Each is small."""

from __future__ import annotations

from tests.worlds.world import ADMIN, HALVES, KINDS, Finding, Incident, Resource, World

MEMBER = "222222222222"
HERE, THERE = "eu-west-1", "us-east-1"
HOST = Resource("r0")
OTHER = Resource("r1", region=THERE)
FLAW = Finding("f0", ("r0",))
NINE = tuple(Finding(f"f{n}", ("r0",), package=f"package{n}") for n in range(9))


def told(*incidents: Incident, nights: int = 3, **parts: object) -> World:
    """A world in which the host has a flaw, and another region has another host."""
    values: dict[str, object] = {"resources": (HOST, OTHER), "findings": (FLAW,), **parts}
    return World(incidents=incidents, nights=nights, **values)  # type: ignore[arg-type]  # fields by name


def denied(night: int, what: str = "ListCoverage", region: str = THERE) -> Incident:
    """A night on which a region cannot be read."""
    return Incident(night, "denied", (region,), what, 1)


def halves() -> tuple[Incident, ...]:
    """Each resource is half scanned in another way from the second night on."""
    return tuple(Incident(1, "covered", (f"r{n}",), half) for n, half in enumerate(HALVES))


KEPT: dict[str, World] = {
    "an owner changes in a partial night": told(
        denied(1), Incident(1, "retag", ("r0",), "search"), Incident(3, "patch", ("f0",)), nights=4
    ),
    "a finding is patched after a partial night": told(
        denied(1), Incident(2, "patch", ("f0",)), nights=3
    ),
    "a region is not read after it had findings": told(
        denied(1, "ListFindings", HERE), denied(1, "ListCoverage", HERE)
    ),
    "a region is no longer planned": told(Incident(1, "unplanned", (HERE,), nights=1)),
    "a region is not planned on the first night": told(Incident(0, "unplanned", (HERE,), nights=1)),
    "nothing is read on a day": told(denied(1), denied(1, "ListFindings", HERE)),
    "a member's status fails": told(
        Incident(1, "unnamed", (HERE, MEMBER), "silent", 1),
        resources=(Resource("r0", account=MEMBER),),
    ),
    "a member's status is throttled": told(
        Incident(1, "throttled", (HERE,), "BatchGetAccountStatus", 1),
        resources=(Resource("r0", account=MEMBER),),
    ),
    "a member is suspended": told(
        Incident(1, "suspended", (HERE, MEMBER), nights=1),
        resources=(Resource("r0", account=MEMBER), Resource("r2")),
    ),
    "a scan type is off, and coverage still says active": told(
        Incident(1, "off_quietly", (HERE, ADMIN), "ec2", 1)
    ),
    "a scan type is off": told(Incident(1, "off", (HERE, ADMIN), "ec2", 1)),
    "a scan type is off while the counts lag": told(
        Incident(1, "off_quietly", (HERE, ADMIN), "ec2", 1), Incident(1, "lagging", (HERE,), "2", 1)
    ),
    "a scan type is off, then unread, then on": told(
        Incident(0, "off", (HERE, ADMIN), "ec2", 2), denied(2, region=HERE), nights=4
    ),
    "a finding is forgotten while another changes": told(
        Incident(1, "forgotten", ("f0",), nights=1),
        Incident(1, "touched", ("f1",), nights=1),
        resources=(HOST, Resource("r2")),
        findings=(FLAW, Finding("f1", ("r2",))),
    ),
    "a finding is forgotten and not counted": told(
        Incident(1, "forgotten", ("f0",), nights=1), Incident(1, "uncounted", (HERE,), nights=1)
    ),
    "a finding is forgotten and the counts lag": told(
        Incident(1, "forgotten", ("f0",), nights=1), Incident(1, "lagging", (HERE,), "-1", 1)
    ),
    "findings vanish after an unread night": told(
        denied(1, region=HERE), Incident(2, "vanish", ("f0",)), findings=(FLAW, *NINE[1:3])
    ),
    "a finding is made anew and then vanishes": told(
        Incident(1, "remake", ("f0",)), Incident(2, "vanish", ("f0",)), findings=(FLAW, *NINE[1:3])
    ),
    "all findings of a host vanish": told(
        Incident(1, "vanish", tuple(one.key for one in NINE)), findings=NINE
    ),
    "a cell's only resource is terminated": told(Incident(1, "terminate", ("r0",))),
    "a finding of two resources with two owners": told(
        resources=(HOST, Resource("r2", owner="search")), findings=(Finding("f0", ("r0", "r2")),)
    ),
    "an owner changes of one of two resources": told(
        Incident(1, "retag", ("r2",), "search"),
        resources=(HOST, Resource("r2")),
        findings=(Finding("f0", ("r0", "r2")),),
    ),
    "a severity that does not exist yet": told(
        Incident(2, "patch", ("f0",)), findings=(Finding("f0", ("r0",), "APOCALYPTIC"),)
    ),
    "a scan type that does not exist yet": told(
        resources=(Resource("r0", extra=True), OTHER), findings=()
    ),
    "a resource type that does not exist yet": told(
        resources=(Resource("r0", "quantum"),), findings=()
    ),
    "a finding on two pages": told(
        Incident(1, "doubled", (HERE,), nights=1), findings=(FLAW, *NINE[1:3]), page=1
    ),
    "two scans on a day, the first partial": told(
        Incident(1, "clock", (), "20", 1), denied(1), Incident(2, "patch", ("f0",))
    ),
    "an unread account with a suppressed finding": told(
        Incident(0, "suppress", ("f9",)),
        Incident(0, "unnamed", (HERE, MEMBER), nights=1),
        resources=(Resource("r9", "ecr", MEMBER),),
        findings=(Finding("f9", ("r9",)),),
        nights=1,
        regions=(HERE,),
    ),
    "a scan that dies after its commit": told(Incident(1, "store", (), "dies 60", 1)),
    **{
        f"{kind} resources that are half scanned": World(
            tuple(Resource(f"r{n}", kind) for n in range(len(HALVES))), (), halves(), 2, (HERE,)
        )
        for kind in KINDS
    },
    "half scanned hosts with a low finding": World(
        tuple(Resource(f"r{n}") for n in range(len(HALVES))),
        tuple(Finding(f"f{n}", (f"r{n}",), "LOW") for n in range(len(HALVES))),
        halves(),
        2,
        (HERE,),
    ),
}
