"""Uploads: the bytes of artifacts, in parts."""

from mbox_ops.entities.uploads import CreateUpload, PartQuery, Upload
from mbox_ops.server.routes import Call, operation

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@operation("POST", "/api/v1/uploads", scope="write", example={"checksum": EMPTY, "size": 0})
def create_upload(call: Call, body: CreateUpload) -> Upload:
    """Begin an upload, or go on with the one of that content.

    The parts follow, from the `offset` of the answer on. When all were sent, the same request again has them verified:
    its answer is `complete`, and artifacts of this namespace may be written with that checksum. Content that the
    namespace has already is complete at once.
    """
    return call.service.uploads.create(call.actor, body)


@operation("GET", "/api/v1/uploads/{upload_id}", scope="write")
def get_upload(call: Call, upload_id: str) -> Upload:
    """How far an upload is."""
    return call.service.uploads.get(call.actor, upload_id)


@operation("PUT", "/api/v1/uploads/{upload_id}", scope="write", errors=("conflict",))
def put_part(call: Call, upload_id: str, query: PartQuery, body: bytes) -> Upload:
    """Send the next part of an upload; the same part again changes nothing.

    All parts have `part_bytes` bytes, but for the last one.
    """
    return call.service.uploads.put(call.actor, upload_id, query.offset, body)
