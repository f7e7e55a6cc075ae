"""Fleets to serve.

They are the default fleet, a fleet of any size, and one replayed from recorded or synthetic
findings.
"""

from sre_simulator.fleet.generator import large_fleet
from sre_simulator.fleet.organization import Fleet
from sre_simulator.fleet.replay import invented_fleet, replay_fleet
from sre_simulator.fleet.scenarios import (
    BUSY_COUNTS,
    BUSY_INSTANCE,
    CLEAN_INSTANCE,
    FROZEN_INSTANCE,
    NETWORK_ONLY_INSTANCE,
    STOPPED_INSTANCE,
    SUPPRESSED_ONLY_INSTANCE,
    UNMANAGED_INSTANCE,
    default_fleet,
)

__all__ = [
    "BUSY_COUNTS",
    "BUSY_INSTANCE",
    "CLEAN_INSTANCE",
    "FROZEN_INSTANCE",
    "NETWORK_ONLY_INSTANCE",
    "STOPPED_INSTANCE",
    "SUPPRESSED_ONLY_INSTANCE",
    "UNMANAGED_INSTANCE",
    "Fleet",
    "default_fleet",
    "invented_fleet",
    "large_fleet",
    "replay_fleet",
]
