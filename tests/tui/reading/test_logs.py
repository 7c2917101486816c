"""The end of the log: as the journal and the children of a real karin write it."""

import os
import signal
from pathlib import Path

import pytest

from karin.clock import Clock
from karin.logring import LogRing
from karin.supervisor.journal import Journal
from karin.tui.reading.logs import MOST_LINES, LogTail
from karin.tui.world import LogLine
from tests.clocks import ManualClock
from tests.support import wait_until
from tests.system.whole import running_karin

TRACEBACK = (
    "ERROR a round of jobs failed for a reason that is karin's own fault",
    "Traceback (most recent call last):",
    '  File "rounds.py", line 60, in run',
    "    raise KeyError",
    "KeyError",
    "During handling of the above exception, another exception occurred:",
    "Traceback (most recent call last):",
    '  File "rounds.py", line 66, in run',
    "ValueError: no",
)


class Written:
    """A log, written as the supervisor writes it."""

    def __init__(self, home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Journal, "_show", lambda *_: None)  # only the file matters here
        self.journal = Journal(LogRing(home), clock)
        self.tail = LogTail(home)

    def __call__(self, origin: str, *texts: str) -> None:
        """Write lines."""
        for text in texts:
            self.journal.write(origin, text)

    def lines(self) -> tuple[LogLine, ...]:
        """Return the lines that are read; there must be no problem."""
        lines, problem = self.tail.read()
        assert problem == ""
        return lines

    def levels(self) -> list[str]:
        """Return the levels of all lines."""
        return [line.level for line in self.lines()]


@pytest.fixture
def write(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Written:
    return Written(tmp_path, clock, monkeypatch)


def test_a_line_is_read_with_instant_origin_and_level(write: Written, clock: ManualClock) -> None:
    write("scheduler", "WARNING cannot read | the mappings")
    later_ms = clock.advance(ms=1_234)
    write("karin", "karin is up")
    assert write.lines() == (
        LogLine(later_ms - 1_234, "scheduler", "WARNING", "WARNING cannot read | the mappings"),
        LogLine(later_ms, "karin", "INFO", "karin is up"),
    )


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("karin is up: SQS endpoint http://127.0.0.1:4000, store unix:///x, ready in 480 ms", "INFO"),
        ("SIGTERM received: ending", "INFO"),
        ("endpoint ended (exit code 0)", "INFO"),
        ("reloading endpoint", "INFO"),
        ("scheduler ended (signal SIGKILL): starting it again in 200 ms", "WARNING"),
        ("scheduler ended (exit code 0): starting it again in 200 ms", "WARNING"),
        ("scheduler ended (exit code 3)", "WARNING"),
        ("endpoint has not ended in time: killing it", "WARNING"),
        ("signal received again: killing what is left", "WARNING"),
        ("cannot write runtime.json: No space left on device", "WARNING"),
    ],
)
def test_the_supervisor_writes_no_levels_and_they_are_known(write: Written, text: str, level: str) -> None:
    write("karin", text)
    write("endpoint", text)  # which says so in other words, if at all
    assert write.levels() == [level, "INFO"]


def test_every_line_of_a_traceback_is_an_error_and_what_follows_is_not(write: Written) -> None:
    write("scheduler", *TRACEBACK, "told by nobody", "INFO synced")
    assert write.levels() == ["ERROR"] * len(TRACEBACK) + ["INFO", "INFO"]


def test_a_traceback_of_one_process_is_not_another_ones(write: Written) -> None:
    write("scheduler", *TRACEBACK[:3])
    write("karin", "reloading endpoint")
    write("endpoint", "  indented")
    write("scheduler", *TRACEBACK[3:5])
    assert write.levels() == ["ERROR"] * 3 + ["INFO", "INFO"] + ["ERROR"] * 2


def test_a_traceback_goes_on_where_it_is_read_in_pieces(write: Written) -> None:
    levels = []
    for number, text in enumerate([*TRACEBACK, "after"]):
        write("endpoint", text)
        levels.append(write.levels()[number])
    assert levels == ["ERROR"] * len(TRACEBACK) + ["INFO"]


def test_only_what_is_new_is_read_and_as_long_as_nothing_is_the_same_lines_are_returned(write: Written) -> None:
    write("store", "one")
    first = write.lines()
    assert write.lines() is first
    write("store", "two")
    assert write.lines()[:1] == first
    assert [line.text for line in write.lines()] == ["one", "two"]


def test_no_more_than_the_last_lines_are_kept_across_rotations(write: Written) -> None:
    texts = [f"{number} {'x' * 300}" for number in range(4_000)]  # more than two files hold
    for start in range(0, len(texts), 100):
        write("store", *texts[start : start + 100])
        lines = write.lines()
        assert [line.text for line in lines] == texts[max(0, start + 100 - MOST_LINES) : start + 100]
    assert len(lines) == MOST_LINES


def test_a_line_that_is_none_is_shown_with_the_instant_of_the_one_before_it(
    write: Written, tmp_path: Path, clock: ManualClock
) -> None:
    write("store", "one")
    with (tmp_path / "log" / "karin.log").open("a") as file:
        file.write("half a li\n")
    assert write.lines()[1] == LogLine(clock.now_ms(), "-", "INFO", "half a li")


def test_without_a_log_it_is_said_where_to_look(tmp_path: Path) -> None:
    lines, problem = LogTail(tmp_path).read()
    assert lines == ()
    assert str(tmp_path / "log") in problem
    assert "`docker logs`" in problem


def test_a_log_that_comes_later_is_read_then(tmp_path: Path, clock: ManualClock) -> None:
    tail = LogTail(tmp_path)
    assert tail.read()[1]
    LogRing(tmp_path).append(b"2026-11-22T21:24:43.378Z store     | hello\n")
    assert tail.read() == ((LogLine(1_795_382_683_378, "store", "INFO", "hello"),), "")


def test_a_log_that_may_not_be_read_is_a_problem_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where a folder should be")
    lines, problem = LogTail(tmp_path).read()
    assert lines == ()
    assert problem == f"the log in {tmp_path / 'log'} cannot be read: Not a directory"


def test_what_a_real_karin_writes_has_levels() -> None:
    with running_karin(AWS_ENDPOINT_URL_LAMBDA="http://127.0.0.1:9") as karin:
        tail = LogTail(karin.home)

        def seen(origin: str, level: str, text: str) -> bool:
            return any(line.origin == origin and line.level == level and text in line.text for line in tail.read()[0])

        wait_until(lambda: seen("karin", "INFO", "karin is up"), "the supervisor's line")
        wait_until(lambda: seen("scheduler", "WARNING", "cannot read the mappings"), "the scheduler's warning")
        os.kill(karin.pid_of("scheduler"), signal.SIGKILL)
        wait_until(lambda: seen("karin", "WARNING", "scheduler ended (signal SIGKILL)"), "the end of the scheduler")
        (worker,) = (Path("/proc") / str(karin.pid_of("endpoint")) / "task").glob("*/children")
        os.kill(int(worker.read_text()), signal.SIGKILL)
        wait_until(lambda: seen("endpoint", "ERROR", "was sent SIGKILL"), "gunicorn's error")
        os.kill(karin.pid_of("store"), signal.SIGTERM)
        wait_until(lambda: seen("store", "WARNING", "ready to exit"), "the store's last line")
        assert {line.level for line in tail.read()[0]} == {"INFO", "WARNING", "ERROR"}
