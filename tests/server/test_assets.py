"""The fetching of third-party code for the pages."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FETCH = runpy.run_path(str(ROOT / "assets" / "fetch.py"))
PACKAGES = json.loads((ROOT / "assets" / "packages.json").read_text())


def test_other_bytes_than_those_of_the_checksum_are_refused() -> None:
    """A registry that gives something else under the same name and version stops the build."""
    with pytest.raises(SystemExit, match=r"uplot@1\.6\.32 is not what assets/packages\.json expects: sha512-"):
        FETCH["check"]("uplot@1.6.32", b"something else", PACKAGES[0]["integrity"])


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package["name"]))
def test_every_package_has_an_exact_version_and_its_licence(package: dict[str, object]) -> None:
    """No range of versions, and whoever gets the code gets its licence beside it."""
    assert str(package["version"]).replace(".", "").isdigit()
    folders = package["folders"]
    assert isinstance(folders, dict)
    assert any(file.startswith("LICENSE") for files in folders.values() for file in files)
