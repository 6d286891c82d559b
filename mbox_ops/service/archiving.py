"""The archive as a file: a tar whose bytes follow from what is in it, written and read as a stream.

    mbox.json                          the manifest
    blobs/<sha256>                     the bytes of uploaded artifacts, before the first run that needs them
    runs/00000001/run.json             a run
    runs/00000001/<rows>-0001.jsonl.gz its rows, one JSON object a line
    runs/00000001/points-0001.msgpack.gz
    checkpoints/00000001/checkpoint.json  a checkpoint of the run before, and the same of it
    end.json                           counts, and the sha256 of all bytes before

Nothing in it is a path: names are compared with patterns and never opened.
"""

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple, TypeVar

import msgspec

from mbox_ops.entities.archives import FORMAT, ROWS, VERSION, ArchivedCheckpoint, ArchivedRun, End, Manifest, PointBlock
from mbox_ops.errors import InvalidRequest

T = TypeVar("T")

PIECE = 8 << 20  # bytes of a blob that are held at once
_BLOCK = tarfile.BLOCKSIZE
_PART = 1 << 20  # bytes of rows or points, about, that one member holds before it is compressed
_MOST = 64 << 20  # bytes of a member that is held whole
_LEVEL = 6
_MEMBER = re.compile(r"(runs|checkpoints)/\d{8}/(run|checkpoint|[a-z]+-\d{4,})\.(json|jsonl\.gz|msgpack\.gz)")
_BEGINS: dict[str, type[ArchivedRun] | type[ArchivedCheckpoint]] = {
    "run.json": ArchivedRun, "checkpoint.json": ArchivedCheckpoint,
}  # fmt: skip
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_POINTS = msgspec.msgpack.Decoder(list[PointBlock])


