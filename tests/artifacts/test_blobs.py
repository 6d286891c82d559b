"""The blob store: what is whole is there under its sha256, and nothing else is."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mbox_ops.artifacts.blobs import Blobs, Mismatch
from mbox_ops.errors import StorageFull, Unavailable

Upload = Callable[..., str]


def sha256(data: bytes) -> str:
    """Its hex digits."""
    return hashlib.sha256(data).hexdigest()


def shard(key: str) -> int:
    """The folder that a blob is in."""
    return int(key[:2], 16)


def test_parts_become_one_blob_that_is_read_by_ranges(blobs: Blobs, upload: Upload) -> None:
    """Under its sha256, in two levels of folders."""
    data = b"one, two and three"
    key = blobs.compose(upload(data[:5], data[5:10], data[10:]), 3, sha256(data))
    assert key.startswith(f"{sha256(data)[:2]}/{sha256(data)[2:4]}/{sha256(data)}.")
    assert blobs.read(key, 0, len(data)) == data
    assert blobs.read(key, 5, 8) == data[5:8]
    assert blobs.read(key, 3, 3) == b""
    assert [found.key for found in blobs.blobs(shard(key))] == [key]


def test_a_part_that_is_put_again_takes_the_place_of_the_first(blobs: Blobs, upload: Upload) -> None:
    """So a resend does no harm."""
    uid = upload(b"wrong", b"!")
    blobs.put_part(uid, 0, b"right")
    assert blobs.read(blobs.compose(uid, 2, sha256(b"right!")), 0, 6) == b"right!"


def test_other_bytes_than_announced_leave_nothing(blobs: Blobs, upload: Upload) -> None:
    """They are found out while they are written."""
    uid = upload(b"these bytes")
    for check in (blobs.compose, blobs.verify):
        with pytest.raises(Mismatch) as raised:
            check(uid, 1, sha256(b"other bytes"))
        assert raised.value.found == sha256(b"these bytes")
    assert blobs.blobs(int(sha256(b"other bytes")[:2], 16)) == []
    assert [found.key for found in blobs.parts()] == [f"parts/{uid}/00000000"]
    blobs.drop_parts(uid)
    assert blobs.parts() == []


def test_the_same_content_twice_has_two_names(blobs: Blobs, upload: Upload) -> None:
    """Removing one never takes what the other is."""
    uid = upload(b"twice")
    one, other = (blobs.compose(uid, 1, sha256(b"twice")) for _ in range(2))
    blobs.delete(one)
    blobs.delete(one)  # what is gone is gone
    assert blobs.read(other, 0, 5) == b"twice"


def test_an_empty_content_is_one_too(blobs: Blobs) -> None:
    """Without any part."""
    key = blobs.compose("nobody", 0, sha256(b""))
    assert blobs.read(key, 0, 0) == b""
    assert [found.key for found in blobs.blobs(shard(key))] == [key]


def test_what_lies_there_is_listed_with_its_age(blobs: Blobs, upload: Upload) -> None:
    """Nothing of it is found by a name that a caller chose."""
    uid = upload(b"a", b"b")
    listed = blobs.parts()
    assert [found.key for found in listed] == [f"parts/{uid}/0000000{number}" for number in (0, 1)]
    assert all(found.modified_at and abs(found.modified_at / 1e6 - time.time()) < 60 for found in listed)


def test_a_large_content_goes_in_blocks(blobs: Blobs, upload: Upload) -> None:
    """Forty MiB, more than an object store is sent at once."""
    part = bytes(range(256)) * 4096 * 8
    uid = upload(*[part] * 5)
    digest = hashlib.sha256()
    for _ in range(5):
        digest.update(part)
    key = blobs.compose(uid, 5, digest.hexdigest())
    assert blobs.read(key, len(part) * 5 - 4, len(part) * 5) == part[-4:]
    blobs.delete(key)
    blobs.drop_parts(uid)


def test_a_store_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch, s3_environment: dict[str, str]) -> None:
    """Its address is for the log, not for callers."""
    for name, value in {**s3_environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    away = Blobs("s3://bucket/away")
    away._fs.connect(refresh=True)
    with capture_logs() as logs, pytest.raises(Unavailable) as raised:
        away.put_part("u", 0, b"x")
    assert [line["url"] for line in logs] == ["s3://bucket/away"]
    assert "127.0.0.1" in logs[0]["error"]
    assert not [told for told in ("127.0.0.1", "bucket") if told in str(raised.value)]
    assert "the server's log says more" in str(raised.value)


def test_a_full_disk_is_said_to_be_full() -> None:
    """/dev/full takes nothing."""
    if not Path("/dev/full").exists():
        pytest.skip("This system has no /dev/full.")
    from mbox_ops.artifacts.failures import translated

    with pytest.raises(StorageFull), translated("file:///x"), Path("/dev/full").open("wb", buffering=0) as file:
        file.write(b"x")


def test_an_unknown_kind_of_url_is_refused() -> None:
    """At once, and not at the first upload."""
    with pytest.raises(ValueError, match="nonsense"):
        Blobs("nonsense://there")
