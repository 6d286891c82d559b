"""What a tracked file is: where it lies, how large it is, and what its bytes add up to."""

from typing import Any


def mbox_file(uri: str, path: str, label: str, checksum: bool) -> dict[str, Any]:
    """A reference to the file at `uri`; size and checksum where its bytes are at hand, at the local `path`."""
    from pathlib import Path

    name = label or uri.rstrip("/").rpartition("/")[2] or uri
    record: dict[str, Any] = {"path": name, "uri": uri}
    if path and Path(path).is_file():
        record["size"] = Path(path).stat().st_size
    if checksum:
        record["checksum"] = mbox_sha256(path)
    return record


def mbox_sha256(path: str) -> str:
    """The SHA-256 of a file's bytes."""
    import hashlib
    from pathlib import Path

    if not path or not Path(path).is_file():
        raise ValueError("checksum=True needs the bytes of one file: give that as artifact=; no folder, and not uri=.")
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"
