"""The upgrade of a single finding is the one of the fix plan, with the same strict commands."""

from __future__ import annotations

import pytest

from sre_findings.model.findings.finding import Package
from sre_findings.remediation.single_upgrade import Upgrade, instance_upgrade

AMAZON = "AMAZON_LINUX_2023"


def package(name: str, fixed_in: str | None = "1:2.0-1") -> Package:
    return Package(name, "1.0-1", fixed_in, "OS")


def test_all_packages_of_the_finding_are_upgraded_once() -> None:
    packages = [package("openssl"), package("openssl-libs"), package("openssl")]
    words = "dnf upgrade --releasever=latest openssl openssl-libs"
    assert instance_upgrade(AMAZON, packages) == Upgrade(words)


def test_a_kernel_needs_a_reboot() -> None:
    assert instance_upgrade("AMAZON_LINUX_2", [package("kernel")]) == Upgrade(
        "yum update kernel", reboot=True
    )


@pytest.mark.parametrize(
    "packages",
    [
        [],
        [package("openssl", None)],
        [package("openssl"), package("glibc", "NotAvailable")],
        [package("openssl; rm -rf /")],
        [package("openssl", "$(x)")],
        [package("--root=/")],
    ],
    ids=["none", "no fix", "a part without fix", "shell", "version", "option"],
)
def test_without_a_safe_upgrade_there_is_no_command(packages: list[Package]) -> None:
    assert instance_upgrade(AMAZON, packages) == Upgrade()
