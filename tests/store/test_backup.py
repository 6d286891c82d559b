"""Backups: which program copies PostgreSQL, and what becomes of a copy that fails. tests/proofs has them under fire."""

import os
from pathlib import Path

import pytest

from mbox_ops.errors import InternalError, InvalidRequest, Unavailable
from mbox_ops.store.backup import _newest_dump, backup

RECORDING = """#!/bin/sh
for argument; do
  case $argument in --file=*) file=${argument#--file=} ;; esac
done
{ echo "$@"; echo "password: $PGPASSWORD"; } > "$file"
"""


def program(path: Path, text: str) -> Path:
    """A program of the shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_password_is_no_argument_of_pg_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone on the machine may list its processes."""
    program(tmp_path / "bin" / "pg_dump", RECORDING)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    copy = backup("postgresql+psycopg://ann:p%40ss@db:5433/mbox?sslmode=require", tmp_path / "copy")
    arguments, secret = copy.read_text().splitlines()
    assert "--dbname=postgresql://ann@db:5433/mbox?sslmode=require" in arguments
    assert "p%40ss" not in arguments
    assert "p@ss" not in arguments
    assert secret == "password: p@ss"


def test_the_newest_pg_dump_of_debian_s_packages_is_found(tmp_path: Path) -> None:
    """9 is older than 15; folders of other names are none of them."""
    for version in ("9", "15", "snapshot"):
        program(tmp_path / version / "bin" / "pg_dump", RECORDING)
    assert _newest_dump(tmp_path) == str(tmp_path / "15" / "bin" / "pg_dump")
    assert _newest_dump(tmp_path / "nowhere") is None


def test_a_failed_copy_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target appears when it is whole; what is there already is not overwritten."""
    program(tmp_path / "bin" / "pg_dump", RECORDING + "echo 'no such server' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    folder = tmp_path / "copies"
    with pytest.raises(Unavailable, match="no such server"):
        backup("postgresql://db/mbox", folder / "copy")
    with pytest.raises(Unavailable, match="no database"):
        backup(f"sqlite:///{tmp_path / 'none.db'}", folder / "copy")
    assert list(folder.iterdir()) == []
    (folder / "copy").write_text("precious")
    with pytest.raises(InvalidRequest, match="there already"):
        backup(f"sqlite:///{tmp_path / 'none.db'}", folder / "copy")
    assert (folder / "copy").read_text() == "precious"


def test_a_damaged_database_is_not_copied(tmp_path: Path) -> None:
    """It says that it is damaged and what to do; nothing is left of the copy."""
    (tmp_path / "mbox.db").write_bytes(b"no database at all" * 1_000)
    with pytest.raises(InternalError, match=r"damaged .* restore a backup"):
        backup(f"sqlite:///{tmp_path / 'mbox.db'}", tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["mbox.db"]
