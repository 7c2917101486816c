"""Beats go by the time that passes, and tell when the clock was set."""

import threading
from collections.abc import Iterator

import pytest

from karin.scheduler.beats import LEAST_JUMP_MS, LOOK_MS, Beats
from tests.clocks import ManualClock

START_MS, HOUR_MS = 1_800_000_000_000, 3_600_000


class Times:
    """A clock on the wall and a steady one, and what was called."""

    def __init__(self) -> None:
        self.wall, self.steady = ManualClock(START_MS), ManualClock(7)
        self.beats = Beats(self.wall, self.steady)
        self.called: list[str] = []

    def note(self, name: str) -> None:
        self.called.append(name)

    def pass_(self, ms: int) -> list[str]:
        """Let time pass; return what is called then."""
        self.wall.advance(ms=ms)
        self.steady.advance(ms=ms)
        self.called.clear()
        self.beats.beat()
        return list(self.called)


@pytest.fixture
def times() -> Times:
    return Times()


def test_a_job_is_called_regularly_or_once_and_one_of_the_same_name_replaces_it(times: Times) -> None:
    times.beats.every(2, lambda: times.note("regular"), "regular")
    times.beats.once(500, lambda: times.note("replaced"), "single")
    times.beats.once(1_000, lambda: times.note("once"), "single")
    assert times.pass_(999) == []
    assert times.beats.beat() == 1
    assert times.pass_(1) == ["once"]
    assert times.pass_(1_000) == ["regular"]
    assert times.pass_(5_000) == ["regular"], "coalesced"
    assert times.pass_(1_999) == []
    assert times.pass_(1) == ["regular"]


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
def test_whoever_waits_is_told_that_the_clock_was_set_and_beats_come_no_sooner_or_later(
    times: Times, jump_ms: int, caplog: pytest.LogCaptureFixture
) -> None:
    times.beats.every(60, lambda: times.note("sweep"), "sweep")
    times.beats.when_clock_is_set(lambda: times.note("set"))
    times.wall.advance(ms=jump_ms)
    assert times.pass_(LOOK_MS) == ["set"]
    assert "3600.0 s" in caplog.text
    assert times.pass_(LOOK_MS) == []
    assert times.pass_(60_000 - 2 * LOOK_MS) == ["sweep"]


def test_a_clock_that_is_slewed_was_not_set(times: Times) -> None:
    times.beats.when_clock_is_set(lambda: times.note("set"))
    for _ in range(10):
        times.wall.advance(ms=LEAST_JUMP_MS - 1)
        assert times.pass_(LOOK_MS) == []


def test_a_job_that_fails_is_told_of_and_keeps_no_other_from_its_beat(
    times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    times.beats.once(1, lambda: times.note(1 / 0), "bad")  # type: ignore[arg-type]
    times.beats.once(1, lambda: times.note("good"), "good")
    assert times.pass_(1) == ["good"]
    assert "karin's own fault" in caplog.text


@pytest.fixture
def running() -> Iterator[Beats]:
    beats = Beats()
    beats.start()
    yield beats
    beats.stop()


def test_a_job_that_is_added_while_all_sleep_is_called_in_time_and_none_after_the_end(running: Beats) -> None:
    called, late = threading.Event(), threading.Event()
    running.once(20, called.set, "soon")
    assert called.wait(5)
    running.stop()
    running.once(0, late.set, "late")
    assert not late.wait(0.1)
