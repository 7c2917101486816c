"""The log of a running karin: what is written is read back once, in order, across every rotation."""

from pathlib import Path

import pytest

from karin.logring import MAX_FILE_BYTES, LogEntry, LogFollower, LogRing

MANY = 1 << 20
LONG = "x" * 3_000


class Log:
    """A log ring and what was written to it."""

    def __init__(self, home: Path) -> None:
        self._ring = LogRing(home)
        self.written: list[str] = []

    def write(self, count: int = 1, text: str = "") -> list[str]:
        """Write lines that differ; return them."""
        lines = [f"{len(self.written) + number} {text}" for number in range(count)]
        for line in lines:
            self._ring.append(f"{line}\n".encode())
        self.written += lines
        return lines

    def rotate(self) -> None:
        """Write until the newer file becomes the older one."""
        older = self._ring._older
        before = older.stat().st_ino if older.exists() else None
        while not older.exists() or older.stat().st_ino == before:
            self.write(1, LONG)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


@pytest.fixture
def follower(tmp_path: Path) -> LogFollower:
    return LogFollower(tmp_path)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (LogEntry(1_700_000_000_007, "store", "a | b"), "2023-11-14T22:13:20.007Z store     | a | b"),
        (LogEntry(1_700_000_000_000, "scheduler", "말"), "2023-11-14T22:13:20.000Z scheduler | 말"),
        (LogEntry(1_700_000_000_000, "endpoint", "  indented"), "2023-11-14T22:13:20.000Z endpoint  |   indented"),
    ],
)
def test_a_line_is_read_as_it_was_written(entry: LogEntry, line: str) -> None:
    assert str(entry) == line
    assert LogEntry.parse(line) == entry


@pytest.mark.parametrize("line", ["", "no bar", "yesterday store | text", " | text"])
def test_what_is_no_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no line|isoformat"):
        LogEntry.parse(line)


def test_only_what_was_appended_is_read_again(log: Log, follower: LogFollower) -> None:
    assert follower.read(MANY) == []
    assert log.write(3) == follower.read(MANY)
    assert follower.read(MANY) == []
    assert log.write(2) == follower.read(MANY)


def test_of_many_lines_the_last_ones_are_read_and_the_others_never(log: Log, follower: LogFollower) -> None:
    lines = log.write(10)
    assert follower.read(3) == lines[-3:]
    assert follower.read(MANY) == []


def test_a_rotation_loses_and_repeats_nothing(log: Log, follower: LogFollower) -> None:
    log.write(5)
    seen = follower.read(MANY)
    for _ in range(3):
        log.write(2)
        log.rotate()
        log.write(4)
        seen += follower.read(MANY)
    assert seen == log.written


def test_each_reading_between_the_lines_of_a_rotation_goes_on(log: Log, follower: LogFollower) -> None:
    seen = follower.read(MANY)
    while len(seen) * len(LONG) < 2.5 * MAX_FILE_BYTES:
        log.write(7, LONG)
        seen += follower.read(MANY)
    assert seen == log.written


def test_a_follower_that_comes_late_reads_both_files(log: Log, tmp_path: Path) -> None:
    log.rotate()
    last = log.write(3)
    seen = LogFollower(tmp_path).read(MANY)
    assert seen == log.written
    assert seen[-3:] == last


def test_what_two_rotations_took_away_is_lost_and_the_rest_is_read_once(log: Log, follower: LogFollower) -> None:
    log.write(5)
    seen = follower.read(MANY)
    for _ in range(3):
        log.rotate()
    rest = follower.read(MANY)
    assert rest == log.written[-len(rest) :]
    assert 0 < len(rest) < len(log.written) - len(seen)
    assert log.write(1) == follower.read(MANY)


def test_a_rotation_between_the_opening_of_both_files_repeats_nothing(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.rotate()
    follower = LogFollower(tmp_path)
    opened = LogFollower._open
    rotations: list[str] = []

    def open_late(self: LogFollower, stack: object, name: str) -> object:
        if name.endswith(".1") and not rotations:
            rotations.append(name)
            log.rotate()
        return opened(self, stack, name)  # type: ignore[arg-type]

    monkeypatch.setattr(LogFollower, "_open", open_late)
    seen = follower.read(MANY)
    seen += follower.read(MANY)
    assert rotations
    assert seen == log.written[-len(seen) :]
    assert len(seen) == len(set(seen))


def test_a_line_is_read_when_it_is_whole(log: Log, follower: LogFollower, tmp_path: Path) -> None:
    log.write(1)
    follower.read(MANY)
    with (tmp_path / "log" / "karin.log").open("ab") as file:
        file.write(b"the beginning")
        file.flush()
        assert follower.read(MANY) == []
        file.write(b" and the end \xff\n")
    assert follower.read(MANY) == ["the beginning and the end \ufffd"]


def test_where_the_newer_file_is_being_made_the_older_one_is_read(
    log: Log, follower: LogFollower, tmp_path: Path
) -> None:
    seen = log.write(3)
    (tmp_path / "log" / "karin.log").replace(tmp_path / "log" / "karin.log.1")
    assert follower.read(MANY) == seen
    assert follower.read(MANY) == []


def test_a_log_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogFollower(tmp_path).read(MANY)
