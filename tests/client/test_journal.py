"""The spool's files: whatever a crash or a bad disk does to them, what is whole is found, in order, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mbox_ops.client.journal import Journal, Record, Start
from mbox_ops.client.spool import Spool, spools


def record(seq: int, size: int = 20, producer: str = "p") -> Record:
    """A small record whose body depends on its number."""
    return Record(producer, seq, None, bytes([seq % 256]) * size)


def own(folder: Path, name: str = "j", segment_bytes: int = 8 << 20) -> Journal:
    """The journal of that name, which nobody else owns."""
    journal = Journal.own(folder, name, segment_bytes)
    assert journal is not None
    return journal


def written(folder: Path, count: int, **given: int) -> Path:
    """The only segment of an abandoned journal with that many records."""
    journal = own(folder)
    for seq in range(1, count + 1):
        journal.append(record(seq, **given))
    journal.abandon()
    (segment,) = folder.glob("*.seg")
    return segment


def seqs(journal: Journal) -> list[int]:
    """The numbers of all records, which are taken off."""
    found = []
    while (next_one := journal.peek()) is not None:
        assert next_one == record(next_one.seq, len(next_one.body), next_one.producer)
        found.append(next_one.seq)
        journal.advance()
    return found


def test_records_come_back_in_order_across_segments_and_leave_nothing_behind(tmp_path: Path) -> None:
    """A journal that is read to its end removes its files when it is closed."""
    journal = own(tmp_path, segment_bytes=100)
    for seq in range(1, 21):
        journal.append(record(seq))
    assert len(list(tmp_path.glob("*.seg"))) > 5
    assert seqs(journal) == list(range(1, 21))
    assert list(tmp_path.glob("*.seg")) == []
    assert journal.size == 0
    journal.append(record(21))
    assert seqs(journal) == [21]
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_reading_and_writing_may_take_turns(tmp_path: Path) -> None:
    """What is appended while older records are read comes behind them."""
    journal = own(tmp_path, segment_bytes=100)
    found = []
    for seq in range(1, 50):
        journal.append(record(seq))
        if seq % 3 == 0:
            for _ in range(2):
                next_one = journal.peek()
                assert next_one is not None
                found.append(next_one.seq)
                journal.advance()
    assert found + seqs(journal) == list(range(1, 50))


def test_a_file_torn_at_any_byte_gives_every_record_before(tmp_path: Path) -> None:
    """A crash in the middle of a write costs the record that was being written, and no other."""
    whole = written(tmp_path, 4).read_bytes()
    size = len(whole) // 4
    for length in range(len(whole)):
        folder = tmp_path / str(length)
        folder.mkdir()
        (folder / "j.00000001.seg").write_bytes(whole[:length])
        assert seqs(own(folder)) == list(range(1, length // size + 1))


def test_damage_at_any_byte_costs_one_record(tmp_path: Path) -> None:
    """A flipped byte in a header or a payload is noticed; all other records are found."""
    whole = written(tmp_path, 4).read_bytes()
    size = len(whole) // 4
    for place in range(len(whole)):
        folder = tmp_path / str(place)
        folder.mkdir()
        data = bytearray(whole)
        data[place] ^= 0xFF
        (folder / "j.00000001.seg").write_bytes(data)
        journal = own(folder)
        hit = place // size + 1
        assert seqs(journal) == [seq for seq in (1, 2, 3, 4) if seq != hit]
        assert journal.damaged == (1 if hit < 4 else 0)


def test_a_later_owner_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    """What was taken off is not read again."""
    journal = own(tmp_path, segment_bytes=100)
    for seq in range(1, 11):
        journal.append(record(seq))
    for _ in range(4):
        assert journal.peek() is not None
        journal.advance()
    journal.close()
    assert seqs(own(tmp_path)) == list(range(5, 11))


@pytest.mark.parametrize("damage", ["missing", "torn", "flipped"])
def test_without_a_sound_cursor_all_records_that_are_there_are_read(tmp_path: Path, damage: str) -> None:
    """Sending one again is free, losing one is not."""
    journal = own(tmp_path)
    for seq in range(1, 4):
        journal.append(record(seq))
    assert journal.peek() is not None
    journal.advance()
    journal.abandon()
    cursor = tmp_path / "j.cursor"
    data = cursor.read_bytes()
    if damage == "missing":
        cursor.unlink()
    else:
        cursor.write_bytes(data[:10] if damage == "torn" else data[:8] + b"\xff" + data[9:])
    assert seqs(own(tmp_path)) == [1, 2, 3]


def test_a_journal_has_one_owner(tmp_path: Path) -> None:
    """A living process keeps its journal; a dead one's is free at once."""
    spool = Spool(tmp_path, "http://x", "default")
    journal = spool.new_journal()
    journal.append(record(1))
    assert list(spool.orphans()) == []
    code = (
        "import sys, os; from pathlib import Path; from mbox_ops.client.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), 'http://x', 'default'); own = spool.orphans()\n"
        "print(len(list(own)), flush=True); j = spool.new_journal()\n"
        "from mbox_ops.client.journal import Record\n"
        "j.append(Record('p', 7, None, b'')); os._exit(0)"
    )
    assert subprocess.check_output([sys.executable, "-c", code, str(tmp_path)]).strip() == b"0"
    (orphan,) = spool.orphans()
    found = orphan.peek()
    assert found is not None
    assert found.seq == 7
    journal.abandon()
    assert [j.name for j in spool.orphans()] == [journal.name]