class ArchiveWriter:
    """Writes an archive to a file; what is in it, in the order in which it is given, decides every byte."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._numbers = {"runs": 0, "checkpoints": 0}
        self._folder = ""
        self.bytes = 0

    def manifest(self, manifest: Manifest) -> None:
        """Begin."""
        self._add("mbox.json", _json(manifest))

    def blob(self, sha256: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add the bytes of a content; the caller sees to it that they are so many."""
        self._header(f"blobs/{sha256}", size)
        for piece in pieces:
            self._write(piece)
        self._write(bytes(-size % _BLOCK))

    def run(self, run: ArchivedRun) -> None:
        """Begin a run; its rows and points follow."""
        self._begin("runs")
        self._add(f"{self._folder}/run.json", _json(run))

    def checkpoint(self, checkpoint: ArchivedCheckpoint) -> None:
        """Begin a checkpoint of the run before; its rows and points follow."""
        self._begin("checkpoints")
        self._add(f"{self._folder}/checkpoint.json", _json(checkpoint))

    def rows(self, kind: str, rows: Iterable[msgspec.Struct]) -> int:
        """Add rows of the run, or checkpoint; returns how many."""
        encoded, count = (msgspec.json.encode(row) + b"\n" for row in rows), 0
        for number, some in enumerate(_parts(encoded, len), 1):
            self._add(f"{self._folder}/{kind}-{number:04d}.jsonl.gz", _zipped(b"".join(some)))
            count += len(some)
        return count

    def points(self, blocks: Iterable[PointBlock]) -> int:
        """Add points of the run, or checkpoint; returns how many."""
        count = 0
        for number, some in enumerate(_parts(blocks, _size), 1):
            self._add(f"{self._folder}/points-{number:04d}.msgpack.gz", _zipped(msgspec.msgpack.encode(some)))
            count += sum(len(block.steps) // 8 for block in some)
        return count

    def end(self, **counts: int) -> None:
        """End."""
        self._add("end.json", _json(End(sha256=self._digest.hexdigest(), **counts)))
        self._write(bytes(2 * _BLOCK))

    def _begin(self, kind: str) -> None:
        self._numbers[kind] += 1
        self._folder = f"{kind}/{self._numbers[kind]:08d}"

    def _add(self, name: str, data: bytes) -> None:
        self._header(name, len(data))
        self._write(data + bytes(-len(data) % _BLOCK))

    def _header(self, name: str, size: int) -> None:
        info = tarfile.TarInfo(name)  # without a time, an owner or a host
        info.size = size
        self._write(info.tobuf(tarfile.GNU_FORMAT))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.bytes += len(data)


class BlobItem(NamedTuple):
    """The bytes of a content, to be read before the next item."""

    sha256: str
    size: int
    read: Callable[[int], bytes]


class RunItem(NamedTuple):
    """A run, or a checkpoint of one.

    Its rows come as (kind, rows), then its points as (`points`, blocks), to be read before the next item.
    """

    run: ArchivedRun | ArchivedCheckpoint
    parts: Iterator[tuple[str, list[Any]]]


class ArchiveReader:
    """Reads an archive from a file.

    Args:
        file: at its beginning.
        name: what it is called in errors.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._digest = hashlib.sha256()
        self._next: tuple[str, int] | None = None
        self._left = self._padding = 0  # bytes of the present member that were not read
        self._before = ""  # the sha256 of all before the present member
        self._counts = dict.fromkeys(("runs", "checkpoints", "points", "events", "artifacts", "blobs"), 0)
        self.bytes = 0

    def manifest(self) -> Manifest:
        """What it is.

        Raises:
            InvalidRequest: it is no archive, or one of a version that is not known here.
        """
        try:
            name, _ = self._advance()
            plain = msgspec.json.decode(self._whole()) if name == "mbox.json" else None
        except (InvalidRequest, msgspec.DecodeError, UnicodeDecodeError):
            plain = None
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise InvalidRequest(
                f"{self._name!r} is no archive of scenarios: `mbox scenarios export` writes them.",
                field="archive", value=self._name,
            )  # fmt: skip
        if plain.get("version") != VERSION:
            raise InvalidRequest(
                f"{self._name!r} has the format version {plain.get('version')}, and this version of mbox-ops reads"
                f" {VERSION}: import it with the version that wrote it, or a newer one.",
                field="archive", limit=VERSION, value=str(plain.get("version")),
            )  # fmt: skip
        return self._decoded(plain, Manifest)

    def items(self) -> Iterator[BlobItem | RunItem | End]:
        """What is in it, up to and with its end; what is not read of an item is passed over.

        Raises:
            InvalidRequest: it is damaged or cut off.
        """
        while True:
            name, size = self._next or self._advance()
            self._next = None
            if found := _BLOB.fullmatch(name):
                self._counts["blobs"] += 1
                yield BlobItem(found[1], size, self._read)
            elif (begun := _beginning(name)) is not None:
                self._counts[name.partition("/")[0]] += 1
                parts = self._run_parts()
                yield RunItem(self._decoded(self._json(), begun), parts)
                for _ in parts:  # what was not read
                    pass
            elif name == "end.json":
                yield self._end()
                return
            else:
                raise self._damaged(f"{name[:80]!r} is not expected there")
            if self._next is None:
                self._pass_over()

    def _run_parts(self) -> Iterator[tuple[str, list[Any]]]:
        while True:
            self._pass_over()
            name, size = self._advance()
            if not _MEMBER.fullmatch(name) or _beginning(name) is not None:
                self._next = name, size
                return
            kind = name.rpartition("/")[2].partition("-")[0]
            rows = self._rows(kind)
            if kind in self._counts:
                self._counts[kind] += sum(len(row.steps) // 8 for row in rows) if kind == "points" else len(rows)
            yield kind, rows

    def _rows(self, kind: str) -> list[Any]:
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            data = inflater.decompress(self._whole(), _MOST)
            if kind == "points":
                return _POINTS.decode(data)
            return msgspec.json.decode(b"[" + data.rstrip(b"\n").replace(b"\n", b",") + b"]", type=list[ROWS[kind]])  # type: ignore[valid-type]
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, KeyError) as error:
            raise self._damaged(f"its {kind[:80]} cannot be read ({error})") from None

    def _end(self) -> End:
        before = self._before
        end = self._decoded(self._json(), End)
        if end.sha256 != before:
            raise self._damaged(f"its bytes have the sha256 {before} and not {end.sha256}")
        if end != End(sha256=before, **self._counts):
            raise self._damaged("its end counts other things than it holds")
        return end

    def _pieces(self) -> Iterator[bytes]:
        while self._left:
            yield self._read(min(PIECE, self._left))

    def _json(self) -> Any:
        try:
            return msgspec.json.decode(self._whole())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._damaged(str(error)) from None

    def _decoded(self, plain: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(plain, kind)
        except msgspec.ValidationError as error:
            raise self._damaged(str(error)) from None

    def _whole(self) -> bytes:
        if self._left > _MOST:
            raise self._damaged(f"a part of {self._left} bytes is too large")
        return self._read(self._left)

    def _advance(self) -> tuple[str, int]:
        """The next member's name and size."""
        self._pass_over()
        self._before = self._digest.hexdigest()
        header = self._exactly(_BLOCK)
        try:
            info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise self._damaged(str(error)) from None
        if info.size < 0:  # which a header can say, and which would mean all that follows to a file that is read
            raise self._damaged(f"a part of {info.size} bytes is none")
        self._left, self._padding = info.size, -info.size % _BLOCK
        return info.name, info.size

    def _pass_over(self) -> None:
        for _ in self._pieces():
            pass
        self._exactly(self._padding)
        self._padding = 0

    def _read(self, size: int) -> bytes:
        self._left -= size
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise self._damaged("it is cut off")
        self._digest.update(data)
        self.bytes += size
        return data

    def _damaged(self, why: str) -> InvalidRequest:
        return InvalidRequest(
            f"The archive {self._name!r} is damaged: {why}. Nothing more of it is imported; export it again.",
            field="archive", value=self._name,
        )  # fmt: skip


def _beginning(name: str) -> type[ArchivedRun] | type[ArchivedCheckpoint] | None:
    """What begins with a member of that name."""
    folder, _, last = name.rpartition("/")
    begun = _BEGINS.get(last) if _MEMBER.fullmatch(name) else None
    return begun if folder.startswith(last.removesuffix(".json")) else None


def _json(value: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _zipped(data: bytes) -> bytes:
    return gzip.compress(data, _LEVEL, mtime=0)


def _size(block: PointBlock) -> int:
    values = block.values
    held = len(values) if isinstance(values, bytes) else sum(len(_bytes(value)) for value in values)
    return held + 4 * len(block.steps)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _parts(items: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """The items in lists that hold about as many bytes as a part has."""
    some: list[T] = []
    held = 0
    for item in items:
        some.append(item)
        held += size_of(item)
        if held >= _PART:
            yield some
            some, held = [], 0
    if some:
        yield some
