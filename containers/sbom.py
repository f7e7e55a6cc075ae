"""Writes an image's bill of materials as CycloneDX JSON: ``python containers/sbom.py PACKAGES
FILE``.

PACKAGES is a folder of installed packages (…/site-packages). Only their own metadata are read, no
index. The same packages give the same file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main(packages: Path, target: Path) -> None:
    """Runs cyclonedx-py on an environment with only these packages."""
    with tempfile.TemporaryDirectory(prefix="sre-sbom-") as name:
        place = Path(name) / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        (own,) = place.glob("lib/python3.*/site-packages")
        (own / "packages.pth").write_text(f"{packages.resolve()}\n")
        tool = Path(sys.executable).with_name("cyclonedx-py")
        command: list[str | Path] = [
            tool,
            "environment",
            "--output-reproducible",
            "--short-PURLs",
            "-o",
            target.resolve(),
            place / "bin" / "python",
        ]
        subprocess.run(command, check=True, cwd=name, env={"PATH": os.environ["PATH"]})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
