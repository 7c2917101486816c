"""The threads of rounds: bounded, the same few while they are enough, and ended when nothing is left to do."""

import threading
from collections.abc import Callable

import pytest

from karin.scheduler.crew import Crew
from tests.support import wait_until

Job = Callable[[], None]
WAIT_SECONDS = 10


class Done:
    """Does jobs, and knows which thread did each."""

    def __init__(self) -> None:
        self.by: list[threading.Thread] = []

    def __call__(self, job: Job) -> Job | None:
        self.by.append(threading.current_thread())
        job()
        return None


def waiting_for(gate: threading.Event) -> Job:
    """Return a job that lasts until a gate is opened."""

    def wait() -> None:
        assert gate.wait(WAIT_SECONDS)

    return wait


@pytest.fixture
def done() -> Done:
    return Done()


def test_one_thread_does_what_comes_one_after_the_other(done: Done) -> None:
    crew = Crew(10, done, "one")
    for count in range(1, 6):
        ended = threading.Event()
        crew.start(ended.set)
        assert ended.wait(WAIT_SECONDS)
        wait_until(lambda: len(crew._resting) == 1, "the thread rests")
        assert len(done.by) == count
    assert len(set(done.by)) == 1
    crew.stop()


def test_who_rested_last_is_called_first(done: Done) -> None:
    crew, gates = Crew(3, done, "last"), [threading.Event() for _ in range(3)]
    for gate in gates:
        crew.start(waiting_for(gate))
    wait_until(lambda: len(done.by) == 3, "all are at work")
    assert len(set(done.by)) == 3
    for count, gate in enumerate(gates, start=1):
        gate.set()
        wait_until(lambda count=count: len(crew._resting) == count, "it rests")  # type: ignore[misc]
    latest = done.by[2]
    crew.start(lambda: None)
    wait_until(lambda: len(done.by) == 4, "a job is done")
    assert done.by[3] is latest
    crew.stop()


def test_what_comes_while_all_are_at_work_is_done_by_who_is_free_first(done: Done) -> None:
    crew, gate, third = Crew(2, done, "busy"), threading.Event(), threading.Event()
    for _ in range(2):
        crew.start(waiting_for(gate))
    crew.start(third.set)
    wait_until(lambda: len(done.by) == 2, "both are at work")
    assert not third.is_set()
    gate.set()
    assert third.wait(WAIT_SECONDS)
    assert len(set(done.by)) == 2
    crew.stop()


def test_a_job_may_be_followed_by_another_in_the_same_thread() -> None:
    seen: list[tuple[int, threading.Thread]] = []
    finished = threading.Event()

    def work(job: int) -> int | None:
        seen.append((job, threading.current_thread()))
        if job == 0:
            finished.set()
            return None
        return job - 1

    crew = Crew(4, work, "chain")
    crew.start(3)
    assert finished.wait(WAIT_SECONDS)
    assert [job for job, _ in seen] == [3, 2, 1, 0]
    assert len({thread for _, thread in seen}) == 1
    crew.stop()


def test_threads_end_when_it_stops_those_at_work_once_nothing_is_left(done: Done) -> None:
    crew, gate, last = Crew(1, done, "end"), threading.Event(), threading.Event()
    crew.start(waiting_for(gate))
    crew.start(last.set)
    crew.stop()
    gate.set()
    assert last.wait(WAIT_SECONDS), "what was started is done"
    wait_until(lambda: not done.by[0].is_alive(), "the thread has ended")
    resting = Crew(1, done, "resting")
    resting.start(lambda: None)
    wait_until(lambda: resting._resting, "its thread rests")
    resting.stop()
    wait_until(lambda: not done.by[-1].is_alive(), "that thread has ended")
