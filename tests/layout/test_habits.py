"""Checks CONTRIBUTING.md, the pre-commit hooks, the CI workflow and the templates."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
DECISIONS = ROOT / "docs" / "decisions"
BUILT = {"build", "dist"}  # folders that exist only after a build
TASKS = {
    "add a severity",
    "change an SLA default",
    "add an export format",
    "add an MCP tool",
    "add a Slack button",
    "change how owners are found",
    "add a coverage reason",
    "change the retry policy",
    "add a column to the report",
    "add a question",
}


def section(heading: str) -> str:
    """A section of CONTRIBUTING.md, up to the next heading."""
    return re.split(r"\n##", CONTRIBUTING.split(f"# {heading}\n")[1])[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without the header."""
    lines = [line for line in text.splitlines() if line.strip().startswith("| ")]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines][2:]


def paths(text: str) -> set[str]:
    """The paths of this repository that a text has in backticks.

    A path has a slash, or is in the root and has a suffix.
    """
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)*)`", text)
    return {
        path
        for path in named
        if "/" in path and path.split("/")[0] in {one.name for one in ROOT.iterdir()} - BUILT
    }


def recipe(target: str) -> list[str]:
    """A target's commands, with the Makefile's variables replaced."""
    variables = dict(re.findall(r"^(\w+) := (.*)$", MAKEFILE, re.MULTILINE))
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found, target
    text = found[1]
    for _ in range(3):
        text = re.sub(r"\$\((\w+)\)", lambda name: variables[name[1]], text)
    return [line.strip() for line in text.splitlines()]


def hooks() -> list[dict[str, Any]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"], (
        "a remote repository would be downloaded"
    )
    found: list[dict[str, Any]] = config["repos"][0]["hooks"]
    return found


def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    return found


def test_each_of_the_ten_tasks_has_a_row_with_a_file_to_start_from() -> None:
    table = rows(section("Where is …"))
    assert {row[0] for row in table} == TASKS
    for task, start, _ in table:
        assert len(paths(start)) == 1, task


@pytest.mark.parametrize("path", sorted(paths(CONTRIBUTING)))
def test_every_path_that_contributing_names_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_contributing_names_enough_paths_to_be_checked() -> None:
    assert len(paths(CONTRIBUTING)) > 60


def test_every_make_target_that_contributing_names_exists() -> None:
    named = set(
        re.findall(
            r"\bmake ([a-z]+)",
            " ".join(re.findall(r"`[^`]+`|^make .*$", CONTRIBUTING, re.MULTILINE)),
        )
    )
    assert named > {"setup", "quick", "test", "lint"}
    assert named <= set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))


def test_the_table_of_slow_tests_names_exactly_the_files_that_are_marked() -> None:
    marked = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if "node_modules" not in path.parts
        and re.search(r"^(@|pytestmark = )pytest\.mark\.slow$", path.read_text(), re.MULTILINE)
    }
    assert {path for row in rows(section("Slow tests")) for path in paths(row[0])} == marked


def test_only_make_quick_leaves_the_slow_tests_out() -> None:
    assert recipe("quick") == [f'{recipe("test")[0]} -m "not slow"']
    assert "slow" not in (ROOT / ".ci" / "run").read_text()


def test_the_hooks_run_the_commands_of_make_lint_in_its_order() -> None:
    assert [hook["entry"] for hook in hooks()] == recipe("lint")


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_a_hook_uses_the_projects_environment_and_checks_the_whole_project(
    hook: dict[str, Any],
) -> None:
    assert hook["language"] == "system"
    assert hook["pass_filenames"] is False
    assert hook["entry"].startswith(".venv/bin/")
    re.compile(hook["files"])


def test_the_workflow_runs_the_contributors_script_with_minimal_permissions() -> None:
    (job,) = workflow()["jobs"].values()
    (command,) = (step["run"] for step in job["steps"] if "run" in step)
    assert shlex.split(command)[-1] == ".ci/run"
    assert job["runs-on"] == "ubuntu-24.04"
    assert 30 <= job["timeout-minutes"] <= 240
    assert workflow()["permissions"] == {"contents": "read"}


