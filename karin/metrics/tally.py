"""Counts of one process, in a mapped file that another reads: counting costs no system call, and no lock is shared.

prometheus_client has such files, too. It takes 2 to 8 microseconds where this takes half of one, and keeps a file for
each process that ever was (docs/decisions.md). Here a process that takes the place of another goes on with its counts.
"""

import hashlib
import logging
import mmap
import struct
import threading
from collections.abc import Iterator, MutableSequence
from pathlib import Path

from karin.mapped_file import take
from karin.metrics.catalog import COUNTED, MOST_QUEUES, OTHER_QUEUES, Metric
from karin.metrics.files import FOLDER, SUFFIX

FILE_BYTES = 256 * 1024  # a hundred queues take half of it
MAGIC = hashlib.sha256(repr(COUNTED).encode()).digest()[:8]  # a file of other metrics is begun anew
_START = struct.Struct("<8sQ")  # magic, bytes used
_ROW = struct.Struct("<HH")  # bytes of the key, cells; then the key, room up to a multiple of eight, the cells
_SEPARATOR = "\x1f"

Cells = MutableSequence[int] | memoryview

log = logging.getLogger("karin.metrics")


class Tally:
    """The counts of this process; shared by threads and greenlets.

    ``cells(...)[0] += n`` cannot be interrupted by another thread if ``n`` is known before: CPython looks for others
    only at calls and jumps.
    """

    def __init__(self, file: mmap.mmap | None) -> None:
        """Count in a file, or in vain."""
        self._map = file
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, ...], Cells] = {}
        self._queues: set[str] = set()
        if file is not None:
            for metric, labels, place, cells in _rows(file):
                self._remember(metric, labels)
                self._rows[metric, *labels] = self._at(place, cells)

    @classmethod
    def open(cls, home: Path, role: str) -> "Tally":
        """Take a file of a KARIN_HOME that no other process of a role has; where there is none, count in vain."""
        try:
            return cls(_take(home / FOLDER, role))
        except OSError as error:
            log.warning("metrics of the %s are not counted: %s", role, error)
            return cls(None)

    def cells(self, metric: Metric, *labels: str) -> Cells:
        """Return where a metric is counted under labels; with a queue beyond MOST_QUEUES, under OTHER_QUEUES."""
        found = self._rows.get((metric.name, *labels))
        if found is not None:
            return found
        with self._lock:
            if metric.labels[:1] == ("queue",):
                labels = (self._queue(labels[0]), *labels[1:])
            key = (metric.name, *labels)
            if key not in self._rows:
                self._rows[key] = self._add(key, metric.cells)
                self._remember(metric.name, labels)
            return self._rows[key]

    def _queue(self, name: str) -> str:
        return name if name in self._queues or len(self._queues) < MOST_QUEUES else OTHER_QUEUES

    def _remember(self, name: str, labels: tuple[str, ...]) -> None:
        metric = _BY_NAME.get(name)
        if metric and metric.labels[:1] == ("queue",) and labels[0] != OTHER_QUEUES:
            self._queues.add(labels[0])

    def _add(self, key: tuple[str, ...], cells: int) -> Cells:
        text = _SEPARATOR.join(key).encode()
        if self._map is None:
            return [0] * cells
        _, used = _START.unpack_from(self._map)
        place = used + _padded(_ROW.size + len(text))
        end = place + 8 * cells
        if end > FILE_BYTES:
            return [0] * cells
        _ROW.pack_into(self._map, used, len(text), cells)
        self._map[used + _ROW.size : used + _ROW.size + len(text)] = text
        self._map[place:end] = bytes(8 * cells)
        _START.pack_into(self._map, 0, MAGIC, end)  # last: a reader takes whole rows
        return self._at(place, cells)

    def _at(self, place: int, cells: int) -> Cells:
        assert self._map is not None  # noqa: S101 - for the type checker
        return memoryview(self._map)[place : place + 8 * cells].cast("Q")


def read(home: Path) -> Iterator[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    """Yield metric, labels and counts of every file in a KARIN_HOME; what several count comes several times."""
    for path in sorted((home / FOLDER).glob(f"*{SUFFIX}")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        for metric, labels, place, cells in _rows(content):
            yield metric, labels, struct.unpack_from(f"<{cells}Q", content, place)


def _take(folder: Path, role: str) -> mmap.mmap:
    """Return a file that is locked as long as this process lives."""
    mapped = take(folder, role, SUFFIX, FILE_BYTES)
    if _START.unpack_from(mapped)[0] != MAGIC:
        _START.pack_into(mapped, 0, MAGIC, _START.size)
    return mapped


def _rows(content: mmap.mmap | bytes) -> Iterator[tuple[str, tuple[str, ...], int, int]]:
    """Yield metric, labels, place and number of cells of each row."""
    if len(content) < _START.size:
        return
    magic, used = _START.unpack_from(content)
    place = _START.size
    while magic == MAGIC and place < min(used, len(content)):
        length, cells = _ROW.unpack_from(content, place)
        text = content[place + _ROW.size : place + _ROW.size + length]
        place += _padded(_ROW.size + length)
        if place + 8 * cells > len(content):  # no row that was written here
            return
        metric, *labels = text.decode(errors="replace").split(_SEPARATOR)
        yield metric, tuple(labels), place, cells
        place += 8 * cells


def _padded(size: int) -> int:
    return -(-size // 8) * 8


_BY_NAME = {metric.name: metric for metric in COUNTED}
