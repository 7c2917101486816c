"""Carries out an invocation: finds it an environment, waits for the outcome, writes its log and its record."""

from typing import TextIO

import msgspec
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

from karin.clock import Clock
from karin.local import outcome
from karin.local.definition import Function
from karin.local.environment import ExecutionEnvironment
from karin.local.environments import Environments
from karin.local.errors import TooManyRequestsError
from karin.local.invocation import Invocation
from karin.local.outcome import Outcome
from karin.local.records import Records
from karin.local.report import invocation_log

CONCURRENCY_LIMIT = 64  # calls at once, each with its process; AWS allows 1000, no laptop does


class Finished(msgspec.Struct, frozen=True):
    """How an invocation ended: its outcome, the function's own output, and the whole log."""

    outcome: Outcome
    output: str
    log: str


class Invoker:
    """The one way in which functions are called, for synchronous and asynchronous requests."""

    def __init__(self, environments: Environments, records: Records, clock: Clock, copy_to: TextIO) -> None:
        self._environments = environments
        self._copy_to = copy_to
        self._records = records
        self._clock = clock
        self._capacity = BoundedSemaphore(CONCURRENCY_LIMIT)
        self._unattended = Group()

    def call(self, function: Function, invocation: Invocation) -> Finished:
        """Call a function and wait for its end; raises TooManyRequestsError when too many calls are running."""
        if not self._capacity.acquire(blocking=False):
            raise TooManyRequestsError
        return self._call(function, invocation)

    def call_later(self, function: Function, invocation: Invocation) -> None:
        """Call a function without waiting: in a greenlet, as soon as there is capacity, once."""
        self._unattended.spawn(self._call_when_possible, function, invocation)

    def stop(self) -> None:
        """Give up the calls that nobody waits for."""
        self._unattended.kill()

    def _call_when_possible(self, function: Function, invocation: Invocation) -> None:
        self._capacity.acquire()
        self._call(function, invocation)

    def _call(self, function: Function, invocation: Invocation) -> Finished:
        try:
            finished = self._run(function, invocation)
        finally:
            self._capacity.release()
        for line in finished.outcome.log_line.splitlines():  # the function's own output has been copied as it came
            if line:
                print(f"{function.name}: {line}", file=self._copy_to, flush=True)
        self._records.add(
            function=function.name,
            request_id=invocation.request_id,
            received_at_ms=invocation.received_at_ms,
            finished_at_ms=self._clock.now_ms(),
            message_ids=invocation.message_ids,
            error=finished.outcome.error,
            log=finished.output + finished.outcome.log_line,
        )
        return finished

    def _run(self, function: Function, invocation: Invocation) -> Finished:
        """Run a call in the first environment that takes it: one that was idle may prove to be dead."""
        finished: Finished | None = None
        while finished is None:
            try:
                environment = self._environments.take(function)
            except OSError as error:
                reason = f"{error.filename or function.code}: {error.strerror}"
                failed = outcome.not_started(invocation.request_id, reason)
                log = invocation_log(invocation.request_id, "", failed, duration_ms=0, memory_mb=function.memory_mb)
                return Finished(failed, "", log)
            try:
                finished = self._run_in(environment, invocation)
            finally:
                self._environments.give_back(environment)
        return finished

    def _run_in(self, environment: ExecutionEnvironment, invocation: Invocation) -> Finished | None:
        is_new = environment.init_ms is None
        result = environment.run(invocation)
        if result is None:
            return None
        now_ms = self._clock.now_ms()
        output = environment.take_output()
        log = invocation_log(
            invocation.request_id,
            output,
            result,
            duration_ms=now_ms - (invocation.started_at_ms or now_ms),
            memory_mb=environment.function.memory_mb,
            peak_memory_mb=environment.peak_memory_mb(),
            init_ms=environment.init_ms if is_new else None,
        )
        return Finished(result, output, log)