def test_only_tests_of_recordings_may_be_skipped_and_only_on_request(
    request: pytest.FixtureRequest,
) -> None:
    conftest = request.config.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))
    assert conftest
    place = ("tests/test_x.py", 1, "Skipped: no recorded findings in none; set SRE_REAL_FINDINGS")
    recordings, java = (
        pytest.TestReport("x", ("x", 1, "x"), {}, "skipped", reason, "setup")
        for reason in (place, ("x", 1, "Skipped: no Java"))
    )
    forbid, none = {"SRE_FORBID_SKIPS": "1"}, {"SRE_REAL_FINDINGS": "none"}
    assert conftest.forbidden_skips([recordings, java], forbid) == [recordings, java]
    assert conftest.forbidden_skips([recordings, java], forbid | none) == [java]
    assert conftest.forbidden_skips([recordings, java], none) == []


def test_every_action_is_pinned_to_a_commit_and_says_its_full_version() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    used = re.findall(r"uses: (.+)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("form", ["bug", "feature"])
def test_an_issue_form_has_what_github_asks_for(form: str) -> None:
    found = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml").read_text())
    assert found["name"]
    assert found["description"]
    questions = [one for one in found["body"] if one["type"] != "markdown"]
    assert len({one["id"] for one in questions}) == len(questions) > 0
    assert all(one["attributes"]["label"] for one in questions)


@pytest.mark.parametrize("page", ["SECURITY.md", ".github/pull_request_template.md"])
def test_every_link_and_file_of_a_page_for_contributors_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_editorconfig_and_ruff_have_the_same_line_length() -> None:
    ruff = re.search(r"^line-length = (\d+)$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    editor = re.search(
        r"^\[\*\.\{py,md\}\]\nmax_line_length = (\d+)$",
        (ROOT / ".editorconfig").read_text(),
        re.MULTILINE,
    )
    assert ruff
    assert editor
    assert ruff[1] == editor[1]


RECORDS = sorted(DECISIONS.glob("0*.md"))


def test_the_index_lists_every_decision_by_its_title_in_order() -> None:
    index = (DECISIONS / "README.md").read_text()
    listed = re.findall(
        r"^\| \[(\d{4})\]\(([\w-]+\.md)\) \| (.+) \| accepted \|$", index, re.MULTILINE
    )
    assert [name for _, name, _ in listed] == [path.name for path in RECORDS]
    assert len(RECORDS) >= 8
    for (number, _, title), path in zip(listed, RECORDS, strict=True):
        assert path.read_text().startswith(f"# {number}: {title}\n")


@pytest.mark.parametrize(
    ("page", "link"),
    [("README.md", "docs/decisions/README.md"), ("docs/architecture.md", "decisions/README.md")],
)
def test_the_decisions_are_found_from_where_readers_start(page: str, link: str) -> None:
    assert f"]({link})" in (ROOT / page).read_text()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_has_context_decision_and_consequences(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.split()) < 400


@pytest.mark.parametrize("path", [*RECORDS, DECISIONS / "README.md"], ids=lambda path: path.stem)
def test_every_link_and_path_of_a_decision_leads_to_a_file(path: Path) -> None:
    text = path.read_text()
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)\)", text)
    assert targets
    assert [target for target in targets if not (path.parent / target).exists()] == []
    assert [name for name in paths(text) if not (ROOT / name).exists()] == []


MEASURED = {
    "0002-duckdb": (
        "benchmarks/results/answers.md",
        ["56.0", "119", "32.5", "3563", "30.6", "44.8"],
    ),
    "0003-low-level-mcp-server": ("benchmarks/results/serve.md", ["| 0.9 |", "| 1.9 |"]),
    "0004-own-table-fitting": ("benchmarks/results/start.md", ["| 107 |", "| 23 |"]),
    "0005-no-bolt": ("benchmarks/results/slack.md", ["| 110 |", "| 201 |", "| 146.4 |", "5.0 MB"]),
    "0006-one-image-for-server-and-jobs": ("docs/containers.md", ["257 MB", "339 MB"]),
}


@pytest.mark.parametrize(
    ("record", "source"), MEASURED.items(), ids=lambda one: one if isinstance(one, str) else ""
)
def test_the_figures_in_a_decision_match_the_measurements(
    record: str, source: tuple[str, list[str]]
) -> None:
    page, figures = source
    measured, told = (
        (ROOT / page).read_text(),
        (DECISIONS / f"{record}.md").read_text().replace(",", ""),
    )
    for figure in figures:
        assert figure in measured, f"{page} was measured anew: renew {record}.md"
        number = re.sub(r"[^\d.]", "", figure)
        assert re.search(rf"\b({re.escape(number)}|{float(number):.0f})\b", told), figure
