"""The upgrade that resolves a single finding, as the fix plan would do it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from sre_findings.model.findings.finding import Package as Affected
from sre_findings.remediation.commands import command
from sre_findings.remediation.fix_plan import INSTANCE, Line, Need, Package, plan


class Upgrade(NamedTuple):
    """The command that upgrades the packages, empty if none is safe, and whether to reboot then."""

    command: str = ""
    reboot: bool = False


def single_line(kind: str, platform: str, packages: tuple[Package, ...]) -> Line | None:
    """The line of a fix plan for one finding; None without a fixed version of each package."""
    return next(iter(plan([Need(0, kind, platform, packages, 1, 0, (1,), 1.0)])), None)


def instance_upgrade(platform: str, packages: Sequence[Affected]) -> Upgrade:
    """The upgrade of the packages of a finding on an instance."""
    named = {Package(one.manager or "", one.name, one.fixed_in or "") for one in packages}
    return _upgrade(platform, tuple(sorted(named)))


@functools.lru_cache(maxsize=4096)
def _upgrade(platform: str, packages: tuple[Package, ...]) -> Upgrade:
    line = single_line(INSTANCE, platform, packages)
    return Upgrade(command(line) or "", line.reboot) if line else Upgrade()
