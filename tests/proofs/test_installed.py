"""What is installed from the wheel: a client that weighs little, and a demonstration that runs."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.proofs.conftest import ROOT, UV

MOST_DISTRIBUTIONS = 10
MOST_BYTES = 12_000_000

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


def install(folder: Path, requirement: str) -> Path:
    """A new environment with that requirement and our locked versions; the path of its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    locked = ["--constraints", ROOT / "constraints.txt"]
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, *locked, requirement], check=True)
    return python


def clean_environment() -> dict[str, str]:
    """A newcomer's shell."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MBOX_", "AIRFLOW", "PYTHON", "VIRTUAL_ENV"))}


WEIGH = """
import importlib.metadata as m, json, os
skip = {"pip", "setuptools"}
found = {d.name: sum(os.path.getsize(d.locate_file(f)) for f in d.files or () if os.path.exists(d.locate_file(f)))
         for d in m.distributions() if d.name not in skip}
print(json.dumps(found))
"""


def test_the_bare_install_is_a_handful_of_packages(wheel: Path, tmp_path: Path) -> None:
    """At most 10 distributions and 12 MB, and it syncs, imports and explains itself without any extra."""
    python = install(tmp_path / "env", str(wheel))
    weighed = json.loads(subprocess.check_output([python, "-c", WEIGH], text=True))
    assert len(weighed) <= MOST_DISTRIBUTIONS, weighed
    assert sum(weighed.values()) <= MOST_BYTES, weighed
    env = {**clean_environment(), "MBOX_HOME": str(tmp_path / "home")}
    subprocess.run([python, "-c", "from mbox_ops import tracking, Client, Event"], check=True, env=env)
    subprocess.run([python, "-m", "mbox_ops", "sync"], check=True, env=env)
    told = subprocess.run([python.with_name("mbox"), "runs", "list"], env=env, capture_output=True, text=True)
    assert told.returncode == 1
    assert "mbox-ops[cli]" in told.stderr


def test_the_wheel_holds_the_proto_and_its_code(wheel: Path) -> None:
    """Whoever writes a client in another language finds it after an install."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("modelbox.proto", "modelbox_pb2.py", "modelbox_pb2.pyi", "modelbox_pb2_grpc.py"):
        assert f"mbox_ops/wire/{name}" in names


def test_the_wheel_holds_what_the_charts_need(wheel: Path) -> None:
    """What `make assets` fetched is in it, with its licence, beside the pages' own files."""
    names = set(zipfile.ZipFile(wheel).namelist())
    vendor = "mbox_ops/server/ui/static/vendor/uplot"
    assert {f"{vendor}/LICENSE", f"{vendor}/dist/uPlot.iife.min.js", f"{vendor}/dist/uPlot.min.css"} <= names
    assert "mbox_ops/server/ui/static/js/charts/curves.js" in names


def test_the_wheel_holds_the_pages(wheel: Path) -> None:
    """All templates, styles and modules of ours, so that an installed service has the pages that a clone has."""
    names = set(zipfile.ZipFile(wheel).namelist())
    ui = ROOT / "mbox_ops" / "server" / "ui"
    ours = [path for folder in ("templates", "static") for path in (ui / folder).rglob("*") if path.is_file()]
    there = {path.relative_to(ROOT).as_posix() for path in ours if "vendor" not in path.parts}
    assert there
    assert there <= names


def test_the_demo_runs_from_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    """It records and shows two pipelines and trainings, whatever service the environment names, and ends by itself."""
    python = install(tmp_path / "env", f"{wheel}[demo]")
    home = tmp_path / "empty"
    home.mkdir()
    another = {"MBOX_URL": "http://127.0.0.1:9", "MBOX_TOKEN": "mbox_of_another", "MBOX_NAMESPACE": "elsewhere"}
    done = subprocess.run(
        [python.with_name("mbox"), "demo", "--home", tmp_path / "demo"],
        cwd=home, env={**clean_environment(), **another}, capture_output=True, text=True, timeout=840,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("tumour-diagnosis", "diabetes-progression", "test/accuracy", "Deleted (", "/models/"):
        assert part in done.stdout
