"""The supervisor's loop: wanted state against actual, for each child; asleep when there is nothing to do.

The policy in ``restart`` decides; here is only what it takes to carry that out.
"""

import os
import select
import selectors
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from karin.clock import Clock, SteadyClock
from karin.supervisor.child import Child
from karin.supervisor.children import ChildSpec
from karin.supervisor.inbox import SignalInbox
from karin.supervisor.journal import Journal
from karin.supervisor.lines import LineReader
from karin.supervisor.process import Process, describe_exit, kill_leftovers, spawn
from karin.supervisor.restart import Phase, Verb, backoff_ms, next_action, stop_limit_ms, why_beyond_repair

DRAIN_LIMIT_MS = 28_000  # fly.io and Kubernetes kill 30 s after TERM
ECHO_MS = 500  # a terminal and a wrapper often deliver one Ctrl-C twice; a person is slower
COPYING_PAUSE_SECONDS = 0.01  # what children write meanwhile is read at once: that may be hundreds of lines a second
FINAL_READS = 64  # of an ended child's pipe: whatever still writes to it must not hold us up


class Supervisor:
    """Keeps children running until a signal, or a child beyond repair, ends them all."""

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        journal: Journal,
        *,
        lock: int,
        drain_limit_ms: int,
        on_change: Callable[[Mapping[str, int]], None],
        on_up: Callable[[], None],
    ) -> None:
        """Take what to run; ``on_change`` is told the pids of those alive, ``on_up`` once that all of them are up."""
        self._children = [Child(spec) for spec in specs]
        self._journal = journal
        self._clock: Clock = SteadyClock()
        self._lock = lock
        self._drain_limit_ms = drain_limit_ms
        self._drain_since_ms: int | None = None
        self._on_change = on_change
        self._on_up: Callable[[], None] | None = on_up
        self._failure: str | None = None
        self._has_copied = False  # lines, since it was last asleep
        self._selector = selectors.DefaultSelector()

    def run(self) -> str | None:
        """Return when everything has ended: None if that was asked for, else which child was beyond repair and why."""
        with SignalInbox() as inbox, self._selector:
            self._selector.register(inbox, selectors.EVENT_READ, partial(self._obey, inbox))
            while any(child.state.phase is not Phase.GONE for child in self._children):
                wait_ms = self._act(self._clock.now_ms())
                for key, _ in self._selector.select(None if wait_ms is None else wait_ms / 1000):
                    key.data()
                if self._has_copied:
                    self._has_copied = False
                    select.select([inbox], [], [], COPYING_PAUSE_SECONDS)
        return self._failure

    def _act(self, now_ms: int) -> int | None:
        """Carry out the policy for each child. Return after how many ms to act again even if nothing happens."""
        again_at_ms: list[int] = []
        self._give_turn()
        for child in self._children:
            action = next_action(child.state, now_ms)
            if action.verb is not Verb.LEAVE and self._carry_out(action.verb, child, now_ms):
                again_at_ms.append(now_ms)
            elif action.again_at_ms is not None:
                again_at_ms.append(action.again_at_ms)
            if child.state.probed and not child.state.ever_up:
                break  # those after it start when it is up
        if self._on_up is not None and all(child.is_up for child in self._children):
            self._on_up()
            self._on_up = None
        return max(0, min(again_at_ms) - now_ms) if again_at_ms else None

    def _carry_out(self, verb: Verb, child: Child, now_ms: int) -> bool:
        """Do one thing to a child; say whether its state has changed."""
        match verb:
            case Verb.START:
                self._start(child, now_ms)
            case Verb.PROBE if child.spec.probe is not None:
                if not child.spec.probe():
                    return False
                child.state = child.state.answered()
            case Verb.STOP if child.process is not None:
                child.state = child.state.stopping()
                child.process.send(child.spec.stop_signal)
            case Verb.KILL if child.process is not None:
                self._journal.say(f"{child.spec.name} has not ended in time: killing it")
                child.state = child.state.killed()
                child.process.kill_group()
            case Verb.GIVE_UP:
                self._give_up(child, now_ms)
        return True

    def _start(self, child: Child, now_ms: int) -> None:
        child.state = child.state.started(now_ms)
        try:
            process = spawn(child.spec.command, child.spec.environ, (self._lock,) if child.spec.holds_lock else ())
        except OSError as error:  # no room for a process: the same as one that failed at once
            child.last_line = str(error)
            self._record_end(child, 1)
            return
        child.process = process
        copy = partial(self._copy, child.spec.name, process.output)
        self._selector.register(process.output, selectors.EVENT_READ, copy)
        self._tell_pids()

    def _copy(self, name: str, output: LineReader) -> None:
        """Pass on what one read of a child's output gives."""
        if output.closed:  # by the end of the child, in the same round of events
            return
        if lines := output.read():
            self._journal.write(name, *lines)
            self._has_copied = True
        if output.at_end:
            self._selector.unregister(output)
            output.close()

    def _obey(self, inbox: SignalInbox) -> None:
        now_ms = self._clock.now_ms()
        for signum in inbox.take():
            if signum in (signal.SIGTERM, signal.SIGINT):
                if self._drain_since_ms is None:
                    self._journal.say(f"{signum.name} received: ending")
                    self._drain(now_ms)
                elif now_ms - self._drain_since_ms >= ECHO_MS:
                    self._hurry(now_ms)
            elif signum is signal.SIGHUP:
                self._reload()
        self._reap()

    def _reap(self) -> None:
        """Bury every process that has ended: ours, and as PID 1 also the orphans that the kernel gives us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self._children:
                if child.process is not None and child.process.pid == pid:
                    self._bury(child, child.process, os.waitstatus_to_exitcode(status))

    def _bury(self, child: Child, process: Process, exit_status: int) -> None:
        kill_leftovers(process.pid)
        for _ in range(FINAL_READS):
            self._copy(child.spec.name, process.output)
        child.last_line = process.output.last_line
        child.process = None
        self._record_end(child, exit_status)
        self._tell_pids()

    def _record_end(self, child: Child, exit_status: int) -> None:
        child.state = state = child.state.ended(exit_status, self._clock.now_ms())
        what = f"{child.spec.name} ended ({describe_exit(exit_status)})"
        if state.phase is Phase.GONE or why_beyond_repair(state) is not None:
            self._journal.say(what)
        else:
            self._journal.say(f"{what}: starting it again in {backoff_ms(state.failures)} ms")

    def _give_up(self, child: Child, now_ms: int) -> None:
        self._failure = self._failure or child.why_given_up()
        self._drain(now_ms)

    def _drain(self, now_ms: int) -> None:
        """Start nothing any more; the running children stop one after the other, the last one first."""
        if self._drain_since_ms is None:
            self._drain_since_ms = now_ms
        for child in self._children:
            child.state = child.state.drained()

    def _give_turn(self) -> None:
        """Tell the next child to stop when the one before it has, leaving the others their part of the limit."""
        if self._drain_since_ms is None:
            return
        alive = [child for child in self._children if child.state.alive]
        if alive and alive[-1].state.kill_at_ms is None:
            kill_at_ms = self._drain_since_ms + stop_limit_ms(self._drain_limit_ms, len(alive) - 1)
            alive[-1].state = alive[-1].state.told_to_stop(kill_at_ms)

    def _hurry(self, now_ms: int) -> None:
        self._journal.say("signal received again: killing what is left")
        for child in self._children:
            child.state = child.state.told_to_stop(now_ms)

    def _reload(self) -> None:
        for child in self._children:
            # One that is still starting reads the new code anyway, and may not know the signal yet.
            if child.spec.reload_signal is not None and child.process is not None and child.is_up:
                self._journal.say(f"reloading {child.spec.name}")
                child.process.send(child.spec.reload_signal)

    def _tell_pids(self) -> None:
        self._on_change({child.spec.name: child.process.pid for child in self._children if child.process is not None})
