"""The commands of this machine, counted by the day without asking the store, and shared by its processes.

Each process counts in a file of its own: its number only grows, and the next process goes on with it.
What the numbers were at midnight UTC stands in ``day.json``, with what the store told of its plan: whoever looks first
on a new day writes it. So a restart loses nothing, and to count is to add one to a number.

The server's own count is not used. It holds what others ask as well, and on Redis and Valkey each command within a
script, which a plan may not charge; and to read it would cost commands.
"""

import fcntl
import logging
import os
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from karin.budget.levels import DAY_MS, Level, Outlook, empty_at_ms, next_level
from karin.budget.refusals import told_budget
from karin.clock import Clock
from karin.mapped_file import take

SUFFIX = ".count"
DAY_FILE = "day.json"
LOCK_FILE = "day.lock"
PASSED = 1.02  # of a budget that the store told: who gets so far is on a larger plan now

Cells = MutableSequence[int] | memoryview

log = logging.getLogger("karin.budget")


class _Day(msgspec.Struct, frozen=True):
    """A day since the epoch, what each file had counted when it began here, and what was told and decided since."""

    day: int
    since_ms: int
    counted_before: dict[str, int]
    level: Level = Level.NOTHING
    told: int | None = None  # commands a day; outlasts the day
    is_refused: bool = False


class Ledger:
    """The commands of the day on one store, kept in a folder; shared by threads and greenlets.

    ``commands_a_day`` is what a setting says of them.
    """

    def __init__(self, folder: Path, commands_a_day: int | None, clock: Clock) -> None:
        self._folder = folder
        self._set = commands_a_day
        self._clock = clock

    @property
    def is_kept(self) -> bool:
        """Tell whether a karin counts here: who looks at one of another machine leaves no trace on this."""
        return self._folder.is_dir()

    def cells(self, role: str) -> Cells:
        """Return where this process counts its commands: one cell. Where no file can be had it counts in vain."""
        try:
            return memoryview(take(self._folder, role, SUFFIX, 8)).cast("Q")
        except OSError as error:
            log.warning("the commands of the %s are not counted for KARIN_REDIS_BUDGET: %s", role, error)
            return [0]

    def look(self) -> Outlook | None:
        """Return how the day stands, and begin it if it is new; None when no budget is known. Raises nothing."""
        with self._writing() as may_write:
            now_ms, counted = self._clock.now_ms(), self._counted()
            found = self._read()
            day, outlook = self._judge(_of_today(found, counted, now_ms), counted, now_ms)
            if may_write and day != found:
                self._write(day)
        return outlook

    def refused(self, said: str) -> None:
        """Learn from the words with which the store refused a command because its plan is used up."""
        with self._writing() as may_write:
            now_ms, counted = self._clock.now_ms(), self._counted()
            day = _of_today(self._read(), counted, now_ms)
            if may_write:
                self._write(msgspec.structs.replace(day, told=told_budget(said) or day.told, is_refused=True))

    def _judge(self, day: _Day, counted: dict[str, int], now_ms: int) -> tuple[_Day, Outlook | None]:
        spent = sum(max(0, count - day.counted_before.get(name, 0)) for name, count in counted.items())
        if day.told and not day.is_refused and spent > day.told * PASSED:
            day = msgspec.structs.replace(day, told=None)
        budget = self._set or day.told
        if budget is None:
            return msgspec.structs.replace(day, level=Level.NOTHING), None
        if day.is_refused:  # whatever was counted here: others spend, too
            spent = max(spent, budget)
        level = next_level(day.level, budget, spent, now_ms)
        empty = empty_at_ms(budget, spent, day.since_ms, now_ms)
        outlook = Outlook(budget, self._set is None, spent, level, empty, day.is_refused)
        return msgspec.structs.replace(day, level=level), outlook

    def _counted(self) -> dict[str, int]:
        counted = {}
        for path in self._folder.glob(f"*{SUFFIX}"):
            try:
                counted[path.name] = int.from_bytes(path.read_bytes()[:8], "little")
            except OSError:
                continue
        return counted

    def _read(self) -> _Day | None:
        """Return the day that was written last, None if none ever was; a broken file is of no day."""
        try:
            return msgspec.json.decode((self._folder / DAY_FILE).read_bytes(), type=_Day)
        except OSError:
            return None
        except msgspec.MsgspecError:
            return _Day(-1, 0, {})

    def _write(self, day: _Day) -> None:
        new = self._folder / f"{DAY_FILE}.new"
        try:
            new.write_bytes(msgspec.json.encode(day))
            new.replace(self._folder / DAY_FILE)
        except OSError as error:
            log.debug("%s", error)

    @contextmanager
    def _writing(self) -> Iterator[bool]:
        """Tell whether this process may write the day now; one that cannot only looks, and waits for nobody."""
        try:
            file = os.open(self._folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield False
            return
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(file)


def _of_today(day: _Day | None, counted: dict[str, int], now_ms: int) -> _Day:
    """Return a day, or the one that has begun since; with none all that was counted is of today."""
    today = now_ms // DAY_MS
    if day is None:
        return _Day(today, now_ms, {})
    return day if day.day == today else _Day(today, now_ms, counted, told=day.told)
