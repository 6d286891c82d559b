"""What a tracked file is: where it lies, how large it is, what its bytes add up to, and which KFP run made it."""

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


def mbox_producer(uri: str) -> dict[str, str]:
    """The KFP run and the task that made an artifact, as its address on a cluster tells; empty where it does not.

    Such an address is `<root>/<pipeline>/<run id>/<task>/<salt>/<output>`, in older releases without the salt.
    """
    import re

    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    salted = re.search(rf"/({uuid})/([^/]+)/{uuid}/[^/]+$", uri)
    found = salted or re.search(rf"/({uuid})/([^/]+)/[^/]+$", uri)
    return {"kfp_run_id": found[1], "kfp_task": found[3]} if found else {}


def mbox_tracked(record: dict[str, Any], reused: dict[str, str], used: bool, source: str, now: int) -> dict[str, Any]:
    """What to write: a file that the run produced; or that it used, as an input or since another KFP run made it."""
    if not (reused or used):
        return {"artifacts": [record]}
    batch: dict[str, Any] = {"uses": [{"uri": record["uri"]}]}
    if "checksum" in record:
        batch["uses"].append({"checksum": record["checksum"]})
    if reused:
        details = {"path": record["path"], "uri": record["uri"], **reused}
        batch["events"] = [{"name": "artifact_reused", "source": source, "wallclock": now, "metadata": details}]
    return batch
