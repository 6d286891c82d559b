"""Uploads: bytes on their way to the service, in parts, so that what broke off goes on where it was."""

import msgspec


class CreateUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish to have some content held.

    Attributes:
        checksum: `sha256:<64 hex digits>` of all of its bytes.
        size: how many there are.
    """

    checksum: str
    size: int


class PartQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where in the content a part belongs.

    Attributes:
        offset: of its first byte: a multiple of the upload's `part_bytes`.
    """

    offset: int


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """How far an upload is.

    Attributes:
        id: of the upload.
        checksum: of the whole content.
        size: of it, in bytes.
        offset: so many bytes have come; the next part begins there.
        part_bytes: the size of every part but the last, which is what remains.
        complete: the content is whole and verified; artifacts of the namespace may refer to it.
    """

    id: str
    checksum: str
    size: int
    offset: int
    part_bytes: int
    complete: bool
