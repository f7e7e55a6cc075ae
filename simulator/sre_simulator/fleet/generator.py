"""A fleet of any size, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre_simulator.fleet.cell import GeneratedCell
from sre_simulator.fleet.exposures import open_ports
from sre_simulator.fleet.histories import SharedLives, Span, draw_life
from sre_simulator.fleet.lifecycle import DAY
from sre_simulator.fleet.organization import Fleet, enabled
from sre_simulator.fleet.resource import Resource, Scan
from sre_simulator.fleet.resource_kinds import BUILDERS, Wanted
from sre_simulator.fleet.scenarios import ACCOUNTS, last_nights
from sre_simulator.randomness import Dice
from sre_simulator.vulnerabilities.catalog import Catalogue
from sre_simulator.vulnerabilities.reference_data import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sre_simulator.fleet.resource import Life
    from sre_simulator.vulnerabilities.vulnerability import Weakness

_TEAMS = ("payments", "search", "platform", "data", "security")
_ENVS = ("prod", "prod", "stage", "dev")
_KINDS = ("ec2",) * 8 + ("ecr", "lambda")
_LIVES = 1024
_OLDEST = 400 * DAY


def large_fleet(
    findings: int,
    *,
    seed: int = 1,
    accounts: int = 5,
    regions: Sequence[str] = ("eu-west-1",),
    now: datetime | None = None,
    nights: int = 7,
) -> Fleet:
    """Returns a fleet with exactly this number of findings on its newest day.

    The number includes all statuses. There are about 1,000 findings per instance, distributed
    evenly over accounts and regions. The first account is the delegated administrator.
    """
    moments = last_nights(nights, now)
    maker = _Maker(moments, seed)
    names = account_ids(accounts)
    places = [(region, account) for region in regions for account in names]
    base, rest = divmod(findings, len(places))
    cells = {
        (region, account): GeneratedCell(
            account, region, list(maker.resources(account, region, base + (place < rest))), seed
        )
        for place, (region, account) in enumerate(places)
    }
    return Fleet(
        names, tuple(regions), names[0], moments, cells, {account: enabled() for account in names}
    )


def account_ids(count: int) -> tuple[str, ...]:
    """Returns a number of account ids, starting with those of the AWS documentation."""
    return (
        *ACCOUNTS[:count],
        *(f"{200000000000 + 1000003 * number}" for number in range(count - len(ACCOUNTS))),
    )


class _Maker:
    """Makes resources that share lists of vulnerabilities and a table of lives."""

    def __init__(self, nights: tuple[datetime, ...], seed: int) -> None:
        self._begins = nights[0].timestamp() - _OLDEST
        self._seed = seed
        self._catalogue = Catalogue()
        self._lists: dict[tuple[str, int], list[Weakness]] = {}
        span = Span.of(nights, self._begins)
        dice = Dice("lives", seed)
        self._lives: list[Life] = [draw_life(span, dice) for _ in range(_LIVES)]

    def resources(self, account: str, region: str, findings: int) -> Iterator[Resource]:
        """Yields resources until all findings are used; the last can have fewer."""
        dice = Dice("large", self._seed, account, region)
        number = 0
        while findings > 0:
            number += 1
            resource = self._resource(account, region, _KINDS[number % len(_KINDS)], number, dice)
            resource.size = min(findings, len(resource.own) + len(resource.shared))
            findings -= resource.size
            yield resource

    def _resource(self, account: str, region: str, kind: str, number: int, dice: Dice) -> Resource:
        team, env = dice.pick(_TEAMS), dice.pick(_ENVS)
        platform = (
            dice.pick(("npm", "pip", "maven", "go")) if kind == "lambda" else dice.pick(PLATFORMS)
        )
        name = f"{team}/service-{number}" if kind == "ecr" else f"{env}-{team}-{number}"
        tags = {} if dice.chance(0.05) else {"Name": name, "team": team, "env": env}
        drawn = BUILDERS[kind](Wanted(account, region, platform, name, tags, self._begins))
        scans = (
            (Scan("PACKAGE", mode="EC2_SSM_AGENT_BASED"), Scan("NETWORK"))
            if kind == "ec2"
            else (Scan("PACKAGE"),)
        )
        shared = self._shared(kind, platform, dice.below(2))
        own = open_ports(drawn, dice.below(3)) if kind == "ec2" else []
        phase = float(dice.below(7200)) if kind == "ec2" and env == "dev" else None
        lives = SharedLives(self._lives, dice.below(2**20))
        return Resource(
            account,
            region,
            drawn,
            scans,
            self._begins,
            phase=phase,
            own=own,
            shared=shared,
            lives=lives,
        )

    def _shared(self, kind: str, platform: str, variant: int) -> list[Weakness]:
        key = (f"{kind}/{platform}", variant)
        if key not in self._lists:
            self._lists[key] = self._chosen(kind, platform, variant)
        return self._lists[key]

    def _chosen(self, kind: str, platform: str, variant: int) -> list[Weakness]:
        if kind == "lambda":
            return self._catalogue.within(platform)
        dice = Dice("list", self._seed, kind, platform, variant)
        layer = f"sha256:{Dice('layer', platform).hex(64)}" if kind == "ecr" else ""
        known = self._catalogue.known_on(platform)
        if kind == "ec2":
            found = dice.shuffled(known.userland + known.kernel)[: 900 + dice.below(200)]
            return list(self._catalogue.on(platform, found, variant))
        userland = list(self._catalogue.on(platform, known.userland, variant, layer))
        return userland + self._catalogue.within(dice.pick(("npm", "pip", "maven", "go")), layer)
