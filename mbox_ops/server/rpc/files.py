"""Files: uploaded and downloaded in pieces, in constant memory."""

from collections.abc import Iterator

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.limits import check_text
from mbox_ops.entities.uploads import CreateUpload, Upload
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import InvalidRequest, OutOfRange
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import Sink, rpc
from mbox_ops.server.rpc.messages import read, write
from mbox_ops.service.artifacts import check_artifact
from mbox_ops.wire import modelbox_pb2 as pb

PIECE = 1 << 20  # bytes in a message: clients take 4 MiB unless they are told otherwise


@rpc(scope="write", lane="bytes")
def upload_file(call: Call) -> Sink:
    """Take a file; it is listed when all of it was verified."""
    return Receiving(call)


@rpc(scope="read", lane="bytes")
def download_file(call: Call, request: pb.DownloadFileRequest) -> Iterator[pb.DownloadFileResponse]:
    """What a file is, then its bytes."""
    files = call.service.artifacts
    if request.artifact_id:
        content = files.content(call.actor, request.artifact_id)
    else:
        content = files.content_at(call.actor, request.parent_id, request.path)
    if not 0 <= request.offset <= content.size:
        raise OutOfRange(
            f"offset is {request.offset}; the file has {content.size} bytes.",
            field="offset", limit=content.size, value=request.offset,
        )  # fmt: skip
    yield pb.DownloadFileResponse(artifact=write(content.artifact, pb.Artifact))
    for start in range(request.offset, content.size, PIECE):
        yield pb.DownloadFileResponse(chunk=content.read(start, min(start + PIECE, content.size)))


class Receiving:
    """A file on its way in: at most one part of it is in memory.

    A stream that breaks off leaves nothing visible. The parts that came are kept for a day, so that the same content
    that is sent again is not stored twice.

    Attributes:
        done: the service has the content, so that the rest of the stream is of no use.
    """

    def __init__(self, call: Call) -> None:
        self.done = False
        self._call = call
        self._parent_id = ""
        self._record: ArtifactRecord | None = None
        self._upload: Upload | None = None
        self._waiting = bytearray()
        self._sent = 0

    def take(self, message: pb.UploadFileRequest) -> None:
        """The file, then its chunks.

        Raises:
            InvalidRequest: they come in another order, there are more bytes than was said, or the file breaks a rule.
        """
        part = message.WhichOneof("part")
        expected = "file" if self._upload is None else "chunk"
        if part != expected:
            raise InvalidRequest(
                f"The stream holds {part or 'nothing'} where {expected} belongs: first one `file`, then chunks.",
                field="part", limit=expected, value=part,
            )  # fmt: skip
        if self._upload is None:
            self._begin(message.file)
        else:
            self._add(self._upload, message.chunk)

    def finish(self) -> pb.UploadFileResponse:
        """Verify the content, and list the file.

        Raises:
            InvalidRequest: bytes are missing, or they are not those of the checksum.
        """
        if self._upload is None or self._record is None:
            raise InvalidRequest("The stream holds nothing: first one `file`, then chunks.", field="part", limit="file")
        if not self.done:
            self._end(self._upload)
        result = self._call.write(Batch(run_id=self._parent_id, artifacts=[self._record]))
        return write(result, pb.UploadFileResponse, artifact_id=result.artifact_ids[0])

    def _begin(self, file: pb.UploadFileRequest.File) -> None:
        self._parent_id = check_text("parent_id", file.parent_id, most=self._call.service.limits.key)
        size = file.size
        file.ClearField("parent_id")
        record = read(file, ArtifactRecord, kind="uploaded", size=size)
        self._record = check_artifact(record, self._call.service.limits)  # before gigabytes come
        self._upload = self._asked(record.checksum, size)

    def _add(self, upload: Upload, chunk: bytes) -> None:
        self._waiting += chunk
        if self._sent + len(self._waiting) > upload.size:
            raise InvalidRequest(
                f"The stream holds more bytes than the {upload.size} that were announced.",
                field="size", limit=upload.size, value=self._sent + len(self._waiting),
            )  # fmt: skip
        while len(self._waiting) >= upload.part_bytes:
            self._put(upload, upload.part_bytes)

    def _end(self, upload: Upload) -> None:
        received = self._sent + len(self._waiting)
        if received != upload.size:
            raise InvalidRequest(
                f"The stream ended after {received} of {upload.size} bytes; send all of the file again.",
                field="size", limit=upload.size, value=received,
            )  # fmt: skip
        if self._waiting:
            self._put(upload, len(self._waiting))
        self._asked(upload.checksum, upload.size)

    def _put(self, upload: Upload, count: int) -> None:
        part = bytes(self._waiting[:count])
        del self._waiting[:count]
        self._call.service.uploads.put(self._call.actor, upload.id, self._sent, part)
        self._sent += count

    def _asked(self, checksum: str, size: int) -> Upload:
        """How far the upload is; when all of it is there, it is verified."""
        upload = self._call.service.uploads.create(self._call.actor, CreateUpload(checksum=checksum, size=size))
        self.done = upload.complete
        return upload
