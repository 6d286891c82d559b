"""Which files of a folder are uploaded, and what they are called."""

import os
from pathlib import Path

import pytest

from mbox_ops.client.folders import sources
from mbox_ops.errors import InvalidRequest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files, folders, and links to both that stay inside."""
    root = tmp_path / "out"
    for name in ("b.txt", "a.txt", "deep/er/c.bin"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "latest").symlink_to("deep")
    (root / "link.bin").symlink_to("deep/er/c.bin")
    return root


def labels(files: object, under: str | None = None) -> list[str]:
    """What is uploaded of them."""
    return [source.label for source in sources(files, under)]  # type: ignore[arg-type]


def test_a_folder_keeps_its_name_and_its_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As copying it would; links to files are files, links to folders are not followed."""
    inside = ["a.txt", "b.txt", "link.bin", "deep/er/c.bin"]
    assert labels(folder) == [f"out/{name}" for name in inside]
    assert labels([str(folder) + "/"]) == [f"out/{name}" for name in inside]
    assert labels(folder, "step-7/") == [f"step-7/out/{name}" for name in inside]
    monkeypatch.chdir(folder)
    assert labels(".") == inside
    assert labels(["deep/.."]) == inside


def test_a_file_is_listed_under_its_name(folder: Path) -> None:
    """Wherever it is; a link that was named is followed."""
    assert labels([folder / "a.txt", str(folder / "deep" / "er" / "c.bin")]) == ["a.txt", "c.bin"]
    assert labels(folder / "link.bin", "models") == ["models/link.bin"]


def test_links_that_lead_out_of_a_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    """To files, to folders, and into nothing."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    for target in (tmp_path / "secret", tmp_path / "secret" / "key", Path("../../secret/key")):
        link = folder / "deep" / "link"
        link.symlink_to(target)
        with pytest.raises(InvalidRequest, match="leads out of the folder"):
            sources(folder)
        link.unlink()
    for target in ("link", "nothing"):
        link.symlink_to(target)
        with pytest.raises(InvalidRequest, match="cannot be uploaded"):
            sources(folder)
        link.unlink()


def test_what_is_no_file_is_refused(folder: Path, tmp_path: Path) -> None:
    """Before anything is sent, and by its name."""
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    files = [tmp_path / name for name in ("nowhere", "empty", "pipe", "n" * 300, "a\x00b")]
    for wrong in ("s3://bucket/a", "~nobody-has-this-name/a", *files, [7], [], [folder, None]):
        with pytest.raises(InvalidRequest):
            sources(wrong)  # type: ignore[arg-type]


def test_two_files_do_not_share_a_path(folder: Path) -> None:
    """The second would hide the first."""
    (folder / "deep" / "a.txt").write_text("other")
    with pytest.raises(InvalidRequest, match="would both be listed as"):
        sources([folder / "a.txt", folder / "deep" / "a.txt"])
