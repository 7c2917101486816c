"""The lines that children write: whole, bounded and safe to show, whether anyone reads them or not."""

import os
import select
import signal
from pathlib import Path

import pytest

from karin.clock import SystemClock
from karin.logring import MAX_FILE_BYTES, LogFollower, LogRing
from karin.supervisor.journal import Journal
from karin.supervisor.lines import CUT_MARK, MAX_LINE_BYTES, LineReader
from tests.support import wait_until
from tests.system.conftest import Supervise, child


def tail(home: Path, lines: int) -> list[str]:
    """Return the last lines of a log; none when there is no log."""
    try:
        return LogFollower(home).read(lines)
    except FileNotFoundError:
        return []


def test_the_log_is_bounded_and_its_tail_is_safe_to_show(supervise: Supervise) -> None:
    supervised = supervise(child("chatty"))
    supervised.wait_for_line("endpoint  | ready")
    sizes = [path.stat().st_size for path in (supervised.home / "log").iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= MAX_FILE_BYTES
    shown = [line.partition(" | ")[2] for line in tail(supervised.home, 4)]
    assert shown[0].startswith("long yyy")
    assert shown[0].endswith("y [cut]")
    assert len(shown[0]) < 4_000
    assert shown[1:] == ["\ufffd[2Jclean", "the last line", "ready"]
    newer = (supervised.home / "log" / "karin.log").read_text().splitlines()
    across_both = tail(supervised.home, len(newer) + 100)
    assert len(across_both) == len(newer) + 100
    assert across_both[100:] == newer
    assert tail(supervised.home.parent, 10) == []


def test_lines_are_whole_whatever_the_pieces_in_which_they_come() -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    reader = LineReader(read_end)

    def read_after(written: bytes) -> list[str]:
        os.write(write_end, written)
        return reader.read()

    assert reader.read() == []
    assert read_after(b"one\ntw") == ["one"]
    assert read_after(b"o\n\n  \nthree\nfo") == ["two", "three"]
    assert read_after(b"u" * MAX_LINE_BYTES) == ["fo" + "u" * (MAX_LINE_BYTES - 2) + CUT_MARK]
    assert read_after(b"the rest of what was cut") == []
    assert read_after(b"still the rest\nfive\nsix") == ["five"]
    os.close(write_end)
    assert reader.read() == ["six"]
    assert reader.at_end
    assert reader.last_line == "six"
    reader.close()


def test_lines_that_came_together_are_written_together_each_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    appended: list[bytes] = []
    ring = LogRing(tmp_path)
    monkeypatch.setattr(ring, "append", appended.append)
    texts = [f"{number} {'x' * (number * 37 % 3_400)}" for number in range(300)]
    Journal(ring, SystemClock()).write("scheduler", *texts)
    lines = b"".join(appended).decode().splitlines()
    assert [line.partition(" | ")[2] for line in lines] == texts
    assert len(appended) < len(texts) / 1.5
    assert all(len(piece) <= select.PIPE_BUF and piece.endswith(b"\n") for piece in appended)
    assert capfd.readouterr().out.splitlines() == lines


def test_a_reader_that_stops_reading_does_not_stop_the_supervision(supervise: Supervise, home: Path) -> None:
    pipe = home.parent / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        wrapper = ("sh", "-c", f'exec "$@" >{pipe}', "sh")
        supervised = supervise(child("chatty"), wrapper=wrapper)
        wait_until(lambda: any("ready" in line for line in tail(supervised.home, 1)), "the whole log", 20)
        supervised.signal(signal.SIGTERM)
        assert supervised.wait() == 0
    finally:
        os.close(reader)
