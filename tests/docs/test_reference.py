"""Nothing that users meet is undocumented: settings, limits, errors, states, links."""

import re
import subprocess
import sys
from pathlib import Path

from mbox_ops.entities.limits import DEFAULT
from mbox_ops.errors import BY_CODE
from mbox_ops.wire.status import GRPC_STATUS, HTTP_STATUS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def rows(page: str) -> list[list[str]]:
    """The cells of all table rows of a page of the reference."""
    lines = (REFERENCE / page).read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]


def test_every_setting_is_documented() -> None:
    """What settings.py reads is in the reference, and nothing else is."""
    read = set(re.findall(r'"((?:MBOX|REQUESTS)_[A-Z_]+)"', (ROOT / "mbox_ops" / "settings.py").read_text("utf-8")))
    assert {cells[0].strip("`") for cells in rows("service.md")} == read


def test_every_limit_is_documented_with_its_default() -> None:
    """Name and number."""
    told = {cells[0].strip("`"): int(cells[1].replace(",", "")) for cells in rows("limits.md")}
    assert told == {name: getattr(DEFAULT, name) for name in DEFAULT.__struct_fields__}


def test_every_error_is_documented_with_its_status() -> None:
    """Code, class and HTTP status; and each has one for gRPC."""
    told = {cells[0].strip("`"): (cells[1].strip("`"), int(cells[2])) for cells in rows("errors.md")}
    assert told == {code: (cls.__name__, HTTP_STATUS[code]) for code, cls in BY_CODE.items()}
    assert set(GRPC_STATUS) == set(BY_CODE)


def test_the_command_line_s_reference_is_what_make_generates() -> None:
    """`make cli-reference` writes it."""
    command = [sys.executable, "-m", "typer", "mbox_ops.cli.app", "utils", "docs", "--name", "mbox"]
    generated = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    page = (REFERENCE / "cli.md").read_text("utf-8")
    assert page.split("\n", 1)[1].strip() == generated.strip()


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of README and docs names a file or folder that is there."""
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
