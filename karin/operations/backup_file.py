"""The file that a backup is: gzip over a magic line and frames, each a length and MessagePack.

The first frame is the header, the last one the end with a checksum of all that stands before it; between them are the
pieces. It knows nothing of Redis. Of a newer format only the header is read, to say so.
"""

import gzip
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from karin.store.copying import Piece

MAGIC = b"karin backup\n"
FORMAT = 1
MOST_FRAME_BYTES = 256 * 1024 * 1024  # no piece comes near; a length beyond it is damage
COMPRESSION = 5
_LENGTH = struct.Struct(">I")
_DAMAGED = "is damaged or cut off, so nothing was restored: take another copy of it"


class BadBackup(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A file is no backup that this karin can read; the message is one line."""


class NotAFile(Exception):  # noqa: N818
    """A backup cannot be put there; the message is one line."""


class Header(msgspec.Struct, frozen=True, array_like=True, tag="header"):
    """What a backup is of."""

    format: int
    schema: int
    karin: str  # its version
    made_at_ms: int


class End(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    """What must be true of a whole backup."""

    pieces: int
    queues: int
    messages: int
    sha256: bytes  # of the magic line and all frames before


Frame = Header | Piece | End
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


class Writer:
    """Writes frames; ``end`` comes last."""

    def __init__(self, file: Any, header: Header) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._pieces = 0
        self._put(MAGIC)
        self._frame(header)

    def piece(self, piece: Piece) -> None:
        """Write a piece."""
        self._pieces += 1
        self._frame(piece)

    def end(self, queues: int, messages: int) -> End:
        """Write the end."""
        end = End(self._pieces, queues, messages, self._digest.digest())
        self._frame(end)
        return end

    def _frame(self, frame: Frame) -> None:
        packed = _encoder.encode(frame)
        self._put(_LENGTH.pack(len(packed)) + packed)

    def _put(self, part: bytes) -> None:
        self._digest.update(part)
        self._file.write(part)


@contextmanager
def writing(path: Path, header: Header) -> Iterator[Writer]:
    """Give a writer of a file for its owner alone, which is there in one step, once all of it is.

    Of a link the file that it leads to is written. Raises NotAFile for what must not be replaced, and OSError.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():  # a rename would put a file in the place of /dev/null
        raise NotAFile(f"{path} is not a file: name one, or a new one")
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)  # its mode would outlive it
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=COMPRESSION, filename="", mtime=0) as file:
                yield Writer(file, header)
            raw.flush()
            os.fsync(raw.fileno())
        new.replace(path)
    except OSError as error:  # such as a full disk: a write does not know of which file
        error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def check(path: Path) -> tuple[Header, End]:
    """Read a file as a whole and return its header and its end. Raises BadBackup, OSError."""
    digest = hashlib.sha256()
    header, end, pieces = None, None, 0
    for packed, frame in _frames(path, digest):
        if end is not None or isinstance(frame, Header) is not (header is None):
            raise BadBackup(f"{path} {_DAMAGED}")
        if isinstance(frame, Header):
            header = frame
            if header.format > FORMAT:
                raise BadBackup(f"{path} was made by a newer karin ({header.karin}): upgrade this one to restore it")
        elif isinstance(frame, End):
            end = frame
        else:
            pieces += 1
        if end is None:
            digest.update(packed)
    if header is None or end is None or (end.pieces, end.sha256) != (pieces, digest.digest()):
        raise BadBackup(f"{path} {_DAMAGED}")
    return header, end


def pieces(path: Path) -> Iterator[Piece]:
    """Yield the pieces of a file that was checked. Raises BadBackup, OSError."""
    return (frame for _, frame in _frames(path, hashlib.sha256()) if isinstance(frame, Piece))


def _frames(path: Path, digest: Any) -> Iterator[tuple[bytes, Frame]]:
    """Yield each frame as it stands in the file and as it is read; the digest gets the magic line."""
    with path.open("rb") as raw:
        try:
            with gzip.GzipFile(fileobj=raw, mode="rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    raise BadBackup(f"{path} is not a backup that `karin backup` made")
                digest.update(MAGIC)
                while length := file.read(_LENGTH.size):
                    yield _frame(file, length)
        except gzip.BadGzipFile:
            raise BadBackup(f"{path} is not a backup that `karin backup` made, or it {_DAMAGED}") from None
        except (EOFError, zlib.error, struct.error, msgspec.DecodeError, UnicodeDecodeError):
            raise BadBackup(f"{path} {_DAMAGED}") from None


def _frame(file: gzip.GzipFile, length: bytes) -> tuple[bytes, Frame]:
    size = _LENGTH.unpack(length)[0]
    if size > MOST_FRAME_BYTES:
        raise EOFError
    packed = file.read(size)
    if len(packed) < size:
        raise EOFError
    return length + packed, _decoder.decode(packed)
