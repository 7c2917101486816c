"""Python imports this at its start when the folder is in PYTHONPATH: then the wall clock of the process can be set.

An offset in ns is added to what ``time`` and ``datetime`` tell, which is all that Python's programs go by; it stands in
a file of 8 bytes, ``TESTS_CLOCK``, that all processes of a run have mapped. Monotonic time, and what waits by it, is as
it was. Nothing of karin knows of this.
"""

import datetime as dt
import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path

_true_time_ns = time.time_ns


def _offset_reader() -> Callable[[], int]:
    with Path(os.environ["TESTS_CLOCK"]).open("rb") as file:  # noqa: TID251 - the entry of a process
        offset = memoryview(mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)).cast("q")
    return lambda: offset[0]


_offset_ns = _offset_reader()


class _Datetime(dt.datetime):
    """``datetime`` by the clock that can be set."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_Datetime":
        """Return the current instant."""
        return super().now(tz) + dt.timedelta(microseconds=_offset_ns() // 1_000)


def _time_ns() -> int:
    return _true_time_ns() + _offset_ns()


def _time() -> float:
    return _time_ns() / 1e9


for _module, _name, _by in ((time, "time", _time), (time, "time_ns", _time_ns), (dt, "datetime", _Datetime)):
    setattr(_module, _name, _by)
