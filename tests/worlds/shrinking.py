"""Makes a failing world smaller, by leaving out one part after the other while it still fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from tests.worlds.play import play
from tests.worlds.world import KINDS, OWNERS, Finding, Resource, World

P = TypeVar("P")
TRIES = 150
PAGE = 50  # the default of a world


def shrink(world: World, kind: str, tries: int = TRIES) -> World:
    """The smallest world found that still has an untruth of this kind."""
    played = play(world, until=kind)
    only, last = played.by[kind], played.first(kind).night
    early = tuple(one for one in world.incidents if one.night <= last)
    world, smaller = replace(world, nights=last + 1, incidents=early), True
    while smaller and tries > 0:
        smaller = False
        for one in simpler(world):
            tries -= 1
            if kind in play(one, until=kind, only=only).kinds:
                world, smaller = one, True
                break
            if tries <= 0:
                break
    return world


def simpler(world: World) -> Iterator[World]:
    """Worlds with one part less, those that save most first."""
    half = len(world.incidents) // 2
    if half:
        yield replace(world, incidents=world.incidents[half:])
        yield replace(world, incidents=world.incidents[:half])
    for number in range(len(world.incidents)):
        yield replace(world, incidents=_without(world.incidents, number))
    half = len(world.resources) // 2
    for some in (
        world.resources[:half],
        world.resources[half:],
        *((one,) for one in world.resources),
    ):
        if some and half:
            yield without(world, some)
    for number in range(len(world.findings)):
        yield replace(world, findings=_without(world.findings, number))
    if world.nights > 1 and all(one.night for one in world.incidents):
        yield sooner(world)
    used = {one.region for one in world.resources} | {
        place for i in world.incidents for place in i.at
    }
    for region in world.regions[1:]:
        if region not in used:
            yield replace(world, regions=tuple(one for one in world.regions if one != region))
    yield from plainer(world)


def _without(some: tuple[P, ...], number: int) -> tuple[P, ...]:
    return (*some[:number], *some[number + 1 :])


def without(world: World, gone: tuple[Resource, ...]) -> World:
    """The world without some resources, and the findings on them alone."""
    keys = {one.key for one in gone}
    findings = tuple(
        replace(one, on=on)
        for one in world.findings
        if (on := tuple(key for key in one.on if key not in keys))
    )
    return replace(
        world,
        resources=tuple(one for one in world.resources if one.key not in keys),
        findings=findings,
    )


def sooner(world: World) -> World:
    """The world with everything one night earlier."""
    return replace(
        world,
        nights=world.nights - 1,
        incidents=tuple(replace(one, night=one.night - 1) for one in world.incidents),
        resources=tuple(replace(one, born=max(one.born - 1, 0)) for one in world.resources),
        findings=tuple(replace(one, born=max(one.born - 1, 0)) for one in world.findings),
    )


def plainer(world: World) -> Iterator[World]:
    """The world with one part more like the usual."""
    if world.required:
        yield replace(world, required=False)
    if world.page != PAGE:
        yield replace(world, page=PAGE)
    for number, one in enumerate(world.resources):
        for usual in (
            replace(one, extra=False),
            replace(one, born=0),
            replace(one, owner=OWNERS[0]),
        ):
            if usual != one:
                yield replace(
                    world,
                    resources=(*world.resources[:number], usual, *world.resources[number + 1 :]),
                )
    for number, found in enumerate(world.findings):
        scan = _first_scan(world, found)
        for plain in (
            replace(found, severity="HIGH"),
            replace(found, scan=scan),
            replace(found, born=0),
            replace(found, package="openssl"),
        ):
            if plain != found:
                yield replace(
                    world, findings=(*world.findings[:number], plain, *world.findings[number + 1 :])
                )


def _first_scan(world: World, found: Finding) -> str:
    kind = next((one.kind for one in world.resources if one.key == found.on[0]), "ec2")
    return KINDS[kind].scans[0][0]
