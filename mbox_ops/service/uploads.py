"""Uploads: how bytes become a blob that artifacts may refer to, and how what nothing needs goes again.

Whoever uploads a content has it: the namespace may then write artifacts with its checksum. Bytes that another namespace
has uploaded are kept once, but each namespace has to send them itself, since a checksum is no secret.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from threading import Thread
from typing import TYPE_CHECKING, Literal

from mbox_ops.artifacts.blobs import SHARDS, Blobs, Found, Mismatch
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.uploads import CreateUpload, Upload
from mbox_ops.errors import Conflict, InvalidRequest, NotFound, StorageFull, Unavailable
from mbox_ops.service.access import Actor
from mbox_ops.service.artifacts import check_checksum, store_of
from mbox_ops.service.clock import Clock
from mbox_ops.service.queries import is_storable
from mbox_ops.store import blobs, subjects, uploads
from mbox_ops.store.database import Database
from mbox_ops.store.uploads import UploadRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAY = 86_400 * 1_000_000  # microseconds
KEPT_DAYS = 1  # so long an upload waits for its next part, and a whole one for its artifact
STRAY_DAYS = 1  # what lies in the store and is known to no row is left alone for so long
_UPLOADS, _BLOBS, _ROWS = 500, 10_000, 50  # looked at in one call, the same, in one transaction


StoreState = Literal["ok", "full", "away", "unknown", "none"]


class Uploads:
    """The uploads of a service.

    Attributes:
        store_state: what the last `probe` found of the store for bytes; `none`: the service was made without one.
    """

    def __init__(
        self, database: Database, *, clock: Clock, limits: Limits, new_id: Callable[[], str], blobs: Blobs | None
    ) -> None:
        self._database, self._clock, self._limits, self._new_id = database, clock, limits, new_id
        self._blobs = blobs
        self.store_state: StoreState = "none" if blobs is None else "unknown"
        self._probing: Thread | None = None
        self._shard = secrets.randbelow(SHARDS)

    def create(self, actor: Actor, request: CreateUpload) -> Upload:
        """Begin an upload, or go on with the namespace's own of the same content; ask again when all parts were sent.

        Returns:
            How far it is. It is `complete` when the content is held and verified, at once if it was held before.

        Raises:
            InvalidRequest: checksum or size breaks a rule, the namespace has too many unfinished uploads, or the bytes
                that were sent are others, which are then forgotten.
        """
        actor.require("write")
        store = store_of(self._blobs)
        sha256 = check_checksum("checksum", request.checksum)
        self._check_size(request.size)
        with self._database.write() as conn:
            now = self._clock.now()
            namespace_id = subjects.namespace_id(conn, name=actor.namespace, now=now)
            held = blobs.held(conn, namespace_id=namespace_id, sha256s=[sha256]).get(sha256)
            if held is not None and held.size != request.size:
                raise InvalidRequest(
                    f"size is {request.size}, and the content {request.checksum!r} has {held.size} bytes.",
                    field="size", limit=held.size, value=request.size,
                )  # fmt: skip
            if held is None:
                self._check_unfinished(conn, actor, namespace_id, sha256)
            row = uploads.insert(
                conn, uid=self._new_id(), namespace_id=namespace_id, sha256=sha256, size=request.size,
                part_bytes=self._limits.part_bytes, now=now,
            )  # fmt: skip
            if held is not None:
                uploads.complete(conn, row_id=row.id, blob_id=held.id, now=now)
                return _shown(row._replace(blob_id=held.id))
        if row.blob_id is None and row.offset == row.size:
            row = row._replace(blob_id=self._finish(store, row))
        return _shown(row)

    def get(self, actor: Actor, upload_id: str) -> Upload:
        """How far an upload is.

        Raises:
            NotFound: there is none (any more), or the token does not open its namespace.
        """
        actor.require("write")
        return _shown(self._find(actor, upload_id))

    def put(self, actor: Actor, upload_id: str, offset: int, data: bytes) -> Upload:
        """Store one part; the same part again changes nothing.

        Raises:
            NotFound: there is no such upload (any more), or the token does not open its namespace.
            Conflict: another part is next; `details["offset"]` says which.
            InvalidRequest: the part has not the size that the upload's parts have.
        """
        actor.require("write")
        row = self._find(actor, upload_id)
        if row.blob_id is not None or 0 <= offset < row.offset:
            return _shown(row)
        if offset != row.offset or offset == row.size:
            raise Conflict(
                f"The part at {offset} is not the next one of upload {upload_id!r}: that begins at {row.offset} of"
                f" {row.size} bytes.",
                offset=row.offset,
            )
        expected = min(row.part_bytes, row.size - offset)
        if len(data) != expected:
            raise InvalidRequest(
                f"The part at {offset} has {len(data)} bytes; it must have {expected}.",
                field="body", limit=expected, value=len(data),
            )  # fmt: skip
        store_of(self._blobs).put_part(row.uid, offset // row.part_bytes, data)
        with self._database.write() as conn:
            uploads.advance(conn, row_id=row.id, offset=offset, by=expected, now=self._clock.now())
        return _shown(self._find(actor, upload_id))

    def collect(self, *, seconds: float = 5.0) -> int:
        """Forget uploads whose time is over and remove blobs that nothing refers to; returns how many blobs went.

        The row goes first: from then on nothing can refer to the bytes, and the same content that is uploaded again
        has another key. Bytes that stay because this process dies in between are found by `sweep`.

        Args:
            seconds: about how long to work; what is left is for the next call.
        """
        if self._blobs is None:
            return 0
        ends = time.monotonic() + seconds
        with self._database.write() as conn:
            expired = uploads.drop_expired(conn, before=self._clock.now() - KEPT_DAYS * DAY, limit=_UPLOADS)
        for uid in expired:
            self._blobs.drop_parts(uid)
        with self._database.read() as conn:
            unused = blobs.unused(conn, limit=_BLOBS)
        collected = 0
        for start in range(0, len(unused), _ROWS):
            collected += self._remove(self._blobs, unused[start : start + _ROWS])
            if time.monotonic() >= ends:
                break
        return collected

    def _remove(self, store: Blobs, ids: list[int]) -> int:
        with self._database.write() as conn:
            keys = blobs.drop_unused(conn, ids=ids)
        for key in keys:
            store.delete(key)
        return len(keys)

    def probe(self) -> int:
        """Look whether the store takes bytes, and keep the answer in `store_state`; answers 0, as a job without news.

        It does not wait for a store that does not answer: one that has not by the next look is away.
        """
        if self._probing is not None and self._probing.is_alive():
            self.store_state = "away"
        elif self._blobs is not None:
            self._probing = Thread(target=self._probe, args=(self._blobs,), name="mbox-probe", daemon=True)
            self._probing.start()
        return 0

    def _probe(self, store: Blobs) -> None:
        try:
            store.probe()
            self.store_state = "ok"
        except StorageFull:
            self.store_state = "full"
        except Unavailable:
            self.store_state = "away"

    def sweep(self) -> int:
        """Remove from one folder of the store, and from its unfinished parts, what no row knows; returns how much.

        Each call takes the next of the store's 256 folders, so that no call takes long. What the store does not say the
        age of stays: it may be a blob whose row is not committed yet.
        """
        if self._blobs is None:
            return 0
        self._shard = (self._shard + 1) % SHARDS
        before = self._clock.now() - STRAY_DAYS * DAY
        strays = _older(self._blobs.blobs(self._shard), before)
        parts = _older(self._blobs.parts(), before)
        owners = {key: key.split("/")[1] for key in parts if key.startswith("parts/")}
        with self._database.read() as conn:
            known = blobs.known_keys(conn, keys=strays)
            alive = uploads.known(conn, uids=set(owners.values()))
        gone = (strays - known) | {key for key in parts if owners.get(key) not in alive}
        for key in sorted(gone):
            self._blobs.delete(key)
        return len(gone)

    def _finish(self, store: Blobs, row: UploadRow) -> int:
        """Make a blob of an upload whose parts are all there, and return its row."""
        parts = -(-row.size // row.part_bytes)
        try:
            blob_id = None
            while blob_id is None:
                blob_id = self._become_blob(store, row, parts)
        except Mismatch as error:
            with self._database.write() as conn:
                uploads.drop(conn, row_id=row.id)
            store.drop_parts(row.uid)
            raise InvalidRequest(
                f"The bytes that were sent have the checksum 'sha256:{error.found}' and not 'sha256:{row.sha256}';"
                " they are forgotten. Has the file changed meanwhile?",
                field="checksum", value=f"sha256:{error.found}",
            ) from None  # fmt: skip
        store.drop_parts(row.uid)
        return blob_id

    def _become_blob(self, store: Blobs, row: UploadRow, parts: int) -> int | None:
        """The blob's row; None if the one that was found has been collected meanwhile."""
        with self._database.read() as conn:
            there = blobs.find(conn, sha256=row.sha256)
        key = None
        if there is None:
            key = store.compose(row.uid, parts, row.sha256)
        else:
            store.verify(row.uid, parts, row.sha256)
        with self._database.write() as conn:
            now = self._clock.now()
            made = key and blobs.insert(conn, sha256=row.sha256, size=row.size, key=key, now=now)
            blob_id = made or blobs.keep(conn, sha256=row.sha256)
            if blob_id:
                uploads.complete(conn, row_id=row.id, blob_id=blob_id, now=now)
        if key and not made:  # somebody else was faster
            store.delete(key)
        return blob_id or None

    def _find(self, actor: Actor, upload_id: str) -> UploadRow:
        with self._database.read() as conn:
            row = uploads.find(conn, uid=upload_id) if is_storable(upload_id) else None
        if row is None or not actor.opens(row.namespace):
            raise NotFound("upload", upload_id, actor.namespace)
        return row

    def _check_size(self, size: int) -> None:
        most = self._limits.artifact_bytes
        if not 0 <= size <= most:
            raise InvalidRequest(
                f"size is {size} bytes; an artifact has 0 to {most}.", field="size", limit=most, value=str(size)
            )

    def _check_unfinished(self, conn: "Connection", actor: Actor, namespace_id: int, sha256: str) -> None:
        most = self._limits.unfinished_uploads
        count = uploads.unfinished(conn, namespace_id=namespace_id, sha256=sha256)
        if count >= most:
            raise InvalidRequest(
                f"The namespace {actor.namespace!r} has {count} unfinished uploads; the limit is {most}. Finish some of"
                f" them; those that nothing is done with are forgotten after {KEPT_DAYS * 24} hours.",
                field="uploads", limit=most, value=count,
            )  # fmt: skip


def _older(found: Iterable[Found], before: int) -> set[str]:
    return {one.key for one in found if one.modified_at is not None and one.modified_at < before}


def _shown(row: UploadRow) -> Upload:
    return Upload(
        id=row.uid, checksum=f"sha256:{row.sha256}", size=row.size, part_bytes=row.part_bytes,
        offset=row.size if row.blob_id is not None else row.offset, complete=row.blob_id is not None,
    )  # fmt: skip
