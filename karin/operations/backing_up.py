"""Backups: everything that karin keeps in a store as one file, and a store from such a file.

A message that is delivered after its queue was read comes again after a restore, as it may anyway: at least once.
"""

from itertools import chain
from pathlib import Path

import msgspec

from karin import __version__
from karin.operations.backup_file import FORMAT, End, Header, check, pieces, writing
from karin.operations.context import Context
from karin.store.copying import Piece, Whole
from karin.store.schema import VERSION, NewerStore
from karin.store.signals import Synced

WRITTEN_AT_ONCE_BYTES = 1024 * 1024


class BackedUp(msgspec.Struct, frozen=True):
    """What a backup holds, and the bytes that its file takes."""

    queues: int
    messages: int
    bytes: int


def back_up(context: Context, path: Path) -> BackedUp:
    """Write a backup; a file that is there is replaced once the new one is whole.

    Takes about as much of the store's memory as its largest queue, and little of this process's. Raises AlreadyCopying,
    UnknownType, NewerStore, StoreUnavailable, OSError.
    """
    now_ms = context.clock.now_ms()
    schema = context.store.schema.check() or 1
    queues = messages = 0
    with writing(path, Header(FORMAT, schema, __version__, now_ms)) as writer:
        for read in context.store.copying.read(now_ms):
            if isinstance(read, Whole):
                queues, messages = queues + 1, messages + read.messages
            else:
                writer.piece(read)
        writer.end(queues, messages)
    return BackedUp(queues, messages, path.stat().st_size)


def examine(path: Path) -> tuple[Header, End]:
    """Return what a backup holds once all of it was read; raises BadBackup, NewerStore, OSError."""
    header, end = check(path)
    if header.schema > VERSION:
        raise NewerStore(
            f"{path} was made by a newer karin (schema {header.schema}, this one knows {VERSION}): upgrade this one"
        )
    return header, end


def restore(context: Context, path: Path, header: Header) -> None:
    """Delete all that karin keeps in the store and write what a backup holds, which ``examine`` has found whole.

    What had to expire meanwhile does. Schedulers that run are told to look again. Raises BadBackup, UnknownType,
    StoreUnavailable, OSError; the store then holds a part, and restoring again makes it whole.
    """
    store = context.store
    store.copying.remove_all()
    store.schema.replace(header.schema)
    batch: list[Piece] = []
    size = 0
    for piece in chain(pieces(path), (None,)):
        if piece is not None:
            batch.append(piece)
            size += sum(map(len, piece.elements))
        if batch and (piece is None or size >= WRITTEN_AT_ONCE_BYTES):
            store.copying.write(batch)
            batch, size = [], 0
    store.schema.claim()
    store.signals.publish(Synced())
