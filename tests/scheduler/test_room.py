"""How much may be in memory on its way: bounded, and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

from karin.mapping.payload import SMALL_BYTES
from karin.scheduler.room import Room
from tests.support import wait_until

MB = 1024 * 1024


def test_a_share_that_turns_out_small_makes_room_at_once() -> None:
    room = Room(10 * MB)
    for _ in range(50):
        room.take(6 * MB).keep(SMALL_BYTES)


def test_who_finds_no_room_waits_until_enough_is_given_back() -> None:
    room = Room(10 * MB)
    first = room.take(6 * MB)
    first.keep(5 * MB)
    second = room.take(5 * MB)
    entered = threading.Event()

    def take_third() -> None:
        third = room.take(6 * MB)
        entered.set()
        third.end()

    with ThreadPoolExecutor(1) as other:
        other.submit(take_third)
        first.end()
        first.end()
        assert not entered.wait(0.05)
        second.end()
        assert entered.wait(10)


def test_a_share_may_grow_without_waiting_and_whoever_takes_nothing_never_waits() -> None:
    room = Room(10 * MB)
    surprise = room.take(0)
    surprise.keep(20 * MB)
    for _ in range(50):
        room.take(0).keep(SMALL_BYTES)
    surprise.end()
    room.take(10 * MB).end()


def test_what_is_larger_than_the_room_is_served_when_nobody_else_has_any() -> None:
    Room(MB).take(5 * MB).end()


def test_the_room_is_never_overfull() -> None:
    room, lock, held, most_held = Room(10 * MB), threading.Lock(), [0], [0]

    def work(size: int) -> None:
        share = room.take(size)
        with lock:
            held[0] += size
            most_held[0] = max(most_held[0], held[0])
        with lock:
            held[0] -= size
        share.end()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [(number % 7 + 1) * MB for number in range(200)]))
    assert most_held[0] <= 10 * MB
    wait_until(lambda: room._taken_bytes == 0, "all is given back")
