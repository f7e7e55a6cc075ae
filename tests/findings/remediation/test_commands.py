"""A command is given only if it is safe and works; texts of findings reach a shell only quoted."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sre_findings.remediation.commands import advice, command
from sre_findings.remediation.fix_plan import CODE, FUNCTION, IMAGE, INSTANCE, Line, Package

AMAZON_2 = "AMAZON_LINUX_2"
HOSTILE = [
    "; rm -rf /",
    "$(x)",
    "`x`",
    "a\nb",
    "a b",
    "-o",
    "--root=/",
    "a;b",
    "a|b",
    "a&b",
    "a>b",
    "a'b",
    'a"b',
    "a*",
    "@g",
    "../x",
    "/etc/passwd",
    "https://example.test/x",
    "a=1",
    "!a",
    "~a",
    "",
    "а",
    "a\0",
    "a\u202e",
    "x" * 300,
]
BAD_VERSIONS = [
    "; rm -rf /",
    "$(x)",
    "`x`",
    "1\n2",
    "1 2",
    "-o",
    "--force",
    "1;2",
    "1|2",
    "1'2",
    "latest",
    "",
    "1*",
    "./1",
    "1" * 300,
]
EVERY = [
    ("OS", "UBUNTU_22_04", "1-1"),
    ("OS", AMAZON_2, "1-1"),
    ("OS", "AMAZON_LINUX_2023", "1-1"),
    ("OS", "SUSE_15", "1-1"),
    ("OS", "ALPINE_LINUX_3_8", "1-r1"),
    ("PIP", "", "1"),
    ("NPM", "", "1.0.0"),
    ("YARN", "", "1.0.0"),
    ("PNPM", "", "1.0.0"),
    ("GOMOD", "", "1.0.0"),
]


def line(
    *packages: Package, platform: str = AMAZON_2, kind: str = INSTANCE, reboot: bool = False
) -> Line:
    return Line(kind, platform, packages, (1,), 1, 0, (1, 0, 0, 0, 0, 0, 0), 1.0, reboot)


@pytest.mark.parametrize(
    ("platform", "fixed_in", "expected"),
    [
        ("AMAZON_LINUX", "0:4.14.299-152.520.amzn1", "yum update curl"),
        ("AMAZON_LINUX_2018_03", "1-1", "yum update curl"),
        ("AMAZON_LINUX_2", "0:7.88.0-1.amzn2.0.1", "yum update curl"),
        ("AMAZON_LINUX_2023", "8.5.0-1.amzn2023", "dnf upgrade --releasever=latest curl"),
        ("CENTOS_7", "0:2.9.1-6.el7.4", "yum update curl"),
        ("RHEL_7", "1-1", "yum update curl"),
        ("RHEL_8", "1-1", "dnf upgrade curl"),
        ("ROCKY_LINUX_9", "1-1", "dnf upgrade curl"),
        ("ORACLE_LINUX_10", "1-1", "dnf upgrade curl"),
        ("FEDORA_42", "1-1", "dnf upgrade curl"),
        ("FEDORA", "1-1", "dnf upgrade curl"),
        ("CENTOS", "1-1", "yum update curl"),
        ("SUSE_LINUX_ENTERPRISE_15", "1-1", "zypper update curl"),
        ("SLES_12", "1-1", "zypper update curl"),
        ("OPENSUSE_LEAP_15_6", "1-1", "zypper update curl"),
        (
            "UBUNTU_20_04",
            "0:7.68.0-1ubuntu2.19",
            "apt-get update && apt-get install --only-upgrade curl",
        ),
        (
            "DEBIAN_12",
            "1:7.88.1-10+deb12u5",
            "apt-get update && apt-get install --only-upgrade curl",
        ),
        ("ALPINE_LINUX_3_8", "8.5.0-r0", "apk add --update-cache --upgrade curl"),
        ("PHOTON_5", "1-1", None),
        ("WINDOWS_SERVER_2019", "10.0.17763.5329", None),
        ("MACOS_14", "1.0", None),
        ("", "1.0", None),
    ],
)
def test_the_platform_decides_how_its_packages_are_upgraded(
    platform: str, fixed_in: str, expected: str | None
) -> None:
    assert command(line(Package("OS", "curl", fixed_in), platform=platform)) == expected


@pytest.mark.parametrize(
    ("manager", "name", "fixed_in", "expected"),
    [
        ("PYTHON", "cryptography", "46.0.5", "pip install --upgrade 'cryptography>=46.0.5'"),
        ("PYTHONPKG", "zope.interface", "v5.0", "pip install --upgrade 'zope.interface>=5.0'"),
        ("PIP", "x", "1!2.0.post1", "pip install --upgrade 'x>=1!2.0.post1'"),
        ("NODEPKG", "@babel/traverse", "7.23.2", "npm install @babel/traverse@7.23.2"),
        ("NPM", "JSONStream", "1.0.0-rc.1", "npm install JSONStream@1.0.0-rc.1"),
        ("YARN", "lodash", "4.17.21", "yarn upgrade lodash@4.17.21"),
        ("PNPM", "lodash", "4.17.21", "pnpm add lodash@4.17.21"),
        ("GO", "github.com/expr-lang/expr", "1.17.7", "go get github.com/expr-lang/expr@v1.17.7"),
        ("GOMOD", "golang.org/x/net", "v0.17.0", "go get golang.org/x/net@v0.17.0"),
        ("GO", "stdlib", "1.24.6", None),
        ("GENERIC", "go/stdlib", "1.24.6", None),
        ("GOBINARY", "golang.org/x/net", "0.17.0", None),
        ("JAR", "log4j-core", "2.17.1", None),
        ("GEMSPEC", "rack", "2.2.6.4", None),
        ("POETRY", "requests", "2.32.4", None),
    ],
)
def test_a_language_s_own_manager_is_told_the_version(
    manager: str, name: str, fixed_in: str, expected: str | None
) -> None:
    assert command(line(Package(manager, name, fixed_in))) == expected


def test_packages_of_one_manager_go_in_one_command_each_once() -> None:
    packages = [
        Package("OS", "glibc", "1-1"),
        Package("OS", "glibc", "2-1"),
        Package("OS", "libstdc++", "1-1"),
    ]
    assert command(line(*packages)) == "yum update glibc libstdc++"


def test_managers_follow_each_other_and_one_without_a_command_leaves_none() -> None:
    system, pip = Package("OS", "python3", "3.9-1"), Package("PIP", "requests", "2.32.4")
    assert (
        command(line(system, pip))
        == "yum update python3 && pip install --upgrade 'requests>=2.32.4'"
    )
    assert command(line(system, pip, Package("JAR", "log4j-core", "2.17.1"))) is None
    assert command(line(system, Package("OS", "-y", "1-1"))) is None


@pytest.mark.parametrize("kind", [IMAGE, FUNCTION, CODE, "something new"])
def test_only_instances_have_commands(kind: str) -> None:
    assert command(line(Package("OS", "curl", "1-1"), kind=kind)) is None


def test_windows_has_no_shell_of_ours() -> None:
    assert (
        command(line(Package("PIP", "requests", "2.32.4"), platform="WINDOWS_SERVER_2022")) is None
    )


def test_nothing_to_upgrade_is_no_command() -> None:
    assert command(line()) is None


@pytest.mark.parametrize(("manager", "platform", "fixed_in"), EVERY)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_leaves_no_command(
    manager: str, platform: str, fixed_in: str, name: str
) -> None:
    assert command(line(Package(manager, name, fixed_in), platform=platform)) is None


@pytest.mark.parametrize(("manager", "platform"), [one[:2] for one in EVERY])
@pytest.mark.parametrize("version", BAD_VERSIONS)
def test_a_hostile_version_leaves_no_command(manager: str, platform: str, version: str) -> None:
    name = "golang.org/x/net" if manager == "GOMOD" else "curl"
    assert command(line(Package(manager, name, version), platform=platform)) is None


def test_the_good_name_beside_the_hostile_ones_has_a_command() -> None:
    for manager, platform, fixed_in in EVERY:
        name = "golang.org/x/net" if manager == "GOMOD" else "curl"
        assert command(line(Package(manager, name, fixed_in), platform=platform))


def test_apt_is_never_asked_to_remove_a_package() -> None:
    for name in ("openssh-server-", "a-"):
        assert command(line(Package("OS", name, "1-1"), platform="UBUNTU_22_04")) is None
    assert command(line(Package("OS", "g++", "1-1"), platform="UBUNTU_22_04"))


SIGNS = st.text("ab1.-+@/;$ \n'\"`|&<>()*~!=", max_size=3)
NAMES = st.builds(
    "{}{}{}".format, SIGNS, st.sampled_from(["", "curl", "a-b", "@a/b", "golang.org/x/net"]), SIGNS
)
TEXTS = st.builds(
    "{}{}{}".format, SIGNS, st.sampled_from(["", "1", "1-1", "1.0.0", "1-r1", "v2.0"]), SIGNS
)


@given(st.sampled_from(EVERY), NAMES, TEXTS)
@example(EVERY[5], "a", "1")
@example(("NPM", "", "1.0.0"), "curl", "1")
def test_a_shell_reads_the_words_of_the_command_and_the_package_and_nothing_else(
    one: tuple[str, str, str], name: str, version: str
) -> None:
    made = command(line(Package(one[0], name, version), platform=one[1]))
    if made is None:
        return
    shell = shlex.shlex(made.rpartition(" && ")[2], posix=True, punctuation_chars=True)
    shell.wordchars += "@%+:,"  # shlex.quote leaves these characters unquoted
    *words, argument = shell
    assert all(word.replace("-", "").replace("=", "").isalpha() for word in words)
    plain = version.removeprefix("v")
    assert argument in (name, f"{name}>={plain}", f"{name}@{plain}", f"{name}@v{plain}")
    assert argument[0].isalnum() or argument[0] == "@"


CURL, KERNEL = Package("OS", "curl", "0:8.5.0-1"), Package("OS", "kernel", "0:4.14.299-152")
LOG4J = Package("JAR", "log4j-core", "2.17.1")
MANY = [
    Package("OS", f"vim-{part}", "2:9.0-1")
    for part in ("common", "data", "enhanced", "filesystem", "minimal")
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (line(CURL), "Upgrade to curl 8.5.0-1 or newer."),
        (line(CURL, KERNEL, reboot=True), "Upgrade to curl 8.5.0-1 and kernel 4.14.299-152, or newer, reboot, then rescan."),
        (line(KERNEL, reboot=True), "Upgrade to kernel 4.14.299-152 or newer, reboot, then rescan."),
        (line(*MANY[:4]), "Upgrade to vim-common 2:9.0-1, vim-data 2:9.0-1, vim-enhanced 2:9.0-1 and 1 more package, or newer."),
        (line(*MANY), "Upgrade to vim-common 2:9.0-1, vim-data 2:9.0-1, vim-enhanced 2:9.0-1 and 2 more packages, or newer."),
        (line(CURL, kind=IMAGE), "Rebuild the image with curl 8.5.0-1 or newer."),
        (line(LOG4J, kind=FUNCTION), "Rebuild and redeploy the function with log4j-core 2.17.1 or newer."),
        (line(LOG4J, kind=CODE), "Update the dependency in the repository to log4j-core 2.17.1 or newer."),
        (line(LOG4J, kind="something new"), "Upgrade to log4j-core 2.17.1 or newer."),
        (line(Package("OS", "Windows Server 2019", "10.0.17763.5329"), platform="WINDOWS_SERVER_2019"),
         "Install the update that contains Windows Server 2019 10.0.17763.5329 or newer."),
        (line(), "No fixed version is known."),
    ],
)  # fmt: skip
def test_every_line_has_a_sentence(asked: Line, expected: str) -> None:
    assert advice(asked) == expected


@given(st.text(), st.text())
def test_a_sentence_is_one_line_that_prints(name: str, version: str) -> None:
    assert advice(line(Package("OS", name, version))).isprintable()


def test_text_from_outside_is_never_a_template() -> None:
    assert "{0.__class__}" in advice(line(Package("OS", "{0.__class__}", "{name}")))
