"""Live context of a resource as text.

It has state, patches, agent and CPU of an instance, or the clusters that run an image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from sre_cli.render.terminal import cut, printable
from sre_cli.render.wrapping import labelled
from sre_findings.model.resources.aws_context import (
    HOURS,
    Agent,
    CallResult,
    Cluster,
    Context,
    Cpu,
    Instance,
    PatchState,
)
from sre_findings.model.timestamps import iso

T = TypeVar("T")

_LABEL = 9  # cells: the longest label and a space
_TAGS, _TAG = 4, 40  # tags shown, and cells of each; JSON has all
_BARS = "▁▂▃▄▅▆▇█"


def context_lines(context: Context, known_name: str, width: int | None) -> Iterator[str]:
    """Yields one line for each part of the context, wrapped to ``width``.

    Yields none if nothing was checked, because the notes give the reasons. ``known_name`` is not
    repeated.
    """
    if not any(part.checked for part in context.results):
        return
    if context.clusters.checked:
        none = "no cluster known to Inspector; the image may run elsewhere"
        yield from _line("Runs in", context.clusters, _clusters, none, width)
        return

    def instance(one: Instance) -> list[str]:
        return _instance(one, known_name)

    none = "EC2 has no such instance in this account and region"
    yield from _line("State", context.instance, instance, none, width)
    none = "no data: Patch Manager has not scanned the instance"
    yield from _line("Patches", context.patches, _patches, none, width)
    yield from _line("Agent", context.agent, _agent, "none: SSM does not manage it", width)
    yield from _line("CPU", context.cpu, _cpu, f"no data in the last {HOURS} h", width)


def context_source(context: Context) -> str:
    """Returns the services, account and region of the context, and the time of the query.

    Empty if nothing was checked.
    """
    checked = [
        (part.source.split(maxsplit=1)[0], part.asked_at)
        for part in context.results
        if part.checked and part.asked_at
    ]
    if not checked:
        return ""
    names = ", ".join(dict.fromkeys(service for service, _ in checked))
    account = f"account {context.account_id}, " if context.account_id else ""
    requested = iso(min(moment for _, moment in checked).replace(microsecond=0))
    return f"Context: {names} in {account}{context.region}, queried at {requested}."


def _line(
    label: str,
    result: CallResult[T],
    words: Callable[[T], Sequence[str]],
    none: str,
    width: int | None,
) -> list[str]:
    value = none if result.value is None else ", ".join(words(result.value))
    return labelled(f"{label:{_LABEL}}", value if result.checked else "not checked", width)


def _instance(one: Instance, known_name: str) -> list[str]:
    named = f"now named {one.name}" if one.name != known_name else ""
    words = (
        one.state or "state unknown",
        named,
        one.instance_type,
        one.image_id,
        _at("launched", one.launched_at),
    )
    addresses = [
        *_each("private", one.private_addresses),
        *_each("public", one.public_addresses),
        *one.ipv6_addresses,
    ]
    return [word for word in (*words, *addresses, one.vpc_id, _tags(one)) if word]


def _each(what: str, addresses: Sequence[str]) -> list[str]:
    return [f"{what} {address}" for address in addresses]


def _tags(one: Instance) -> str:
    """Returns the first tags by name, each shortened, and the number of others."""
    texts = [
        cut(printable(f"{key}={value}"), _TAG)
        for key, value in sorted(one.tags.items())
        if key != "Name"
    ]
    more = f" and {len(texts) - _TAGS} more" if len(texts) > _TAGS else ""
    return f"tags {', '.join(texts[:_TAGS])}{more}" if texts else ""


def _patches(one: PatchState) -> list[str]:
    counts = [
        _count(one.missing, "missing"),
        _count(one.failed, "failed"),
        _count(one.installed, "installed"),
    ]
    reboot = _count(one.pending_reboot, "pending reboot") if one.pending_reboot else ""
    ended = _at(f"{one.operation or 'operation'} ended", one.operation_ended_at)
    baseline = f"baseline {one.baseline_id}" if one.baseline_id else ""
    return [word for word in (*counts, reboot, ended, baseline) if word]


def _clusters(every: Sequence[Cluster]) -> list[str]:
    return [", ".join(_cluster(one)) for one in every]


def _cluster(one: Cluster) -> list[str]:
    place, _, name = one.arn.partition(":cluster/")
    _, _, service, region, account, *_ = [*place.split(":"), "", "", "", "", ""]
    where = f"{service.upper()} {name or one.arn} ({account} {region})" if name else one.arn
    units = f"{_count(one.running, 'running')}, {one.stopped or 0:,} stopped in the last day"
    return [
        where,
        units,
        *one.workloads,
        *([_at("last used", one.last_in_use_at)] if one.last_in_use_at else []),
    ]


def _count(number: int | None, what: str) -> str:
    return f"{what}: unknown" if number is None else f"{number:,} {what}"


def _agent(one: Agent) -> list[str]:
    words = (
        one.ping_status or "status unknown",
        one.agent_version,
        _at("last ping", one.last_ping_at),
        one.platform,
    )
    return [word for word in words if word]


def _cpu(one: Cpu) -> list[str]:
    return [
        f"average {one.average:.1f} %",
        f"maximum {one.maximum:.1f} % in {len(one.hours)} h  {_sparkline(one.hours)}",
    ]


def _sparkline(hours: Sequence[float | None]) -> str:
    """Returns one bar for each hour, oldest first, on a scale from 0 to 100 %.

    An hour without data is a dot.
    """
    return "".join(
        "·" if value is None else _BARS[min(max(int(value / 100 * len(_BARS)), 0), len(_BARS) - 1)]
        for value in hours
    )


def _at(what: str, moment: datetime | None) -> str:
    return f"{what} {iso(moment)}" if moment else ""