def test_a_full_disk_leaves_the_journal_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails half-way is taken back."""
    journal = own(tmp_path)
    journal.append(record(1))
    real = os.pwrite
    calls = iter([5])

    def half(fd: int, data: bytes, at: int) -> int:
        if (count := next(calls, None)) is None:
            raise OSError(28, "No space left on device")
        return real(fd, bytes(data)[:count], at)

    with monkeypatch.context() as patch:  # a full disk cannot be had otherwise without being root
        patch.setattr(os, "pwrite", half)
        with pytest.raises(OSError, match="No space left"):
            journal.append(record(2))
    journal.append(record(3))
    assert seqs(journal) == [1, 3]


def test_what_a_failed_fsync_leaves_in_doubt_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file whose fsync failed is never synced again: a later success would prove nothing."""
    journal = own(tmp_path)
    for seq in (1, 2, 3):
        journal.append(record(seq))
    assert journal.peek() == record(1)
    journal.advance()
    (doubted,) = tmp_path.glob("**/*.seg*")
    real = os.fsync
    synced: list[int] = []

    def fails_at_first(fd: int) -> None:
        synced.append(os.fstat(fd).st_ino)
        if len(synced) == 1:
            raise OSError(5, "Input/output error")
        real(fd)

    inode = doubted.stat().st_ino
    with monkeypatch.context() as patch:  # a disk that fails cannot be had otherwise
        patch.setattr(os, "fsync", fails_at_first)
        journal.sync()
    assert synced[0] == inode
    assert inode not in synced[1:]
    assert not doubted.exists()
    journal.append(record(4))
    assert seqs(journal) == [2, 3, 4]


def test_a_disk_that_syncs_nothing_is_said_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sync` raises until what is in doubt is safe elsewhere."""
    journal = own(tmp_path)
    journal.append(record(1))

    def fails(fd: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:  # a disk that fails cannot be had otherwise
        patch.setattr(os, "fsync", fails)
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output"):
                journal.sync()
    journal.sync()
    assert seqs(journal) == [1]


def test_a_read_that_gives_less_than_was_asked_for_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems may do so; only a read that gives nothing is the end of the file."""
    written(tmp_path, 3)
    real = os.pread
    with monkeypatch.context() as patch:  # a file system that does so cannot be had everywhere
        patch.setattr(os, "pread", lambda fd, length, at: real(fd, max(1, length // 2), at))
        assert seqs(own(tmp_path)) == [1, 2, 3]


def test_a_file_that_cannot_be_removed_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is removed when the next one is, or when the journal is closed."""
    journal = own(tmp_path, segment_bytes=100)
    for seq in range(1, 21):
        journal.append(record(seq))

    def fails(path: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:  # a disk that fails cannot be had otherwise
        patch.setattr(os, "unlink", fails)
        assert seqs(journal) == list(range(1, 21))
    journal.append(record(21))
    assert seqs(journal) == [21]
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_record_keeps_when_its_attempt_began(tmp_path: Path) -> None:
    """The start is there for whoever computes the epoch."""
    journal = own(tmp_path)
    began = Start("family", "boot", 12, 34)
    journal.append(Record("p", 1, began, b"x"))
    assert journal.peek() == Record("p", 1, began, b"x")


def test_the_folder_says_whose_it_is_and_is_for_its_owner_only(tmp_path: Path) -> None:
    """One folder for each URL and namespace, mode 0700, no token in it."""
    spool = Spool(tmp_path / "spool", "http://x/", "default")
    other = Spool(tmp_path / "spool", "http://x", "other")
    for one in (spool, other):
        one.new_journal().append(record(1))
    assert spool.folder != other.folder
    assert Spool(tmp_path / "spool", "http://x", "default").folder == spool.folder
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    addresses = [one.address for one in spools(tmp_path / "spool")]
    assert sorted((a.url, a.namespace) for a in addresses) == [("http://x", "default"), ("http://x", "other")]
