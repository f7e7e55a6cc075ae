"""Versions are ordered as by their package manager, and invalid versions are not compared."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import assume, find, given
from hypothesis import strategies as st
from univers.debian import compare_versions
from univers.rpm import compare_rpm_versions

from sre_findings.remediation.version_order import GENERIC, newest, readable, scheme_of
from sre_findings.rows.values import NOT_AVAILABLE, version_of

# Each chain is ordered from the oldest to the newest version.
CHAINS = {
    "deb": [
        [
            "1.0~~",
            "1.0~rc1",
            "1.0-0~1",
            "1.0",
            "1.0-0ubuntu1",
            "1.0-1~bpo1",
            "1.0-1",
            "1.0-1+b1",
            "1.0a",
            "1.0+dfsg",
            "1.0.1",
            "1:0.1",
        ],
        [
            "0:2.9.4+dfsg1-7",
            "0:2.9.4+dfsg1-7+b3",
            "0:2.9.4+dfsg1-7+deb10u4",
            "0:2.9.4+dfsg1-7+deb10u10",
        ],
        ["0:5.15.0.1038.43~20.04.27", "0:5.15.0.1041.46~20.04.30", "0:5.15.0.1044.49~20.04.32"],
        ["1+2-1", "1-2-1", "1.2-1"],
        [
            "1.1.1k-1",
            "1.1.1n-0+deb10u3",
            "1.1.1n-0+deb11u1",
            "3.0.2-0ubuntu1.9",
            "3.0.2-0ubuntu1.10",
        ],
    ],
    "rpm": [
        ["1.0~rc1", "1.0", "1.0^git1", "1.0.1", "1.9", "1.10", "1:0.1"],
        [
            "0:4.14.232-123.381.amzn1",
            "0:4.14.238-125.421.amzn1",
            "0:4.14.238-125.422.amzn1",
            "0:5.10.1-1.amzn2",
        ],
        ["0:2.9.1-6.el7_2.3", "0:2.9.1-6.el7.4"],
        ["2.0", "2.0.1", "2.0.1a", "5.5p1", "5.5p2", "5.5p10", "10a2", "10b2", "10xyz", "10.1xyz"],
    ],
    "apk": [
        [
            "1.0_alpha1-r0",
            "1.0_beta-r0",
            "1.0_rc1-r0",
            "1.0-r0",
            "1.0-r10",
            "1.0_p1-r0",
            "1.0.1-r0",
            "1.1.1k-r0",
            "1.1.1t-r2",
        ],
        ["3.0.6-r0", "0:3.0.7-r2", "3.0.8-r0", "3.0.10-r0"],
    ],
    "npm": [
        [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2",
            "1.10.0",
            "4.17.21",
        ]
    ],
    "pypi": [
        [
            "1.0.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0.post1",
            "1.9",
            "1.10",
            "43.0.1",
            "46.0.5",
            "1!0.1",
        ]
    ],
    "maven": [
        [
            "1.0-alpha-1",
            "1.0-beta-1",
            "1.0-M1",
            "1.0-RC1",
            "1.0-SNAPSHOT",
            "1.0",
            "1.0-sp",
            "1.0.1",
            "1.9",
            "1.10",
        ],
        ["4.1.68.Final", "4.1.77.Final", "4.1.100.Final"],
        ["30.0-jre", "31.1-jre", "32.0.0-jre", "32.0.1-jre"],
        ["9.4.41.v20210516", "9.4.51.v20230217", "10.0.0-beta2", "10.0.0"],
        ["2.9.10.7", "2.9.10.8", "2.12.6.1", "2.13.0", "2.13.4.1", "2.13.4.2"],
    ],
    "gem": [["2.0.0.pre1", "2.0.0.rc1", "2.0.0", "2.0.0.1", "2.2.6.3", "2.2.6.4", "2.2.10"]],
    "nuget": [
        [
            "1.0.0-alpha",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc",
            "1.0.0",
            "1.0.0.1",
            "1.0.2",
            "1.0.10",
        ]
    ],
    "golang": [
        [
            "v0.0.0-20190308221718-c2843e01d9a2",
            "v0.0.0-20220314234659-1baeb1ce4c0b",
            "v0.1.0",
            "1.2.0+incompatible",
            "1.17.7",
        ],
    ],
    "cargo": [["0.9.0", "0.10.0-rc.1", "0.10.0", "1.0.0"]],
    "composer": [
        [
            "v4.4.9",
            "v4.4.10",
            "5.0.0-beta2",
            "5.0.0-beta10",
            "5.0.0-RC1",
            "5.0.0",
            "5.0.0.1",
            "v5.0.1",
        ]
    ],
    GENERIC: [
        ["1.24.6", "1.25.2", "1.25.10", "1.26.0-rc.3", "1.26.0", "1.26.1"],
        ["10.0.17763.4131", "10.0.17763.5329"],
    ],
}
PAIRS = [
    (scheme, *pair)
    for scheme, chains in CHAINS.items()
    for chain in chains
    for pair in combinations(chain, 2)
]
WORDS = [
    *".-_+~^:",
    *"0129",
    "10",
    "a",
    "b",
    "rc",
    "alpha",
    "final",
    "jre",
    "sp",
    "dev",
    "p",
    "r1",
    "x",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=7).map("".join).map("1{}".format)
SCHEMES = st.sampled_from(sorted(CHAINS))


@pytest.mark.parametrize(("scheme", "older", "newer"), PAIRS)
def test_the_newest_is_what_its_package_manager_says(scheme: str, older: str, newer: str) -> None:
    assert newest([older, newer], scheme) == newer
    assert newest([newer, older], scheme) == newer


@pytest.mark.parametrize(
    ("scheme", "chain"), [(scheme, chain) for scheme, chains in CHAINS.items() for chain in chains]
)
def test_the_newest_of_many_is_the_last_of_its_chain(scheme: str, chain: list[str]) -> None:
    assert newest(reversed(chain), scheme) == chain[-1]


NUMBERS = st.sampled_from(["", "0", "00", "1", "2", "10"])
SIGNS = st.sampled_from(["a", "b", "ab", ".", "+", "~", "~~", "^", "_", ".~", "Z"])
PIECES = st.lists(st.tuples(SIGNS, NUMBERS), max_size=4).map(
    lambda pieces: "".join(map("".join, pieces))
)
VERSIONS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "0:", "1:"]),
    st.sampled_from("012"),
    PIECES,
    PIECES.map(lambda text: f"-{text}" if text else ""),
)


@given(VERSIONS, VERSIONS)
def test_the_order_of_dpkg_is_univers_own(a: str, b: str) -> None:
    a, b = (text.translate(str.maketrans("^_", "..")) for text in (a, b))
    expected = compare_versions(a, b)
    assert newest([a, b], "deb") == (a if expected > 0 else b if expected < 0 else min(a, b))


@given(VERSIONS, VERSIONS)
def test_the_order_of_rpm_is_univers_own(a: str, b: str) -> None:
    expected = compare_rpm_versions(a, b)
    assert newest([a, b], "rpm") == (a if expected > 0 else b if expected < 0 else min(a, b))


@given(SCHEMES, st.lists(TEXTS, min_size=1, max_size=5))
def test_whatever_is_readable_can_be_compared(scheme: str, texts: list[str]) -> None:
    versions = [text for text in texts if readable(text, scheme)]
    assume(versions)
    assert newest(versions, scheme) in versions or scheme == "maven"


@given(SCHEMES, st.lists(TEXTS, min_size=1, max_size=5))
def test_the_newest_does_not_depend_on_the_order_of_asking(scheme: str, texts: list[str]) -> None:
    assert newest(texts, scheme) == newest(texts[::-1], scheme) == newest([*texts, *texts], scheme)


@given(SCHEMES, st.lists(TEXTS, min_size=2, max_size=5))
def test_nothing_is_newer_than_the_newest(scheme: str, texts: list[str]) -> None:
    best = newest(texts, scheme)
    assert best is None or all(
        newest([best, text], scheme) in (best, min(best, text)) for text in texts
    )


def test_some_of_the_texts_have_a_newest() -> None:
    assert find(
        st.lists(TEXTS, min_size=2, max_size=5), lambda texts: newest(texts, "rpm") is not None
    )


@pytest.mark.parametrize("scheme", sorted(CHAINS))
@pytest.mark.parametrize(
    "text",
    ["", NOT_AVAILABLE, "1.2, 2.3", "$(x)", "1;2", "1 2", "1\n", "١.٢", "latest", "9" * 5000, "-1"],
)
def test_a_version_that_nobody_writes_is_not_compared(scheme: str, text: str) -> None:
    assert not readable(text, scheme)
    assert newest(["1.0", text], scheme) is None


def test_words_that_only_their_authors_understand_are_not_compared() -> None:
    assert newest(["1.0", "1.0-jre"], GENERIC) is None
    assert newest(["1.2.3.4", "1.2.3.5"], "npm") is None
    assert newest(["1.0", "1.0-"], "deb") is None


def test_a_circle_of_mavens_own_making_has_no_newest() -> None:
    assert newest(["1-RC", "1", "1.sp"], "maven") is None


def test_one_version_needs_no_comparing() -> None:
    assert newest([], "deb") is None
    assert newest(["whatever it is"], "deb") == "whatever it is"
    assert newest(["whatever it is", "whatever it is"], "deb") == "whatever it is"


@pytest.mark.parametrize(
    ("manager", "platform", "scheme"),
    [
        ("OS", "AMAZON_LINUX", "rpm"),
        ("OS", "AMAZON_LINUX_2", "rpm"),
        ("OS", "CENTOS_7", "rpm"),
        ("OS", "UBUNTU_20_04", "deb"),
        ("OS", "DEBIAN_10", "deb"),
        ("OS", "ALPINE_LINUX_3_8", "apk"),
        ("OS", "WINDOWS_SERVER_2019", GENERIC),
        ("OS", "", GENERIC),
        ("PYTHON", "PYTHON_3_12", "pypi"),
        ("PIP", "UBUNTU_20_04", "pypi"),
        ("NODEPKG", "", "npm"),
        ("JAR", "", "maven"),
        ("GEMSPEC", "", "gem"),
        ("GO", "", "golang"),
        ("DOTNET_CORE", "", "nuget"),
        ("COMPOSER", "", "composer"),
        ("CARGO", "", "cargo"),
        ("GENERIC", "PYTHON_3_12", GENERIC),
        ("", "", GENERIC),
    ],
)
def test_the_scheme_follows_from_the_package_manager_and_the_platform(
    manager: str, platform: str, scheme: str
) -> None:
    assert scheme_of(manager, platform) == scheme


def test_every_package_manager_of_the_service_has_a_scheme() -> None:
    botocore = pytest.importorskip("botocore.session")
    managers = (
        botocore.get_session().get_service_model("inspector2").shape_for("PackageManager").enum
    )
    assert {
        manager for manager in managers if scheme_of(manager, "UBUNTU_20_04") == GENERIC
    } == set()


def test_every_fixed_version_that_was_recorded_is_newer_than_what_it_fixes(
    real_findings: list[Path],
) -> None:
    compared = 0
    for finding in (
        json.loads(line) for path in real_findings for line in path.read_text().splitlines()
    ):
        details = finding["resources"][0].get("details", {})
        platform = next((kind["platform"] for kind in details.values() if kind.get("platform")), "")
        for package in finding.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", []):
            fixed = package.get("fixedInVersion") or NOT_AVAILABLE
            if fixed != NOT_AVAILABLE:
                scheme = scheme_of(package["packageManager"], platform)
                assert newest([version_of(package), fixed], scheme) == fixed
                compared += 1
    assert compared > 300


def test_nothing_is_imported_until_versions_are_compared() -> None:
    script = (
        "import sys; from sre_findings.remediation.fix_plan import plan; from sre_findings.remediation.commands"
        " import command; plan([])\nprint({name.partition('.')[0] for name in sys.modules} &"
        " {'univers', 'packaging', 'semver', 'attr', 'duckdb'})"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
        == "set()\n"
    )
