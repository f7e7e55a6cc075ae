"""``make refresh``: renews the generated parts of the documentation.

Runs each command that a page shows under ``$`` and puts its output there. Writes the MCP tools, the
costs and the JSON Schemas of answers.

Blocks without ``$`` are not changed, for example because they need AWS.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import answer_schemas
import costs
import mcp_page

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```\n\$ ([^\n]+)\n.*?```", re.DOTALL)


def output(command: str, home: Path) -> str:
    """The stdout and stderr of a command in a terminal of 120 columns, with neutral paths."""
    places = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "SRE_STORE": str(home / "demo"),
        "COLUMNS": "120",
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = (
        {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SRE_"))}
        | places
        | {"PATH": path}
    )
    if command == "sre-cli --help":
        environ["COLUMNS"] = "82"  # click leaves two columns free
    done = subprocess.run(
        command,
        shell=True,
        env=environ,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.replace(str(home), "/home/you")


def main() -> None:
    """Renews all pages."""
    with tempfile.TemporaryDirectory(prefix="sre-docs-") as name:
        home = Path(name)
        environ = os.environ | {"SRE_STORE": str(home / "demo")}
        subprocess.run(
            [Path(sys.executable).parent / "sre-cli", "demo"],
            env=environ,
            check=True,
            capture_output=True,
        )
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            renewed = BLOCK.sub(
                lambda found: f"```\n$ {found[1]}\n{output(found[1], home).rstrip()}\n```", text
            )
            renewed = mcp_page.renewed(renewed) if page == mcp_page.PAGE else renewed
            renewed = costs.renewed(renewed) if page == costs.PAGE else renewed
            if renewed != text:
                page.write_text(renewed, encoding="utf-8")
                print(f"renewed {page.relative_to(ROOT)}")
    answer_schemas.main()


if __name__ == "__main__":
    main()
