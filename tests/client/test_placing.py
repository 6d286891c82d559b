"""A label never leads out of the folder that was asked for."""

import ntpath
import posixpath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbox_ops.client.placing import place, steps
from mbox_ops.errors import InvalidRequest

REFUSED = [
    "", ".", "..", "/", "//", "a/", "/a", "a//b", "./a", "a/./b", "../a", "a/..", "a/../b", "a/../../b",
    "/etc/passwd", "//server/share", "C:", "C:a", "C:/a", "c:\\a", "\\\\server\\share\\a", "..\\a", "a\\..\\b",
    "a\x00b", "a\nb", "a\x7f", "\ud800", "\udcc0\udcae\udcc0\udcae/a", "b\udce0\udc80\udcaf", "...", "a/ ", " /a",
    ". .", ".. /a", ":", "::a", "../ a", " ..", "a /b", "\t", "a/. ./b",
]  # fmt: skip
TAKEN = [
    "a", "a/b/c.txt", "%2e%2e/a", "%2e%2e%2fa", "..%2fa", "%00", "..a", "a..", ".hidden", "größe/東京",
    "\uff0e\uff0e/a", "\u2024\u2024/a", "\u2025/a", "\uff0e\uff0e\uff0fa", "at 10:30", "a b/c d",
    "CON", "~/a", "$HOME/a", "a;rm", "file:a", "-rf", "*",
]  # fmt: skip


@pytest.mark.parametrize("label", REFUSED, ids=ascii)
def test_what_could_lead_elsewhere_is_refused(tmp_path: Path, label: str) -> None:
    """On any system; and nothing is made."""
    with pytest.raises(InvalidRequest, match="no path inside a folder"):
        place(tmp_path / "to", label)
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("label", TAKEN, ids=ascii)
def test_anything_else_is_a_name_as_it_stands(tmp_path: Path, label: str) -> None:
    """Nothing is decoded, expanded or folded."""
    assert place(tmp_path / "to", label) == tmp_path / "to" / label


@given(st.text(st.sampled_from(["a", ".", "/", "\\", " ", ":", "%", "\x00", "\n", "C", "~", "\udcae"]), max_size=12))
def test_every_label_is_refused_or_inside(label: str) -> None:
    """By the rules of this system and of the others."""
    try:
        parts = steps(label)
    except InvalidRequest:
        return
    assert "/".join(parts) == label
    assert posixpath.normpath(f"/srv/to/{label}") == f"/srv/to/{label}"
    assert ntpath.normpath(ntpath.join(r"d:\to", label)).startswith("d:\\to\\")


def test_a_link_in_the_folder_does_not_lead_out_of_it(tmp_path: Path) -> None:
    """Neither to a folder nor to a file; links inside may stay."""
    outside, to = tmp_path / "outside", tmp_path / "to"
    for folder in (outside, to / "inside"):
        folder.mkdir(parents=True)
    (outside / "precious").write_text("precious")
    (to / "out").symlink_to(outside)
    (to / "dangling").symlink_to(outside / "nothing")
    (to / "in").symlink_to(to / "inside")
    (to / "up").symlink_to("..")
    (to / "file").write_text("a file")
    for label in ("out/a", "out/sub/a", "dangling/a", "up/a", "in/../../a", "file/a", "inside"):
        with pytest.raises(InvalidRequest):
            place(to, label)
    assert [p.name for p in outside.iterdir()] == ["precious"]
    assert place(to, "in/a").resolve() == (to / "inside" / "a").resolve()
    assert not (outside / "nothing").exists()


@pytest.mark.parametrize("label", ["n" * 300, "n" * 300 + "/a"], ids=["name", "folder"])
def test_a_name_that_the_system_does_not_take_is_refused(tmp_path: Path, label: str) -> None:
    """With what the system says of it."""
    with pytest.raises(InvalidRequest, match=r"cannot be a file here \(File name too long\): nothing was written"):
        place(tmp_path, label)


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """It is what was asked for."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert place(tmp_path / "link", "a/b") == tmp_path / "real" / "a" / "b"
