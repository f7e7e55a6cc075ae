"""The default fleet: four accounts in two regions.

It has every case that answers must distinguish.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from sre_simulator.fleet.cell import GeneratedCell
from sre_simulator.fleet.exposures import code_flaws, open_ports
from sre_simulator.fleet.histories import Span, draw_life
from sre_simulator.fleet.lifecycle import DAY, state_at
from sre_simulator.fleet.organization import Fleet, Wire, enabled
from sre_simulator.fleet.resource import Life, Resource, Scan
from sre_simulator.fleet.resource_kinds import BUILDERS, Wanted
from sre_simulator.randomness import Dice
from sre_simulator.vulnerabilities.catalog import Catalogue
from sre_simulator.vulnerabilities.reference_data import PLATFORMS, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sre_simulator.vulnerabilities.vulnerability import Weakness

ACCOUNTS = ("111122223333", "444455556666", "777788889999", "123456789012")
REGIONS = ("eu-west-1", "us-east-1")
BUSY_INSTANCE = "i-0b36f1e4a7c92d508"
CLEAN_INSTANCE = "i-0c1ea9d24b7f36085"
SUPPRESSED_ONLY_INSTANCE = "i-05a2b7e91c64d3f80"
NETWORK_ONLY_INSTANCE = "i-0e7fb04c8d215a639"
FROZEN_INSTANCE = "i-0f405e2c9a17b3d86"
STOPPED_INSTANCE = "i-0570bb1ed64a8c293"
UNMANAGED_INSTANCE = "i-0a11de5c7f0293b46"

BUSY_COUNTS = {"CRITICAL": 24, "HIGH": 466, "MEDIUM": 437, "LOW": 84}
"""The ACTIVE findings of BUSY_INSTANCE on the newest day, by severity: 1,011 in all."""
_BUSY_EXTRA = 110

_IDS = {
    "busy": BUSY_INSTANCE,
    "clean": CLEAN_INSTANCE,
    "suppressed": SUPPRESSED_ONLY_INSTANCE,
    "network_only": NETWORK_ONLY_INSTANCE,
    "frozen": FROZEN_INSTANCE,
    "stopped": STOPPED_INSTANCE,
    "unmanaged": UNMANAGED_INSTANCE,
}
_REASONS = {  # case → reason of the package scan, reason of the network scan
    "network_only": ("NO_INVENTORY", "SUCCESSFUL"),
    "frozen": ("STALE_INVENTORY", "SUCCESSFUL"),
    "stopped": ("EC2_INSTANCE_STOPPED", "EC2_INSTANCE_STOPPED"),
    "unmanaged": ("UNMANAGED_EC2_INSTANCE", "SUCCESSFUL"),
    "unsupported": ("UNSUPPORTED_OS", "SUCCESSFUL"),
    "excluded": ("EXCLUDED_BY_TAG", "EXCLUDED_BY_TAG"),
    "expired": ("SCAN_ELIGIBILITY_EXPIRED", "SUCCESSFUL"),
    "pending": ("PENDING_INITIAL_SCAN", "PENDING_INITIAL_SCAN"),
}
_SCANS = {
    "ec2": ("PACKAGE", "NETWORK"),
    "ecr": ("PACKAGE",),
    "lambda": ("PACKAGE", "CODE"),
    "code": ("CODE",),
}
_STILL = {"frozen", "stopped", "clean", "suppressed", "network_only", "unmanaged"}


class _Line(NamedTuple):
    account: str
    region: str
    kind: str
    platform: str
    name: str
    team: str
    env: str
    size: int
    exposures: int
    case: str


def default_fleet(
    *, seed: int = 1, nights: int = 7, now: datetime | None = None, disabled: Sequence[str] = ()
) -> Fleet:
    """Returns the fleet of the demo and the tests: about 40 resources and 6,000 findings.

    The same seed, nights and now give the same bytes. `now` is the newest scan time (default: the
    current hour). In `disabled` accounts Inspector is off: no findings, no coverage. The third
    account never enabled code scanning of functions.
    """
    moments = last_nights(nights, now)
    catalogue = Catalogue()
    found: dict[tuple[str, str], list[Resource]] = {
        (region, account): [] for region in REGIONS for account in ACCOUNTS
    }
    for line in _lines():
        if line.account not in disabled:
            found[line.region, line.account].append(_resource(line, moments, catalogue, seed))
    cells = {
        (region, account): GeneratedCell(account, region, each, seed)
        for (region, account), each in found.items()
    }
    statuses = {account: enabled() for account in ACCOUNTS} | {
        ACCOUNTS[2]: enabled(lambdaCode="DISABLED")
    }
    statuses |= {account: dict.fromkeys(enabled(), "DISABLED") for account in disabled}
    return Fleet(
        ACCOUNTS, REGIONS, ACCOUNTS[0], moments, cells, statuses, (_suppression(moments[0]),)
    )


def last_nights(count: int, now: datetime | None) -> tuple[datetime, ...]:
    """Returns times one day apart, oldest first, ending at `now`.

    The default of `now` is the current hour.
    """
    last = (now or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)).astimezone(UTC)
    return tuple(last - timedelta(days=back) for back in range(count - 1, -1, -1))


def _lines() -> list[_Line]:
    return [
        _Line(
            ACCOUNTS[int(account)],
            REGIONS[int(region)],
            kind,
            platform,
            name,
            team,
            env,
            int(size),
            int(exposures),
            case,
        )
        for account, region, kind, platform, name, team, env, size, exposures, case in rows(
            "resources.tsv", "sre_simulator.fleet"
        )
    ]


def _resource(
    line: _Line, nights: tuple[datetime, ...], catalogue: Catalogue, seed: int
) -> Resource:
    dice = Dice("resource", seed, line)
    begins, ends = _existence(line, nights, dice)
    tags = {} if line.name == "-" else {"Name": line.name, "team": line.team, "env": line.env}
    if line.case == "excluded":
        tags["InspectorEc2Exclusion"] = "true"
    name = "" if line.name == "-" else line.name
    drawn = BUILDERS[line.kind](
        Wanted(
            line.account, line.region, line.platform, name, tags, begins, _IDS.get(line.case, "")
        )
    )
    resource = Resource(line.account, line.region, drawn, _scans(line, nights), begins, ends)
    if line.kind == "ec2" and line.env != "prod" and line.case not in _STILL:
        resource = replace(resource, phase=float(3600 + dice.below(7200)))
    own = (
        open_ports(drawn, line.exposures)
        if line.kind == "ec2"
        else code_flaws(drawn, _language(line), line.exposures)
    )
    span = Span.of(nights, begins, ends)
    chosen = (
        _busy(line, span, catalogue, dice)
        if line.case == "busy"
        else _ordinary(line, span, catalogue, dice)
    )
    lives = [draw_life(span, dice, "steady") for _ in own] + [life for _, life in chosen]
    shared = [weakness for weakness, _ in chosen]
    return replace(resource, own=own, shared=shared, lives=lives, size=len(lives))


def _language(line: _Line) -> str:
    return line.platform if line.kind in {"lambda", "code"} else "pip"


def _existence(line: _Line, nights: tuple[datetime, ...], dice: Dice) -> tuple[float, float]:
    first, last = nights[0].timestamp(), nights[-1].timestamp()
    begins = round(first - dice.between(30, 400) * DAY, 3)
    if line.case == "new" and len(nights) > 2:
        return round(nights[-2].timestamp() - 5 * 3600, 3), inf
    if line.case == "pending":
        return last - 1800, inf
    if line.case == "terminated" and len(nights) > 2:
        return begins, nights[len(nights) // 2].timestamp() - 4 * 3600
    return begins, inf


def _scans(line: _Line, nights: tuple[datetime, ...]) -> tuple[Scan, ...]:
    reasons: dict[str, str] = dict(
        zip(("PACKAGE", "NETWORK"), _REASONS.get(line.case, ()), strict=False)
    )
    mode = "EC2_SSM_AGENT_BASED" if line.kind == "ec2" else ""
    types = [each for each in _SCANS[line.kind] if each != "CODE" or line.account != ACCOUNTS[2]]
    scans = [
        Scan(each, reasons.get(each, "SUCCESSFUL"), mode if each == "PACKAGE" else "")
        for each in types
    ]
    stale = nights[0].timestamp() - 9 * DAY
    return tuple(
        scan if scan.reason == "SUCCESSFUL" else scan._replace(scanned=stale) for scan in scans
    )


def _weaknesses(line: _Line, catalogue: Catalogue, dice: Dice) -> Iterator[Weakness]:
    """Yields the vulnerabilities that the resource can have, in random order.

    A quarter of a machine's are in userland.
    """
    if line.platform not in PLATFORMS:
        return iter(
            dice.shuffled(catalogue.within("windows" if line.kind == "ec2" else line.platform))
        )
    known, revision = catalogue.known_on(line.platform), dice.below(3)
    if line.kind == "ecr":
        layer = f"sha256:{Dice('layer', line.platform).hex(64)}"
        libraries = catalogue.within(dice.pick(("npm", "pip", "maven", "go")), layer)
        return iter(
            dice.shuffled(
                [*catalogue.on(line.platform, known.userland, revision, layer), *libraries]
            )
        )
    found = dice.shuffled(known.userland)[: line.size // 4] + dice.shuffled(known.kernel)
    return catalogue.on(line.platform, found, revision)


def _ordinary(
    line: _Line, span: Span, catalogue: Catalogue, dice: Dice
) -> list[tuple[Weakness, Life]]:
    plot = {"suppressed": "suppressed", "frozen": "steady", "stopped": "steady"}.get(line.case, "")
    chosen = islice(_weaknesses(line, catalogue, dice), line.size)
    return [(weakness, draw_life(span, dice, plot)) for weakness in chosen]


def _busy(line: _Line, span: Span, catalogue: Catalogue, dice: Dice) -> list[tuple[Weakness, Life]]:
    """Returns vulnerabilities, so that the newest day has exactly the promised counts.

    Some more are closed or suppressed on that day.
    """
    room = dict(BUSY_COUNTS) | {"": _BUSY_EXTRA}
    chosen: list[tuple[Weakness, Life]] = []
    for weakness in _weaknesses(line, catalogue, dice):
        life = draw_life(span, dice)
        state = state_at(life, span.nights[-1], weakness.severity)
        bucket = state.severity if state and state.status == "ACTIVE" else ""
        if room.get(bucket):
            room[bucket] -= 1
            chosen.append((weakness, life))
        if not any(room.values()):
            break
    return chosen


def _suppression(since: datetime) -> Wire:
    account, rule_id = ACCOUNTS[0], Dice("filter").hex(16)
    arn = f"arn:aws:inspector2:{REGIONS[0]}:{account}:owner/{account}/filter/{rule_id}"
    rule: Wire = {
        "arn": arn,
        "ownerId": ACCOUNTS[0],
        "name": "accepted-risk-batch-host",
        "action": "SUPPRESS",
    }
    rule["criteria"] = {"resourceId": [{"comparison": "EQUALS", "value": SUPPRESSED_ONLY_INSTANCE}]}
    rule |= {
        "description": "Isolated batch host",
        "reason": "Accepted until its replacement",
        "tags": {},
    }
    created = since.timestamp() - 30 * DAY
    return rule | {"createdAt": created, "updatedAt": created}
