"""The log of karin on this machine: what the supervisor and its children write, the newest last."""

from collections.abc import Iterator

from karin.tui.levels import told
from karin.tui.times import Now
from karin.tui.views.listing import Cell, Column, Detail, Need, Row, Section, Sign, Subject, View
from karin.tui.views.text import printable
from karin.tui.world import LogLine, World

TAB_CELLS = 4
CRITICAL = Sign("C", "bold red", "CRITICAL: a part of karin cannot go on")
ERROR = Sign("E", "red", "ERROR: something failed")
WARNING = Sign("W", "yellow", "WARNING: it goes on, and you should know")
INFO = Sign("I", "", "INFO")
DEBUG = Sign("D", "dim", "DEBUG")
_SIGNS = {"CRITICAL": CRITICAL, "ERROR": ERROR, "WARNING": WARNING, "INFO": INFO, "DEBUG": DEBUG}


class LogsView(View):
    """One row per line."""

    name = "logs"
    title = "Logs"
    columns = (
        Column("TIME"),
        Column("LEVEL"),
        Column("FROM"),
        Column("TEXT", is_flexible=True, is_sentence=True),
    )
    signs = (CRITICAL, ERROR, WARNING, INFO, DEBUG)
    needs = frozenset({Need.LOGS})
    follows_end = True

    def __init__(self) -> None:
        self._made: dict[str, tuple[LogLine, Row]] = {}

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each line, oldest first."""
        if world.logs is None:
            return None
        self._made = {key: (line, self._row(key, line, now)) for key, line in _keyed(world.logs)}
        return [row for _, row in self._made.values()]

    def _row(self, key: str, line: LogLine, now: Now) -> Row:
        """Return a line's row; each second, all but the new ones of a thousand are as they were made before."""
        before, row = self._made.get(key, (None, None))
        if before is line and row and row.cells[0].text == now.clock(line.at_ms):
            return row
        return _row(key, line, now)

    def empty(self, world: World) -> str:
        """Say why there are none."""
        return world.logs_problem or "nothing was logged yet: karin writes when it starts, warns or fails"

    def detail(self, world: World, key: str, now: Now) -> Detail | None:
        """Return a line whole, as it was written."""
        line = next((one for at, one in _keyed(world.logs or ()) if at == key), None)
        if line is None:
            return None
        return Detail(
            f"{line.origin}, {now.clock(line.at_ms)}",
            (
                Section(pairs=(("time", now.full(line.at_ms)), ("from", line.origin), ("level", line.level))),
                Section("text", text=_shown(line.text)),
            ),
            Subject(line.text),
            raw=line.text,
        )

    def facts(self, world: World) -> object:
        """Return every line."""
        return world.logs or ()


def _keyed(lines: tuple[LogLine, ...]) -> Iterator[tuple[str, LogLine]]:
    """Yield each line with a key that stays its own while older lines are dropped and newer ones come."""
    before_ms, place = -1, 0
    for line in lines:
        place = place + 1 if line.at_ms == before_ms else 0
        before_ms = line.at_ms
        yield f"{line.at_ms}-{place}", line


def _row(key: str, line: LogLine, now: Now) -> Row:
    sign = _SIGNS.get(line.level, INFO)
    return Row(
        key,
        (
            Cell(now.clock(line.at_ms), "dim", line.at_ms),
            Cell(line.level, f"bold {sign.style}" if sign in (CRITICAL, ERROR, WARNING) else sign.style),
            Cell(line.origin, "cyan"),
            Cell(_shown(told(line.text).message), sign.style),
        ),
        Subject(line.text),
    )


def _shown(text: str) -> str:
    """Return a text fit to be shown; the indentation of a traceback is kept."""
    return printable(text.expandtabs(TAB_CELLS)).rstrip()
