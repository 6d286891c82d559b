"""Epochs: processes that share an attempt come to one, whenever they fork."""

from pathlib import Path

from mbox_ops.client.epochs import Epochs
from tests.client.rules import SetClock


def test_a_fork_while_the_time_is_asked_for_leaves_the_parent_one_epoch(tmp_path: Path) -> None:
    """The child may have been faster: the parent takes the child's offset, and never another one afterwards."""
    path = tmp_path / "family.clock"

    def server_time() -> int:
        epochs.note_fork()
        path.symlink_to("5000000000")
        return 1_700_000_000_000_000

    epochs = Epochs(SetClock(), server_time, lambda family: path)
    start = epochs.start_now()
    assert epochs.known(start) is None
    first = epochs.of(start, shared=False)
    assert first == (5_000_000_000 + start.age) // 1_000
    assert (epochs.of(start, shared=False), epochs.of(start, shared=True), epochs.known(start)) == (first, first, first)


def test_without_a_fork_nothing_is_written_down(tmp_path: Path) -> None:
    """The offset is the process's own; a child inherits it."""
    path = tmp_path / "family.clock"
    epochs = Epochs(SetClock(), lambda: 1_700_000_000_000_000, lambda family: path)
    start = epochs.start_now()
    first = epochs.of(start, shared=False)
    epochs.note_fork()
    epochs.become_child()
    assert epochs.of(start, shared=False) == first == epochs.known(start)
    assert not path.is_symlink()
