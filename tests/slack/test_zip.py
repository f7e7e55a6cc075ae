"""The deployment package: reproducible, minimal and complete."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
import zipfile
from importlib.metadata import Distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BUILD = Path(__file__).resolve().parents[2] / "lambda" / "build_zip.py"
MB = 1_000_000
LIBRARIES = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "s3transfer",
    "six.py",
    "typing_extensions.py",
    "urllib3",
}


@pytest.fixture(scope="module")
def names(slack_zip: Path) -> list[str]:
    with zipfile.ZipFile(slack_zip) as held:
        return held.namelist()


@pytest.fixture
def folder(slack_zip: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(slack_zip) as held:
        held.extractall(tmp_path / "task")
    return tmp_path / "task"


@pytest.fixture
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_zip", BUILD)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_zip_is_small(slack_zip: Path) -> None:
    assert slack_zip.stat().st_size < 8 * MB, "5 MB were measured"
    with zipfile.ZipFile(slack_zip) as held:
        assert sum(one.file_size for one in held.infolist()) < 30 * MB


def test_two_builds_are_identical(slack_zip: Path, tmp_path: Path) -> None:
    again = tmp_path / "deep" / "again.zip"
    environ = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "HOME": str(tmp_path)}
    subprocess.run(
        [sys.executable, str(BUILD), str(again)],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env=environ,
    )
    assert again.read_bytes() == slack_zip.read_bytes()


def test_the_zip_contains_only_what_the_function_imports(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops - {"__pycache__"} == {"sre_slack", "sre_reports", "sre_findings"} | LIBRARIES
    rooms = {
        "/".join(name.split("/")[:2])
        for name in names
        if name.startswith(("sre_findings/", "sre_reports/"))
    }
    files = {"__init__.py", "__pycache__", "aws_errors.py", "plain_text.py", "wording.py"}
    assert {room.split("/")[1] for room in rooms} <= {
        "client",
        "model",
        "questions",
        "slack",
    } | files
    services = {
        name.split("/")[2]
        for name in names
        if name.startswith("botocore/data/") and name.count("/") > 2
    }
    assert services == {"dynamodb"}
    assert "botocore/data/endpoints.json" in names
    assert not [name for name in names if name.startswith(("/", ".")) or ".." in name]


_CHILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
from sre_slack.handler import handle
answer = handle(json.loads(sys.stdin.read()), None)
import sre_slack.records, sre_slack.worker
away = [name for name, one in sys.modules.items() if "site-packages" in (getattr(one, "__file__", None) or "")]
print(json.dumps([answer, away]))
"""


def handled(folder: Path, event: Any, **environ: str) -> Any:
    """The response of an interpreter with only the packages in the folder."""
    # set by tests/at.sh
    clock = {
        name: os.environ[name] for name in ("LD_PRELOAD", "SRE_CLOCK_OFFSET") if name in os.environ
    }
    ours = {
        **clock,
        "PATH": os.defpath,
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "sre-slack",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        **environ,
    }
    command = [sys.executable, "-I", "-S", "-c", _CHILD, str(folder)]
    done = subprocess.run(
        command, input=json.dumps(event), env=ours, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_zip_alone_acknowledges_without_compiling(
    folder: Path, stand_in: Any, signer: Any
) -> None:
    stand_in.will(202)
    before = sorted(folder.rglob("*.pyc"))
    event = type(signer)(now=time.time()).command("prod-web-36")
    environ = {"SRE_SLACK_SIGNING_SECRET": signer.secret, "AWS_ENDPOINT_URL_LAMBDA": stand_in.url}
    answer, away = handled(folder, event, **environ)
    assert json.loads(answer["body"])["text"] == "Checking `prod-web-36` …"
    assert stand_in.requests[0].json["job"]["text"] == "prod-web-36"
    assert away == []
    assert sorted(folder.rglob("*.pyc")) == before, "every module has its bytecode"


def test_a_library_that_differs_from_the_lock_is_refused(
    build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_locked", lambda: {"jmespath": "0.1"})
    with pytest.raises(
        build.Unfit, match=r"jmespath .* is installed, 0\.1 is locked\. Run make setup\."
    ):
        build._checked("jmespath", build._locked())


def test_a_library_with_compiled_parts_is_refused(build: ModuleType) -> None:
    with pytest.raises(build.Unfit, match="compiled parts"):
        build._checked("awslambdaric", build._locked())


def test_a_library_changed_after_installation_is_refused(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text("changed = True\n")
    info = tmp_path / "lib-1.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("lib.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n")
    with pytest.raises(build.Unfit, match=r"lib\.py has changed since it was installed"):
        dict(build._held(Distribution.at(info)))
