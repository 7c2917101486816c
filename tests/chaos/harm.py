"""How each fault is done to a rig: begun, held, undone, and over once a message sent after it was delivered."""

import itertools
import os
import signal
import threading
from pathlib import Path

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.slots import slot_of
from tests.chaos.functions import CANARY, Functions
from tests.chaos.ledger import Ledger, Window, now_ms
from tests.chaos.looking import MAPPED
from tests.chaos.plan import PRIMARY, SLOT, Fault, Verb
from tests.chaos.rig import Rig
from tests.chaos.runtimes import Runtimes
from tests.chaos.senders import Sender
from tests.store.support import ACCOUNT
from tests.support import wait_until

RECOVERY_SECONDS = 90
FILLER = "filler"
FILLER_CHUNK_BYTES = 256 * 1024
NOTICED_SECONDS = 45  # that its clock was set: it looks every five seconds; the next sweep by itself comes later
LAPSE_DELAY_MS = 1_000  # a timer has to be set by the clock that was set back
EXIT_DONE = 0


class Harm:
    """Does harm to one rig, one fault after the other."""

    def __init__(self, rig: Rig, functions: Functions | Runtimes, ledger: Ledger, ended: threading.Event) -> None:
        self._rig = rig
        self._functions = functions
        self._ledger = ledger
        self._ended = ended  # set when the run is to end early
        self._queues = itertools.cycle(MAPPED)
        self._canary = Sender(rig.url, ledger, CANARY, "", "canary")

    def do(self, fault: Fault) -> Window:
        """Do one fault and wait until karin has recovered; return what is known of it."""
        window = Window(fault.kind, now_ms())
        self._ledger.windows.append(window)
        match fault.verb:
            case Verb.KILL if fault.target != PRIMARY:
                self._kill(fault, window)
            case Verb.KILL | Verb.STOP if fault.target == PRIMARY:
                self._replace_primary(fault, window)
            case Verb.MOVE:
                self._move(fault.target)
            case Verb.STOP:
                self._stop(fault)
            case Verb.RESTART if fault.target == "karin":
                status = self._rig.stop()
                assert status == EXIT_DONE, f"karin ended with exit code {status} when it was told to stop"
                self._rig.start()
            case Verb.RESTART:
                self._restart_outside_store(signal.SIGTERM, fault.hold_ms)
            case Verb.RELOAD:
                os.kill(self._rig.pid_of("supervisor"), signal.SIGHUP)
            case Verb.PROXY:
                self._cut(fault)
            case Verb.LAMBDA:
                assert isinstance(self._functions, Functions)
                self._functions.misbehave(fault.target)
                self._hold(fault.hold_ms)
                self._functions.calm()
            case Verb.RUNTIME:
                assert isinstance(self._functions, Runtimes)
                self._functions.harm(fault.target, fault.hold_ms, self._hold)
            case Verb.FILL:
                self._fill(fault.hold_ms)
            case Verb.JUMP:
                self._jump(fault)
        window.released_at_ms = now_ms()
        self._wait_for_a_delivery(fault)
        window.ended_at_ms = now_ms()
        return window

    def close(self) -> None:
        """Close what was opened."""
        self._canary.close()

    def _kill(self, fault: Fault, window: Window) -> None:
        if fault.target == "store":
            self._rig.freeze("store")  # so that what the kernel has is what it had when the store died
            window.killed_at_ms, window.log_tail = now_ms(), self._rig.log_tail()
            if self._rig.outside:
                self._restart_outside_store(signal.SIGKILL, fault.hold_ms)
                return
        self._rig.kill(fault.target)
        if fault.target == "supervisor":
            self._rig.start()

    def _replace_primary(self, fault: Fault, window: Window) -> None:
        """Kill or stop a primary until its replica has taken over; then it comes back as the replica of that."""
        assert self._rig.cluster is not None
        key = self._next_key()
        lost = self._rig.cluster.owner(key)
        window.killed_at_ms = now_ms()
        lost.running.send_signal(signal.SIGKILL if fault.verb is Verb.KILL else signal.SIGSTOP)
        owner = self._rig.cluster.owner_beside
        wait_until(lambda: owner(key, lost) is not lost, "a replica takes over", RECOVERY_SECONDS)
        self._hold(fault.hold_ms)
        self._rig.cluster.revive(lost)

    def _move(self, what: str) -> None:
        assert self._rig.cluster is not None
        key = self._next_key()
        if what == PRIMARY:
            self._rig.cluster.hand_over(key)
            return
        owner = self._rig.cluster.owner(key)
        move = self._rig.cluster.migrate if what == SLOT else self._rig.cluster.migrate_whole
        move(slot_of(key), next(one for one in self._rig.cluster.current() if one is not owner))

    def _next_key(self) -> str:
        """Return a key of each mapped queue in turn."""
        return keys.queue(QueueId(ACCOUNT, next(self._queues)))

    def _stop(self, fault: Fault) -> None:
        pid = self._rig.freeze(fault.target)
        try:
            self._hold(fault.hold_ms)
        finally:
            self._go_on(pid)

    def _go_on(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return  # gunicorn's master kills a worker that says nothing for too long

    def _restart_outside_store(self, signum: signal.Signals, hold_ms: int) -> None:
        assert self._rig.outside is not None
        self._rig.outside.end(signum)
        self._hold(hold_ms)
        self._rig.outside.start()

    def _cut(self, fault: Fault) -> None:
        assert self._rig.proxy is not None
        self._rig.proxy.misbehave(fault.target)
        self._hold(fault.hold_ms)
        self._rig.proxy.calm()

    def _fill(self, hold_ms: int) -> None:
        path = Path(self._rig.home / FILLER)
        chunk = b"x" * FILLER_CHUNK_BYTES
        with path.open("wb", buffering=0) as file:
            try:
                while file.write(chunk) == len(chunk):
                    pass
            except OSError:  # the disk is full
                pass
        self._hold(hold_ms)
        path.unlink()

    def _jump(self, fault: Fault) -> None:
        """Set the clock; a lapse is to change nothing for what is sent meanwhile, though what waits may wait longer."""
        self._rig.clock.turn(fault.by_ms)
        try:
            wait_until(self._rig.is_healthy, f"karin is healthy after {fault.kind}", NOTICED_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {self._rig.health()}") from None
        if fault.target == "lapse":
            self._wait_for_a_delivery(fault, delay_ms=LAPSE_DELAY_MS)
            self._hold(fault.hold_ms)
            self._rig.clock.turn(-fault.by_ms)

    def _wait_for_a_delivery(self, fault: Fault, delay_ms: int = 0) -> None:
        limit = threading.Timer(RECOVERY_SECONDS, self._canary.abandoned.set)
        limit.start()
        sent = self._canary.send(1, delay_ms=delay_ms)
        limit.cancel()
        assert sent, f"{RECOVERY_SECONDS} s after {fault.kind} karin still accepts nothing"
        (message_id,) = sent
        seen = self._ledger.has_seen
        wait_until(lambda: seen(message_id), f"karin delivers again after {fault.kind}", RECOVERY_SECONDS)

    def _hold(self, hold_ms: int) -> None:
        self._ended.wait(hold_ms / 1000)
