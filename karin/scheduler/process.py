"""The scheduler as a process: puts the parts together, listens for signals of both kinds, and stops in good order."""

import logging
import os
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

from karin.aws.access import AccessBook
from karin.aws.apart import AwsApart
from karin.aws.calling import DirectInvoker, Invoker
from karin.aws.unavailable import CatalogUnavailable
from karin.budget.opening import open_ledger
from karin.clock import Clock
from karin.operations.context import Context
from karin.operations.status import alive_ms
from karin.operations.syncing import sync
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.moves import Moves
from karin.scheduler.rounds import Rounds
from karin.scheduler.served import Served
from karin.scheduler.thrift import LOOK_SECONDS, Thrift
from karin.scheduler.turns import Turns
from karin.settings import Settings
from karin.sqs.names import region_from_arn
from karin.store.faults import Faults, StoreUnavailable, pause_ms
from karin.store.schema import EXIT_NEWER_STORE, NewerStore
from karin.store.signals import MoveWaits, Nudge, PausesChanged, Signal, SyncAsked, Synced, SyncFailed
from karin.store.store import Store
from karin.tracing.opening import open_tracing

if TYPE_CHECKING:
    from karin.scheduler.exposing.exposed import Exposed

CONNECTIONS = 2  # beside one for the subscription: half of a machine's 6
DRAIN_LIMIT_SECONDS = 15
MOVES_LIMIT_SECONDS = 3  # a step of theirs is a few commands
PATIENCE_SECONDS = 2.0  # for one command; a reply that is lost costs its messages a lease, so not less
PREPARING_SECONDS = 3  # at most: who has no keys yet is still alive, and its messages wait
TAKE_UP_AGAIN_MS = 1_000
FIRST_SYNC_PAUSES_MS = (5_000, 15_000, 60_000, 300_000)

log = logging.getLogger("karin.scheduler")

Chore = Callable[[], None]


class SchedulerProcess:
    """One scheduler. Several may run on one store: claims are atomic, so correctness never depends on their number."""

    def __init__(self, settings: Settings, clock: Clock, scheduler_id: str = "", replaced: str = "") -> None:
        """Take the id of its supervisor's scheduler; without one it has its own.

        ``replaced`` is the id of a scheduler that was killed, for which this one says goodbye.
        """
        self._settings = settings
        self._clock = clock
        self._faults = Faults(log)
        self._ledger = ledger = open_ledger(settings, clock)
        if ledger:
            self._faults.charged, self._faults.when_used_up = ledger.cells("scheduler"), ledger.refused
        self._thrift = Thrift(ledger)
        self._served = Served()
        self._exposed = exposed = self._with_metrics() if settings.metrics_bind else None
        if exposed:
            self._faults.spent = exposed.commands
        self._store = Store.open(
            settings.store_url,
            max_connections=CONNECTIONS,
            faults=self._faults,
            patience_seconds=PATIENCE_SECONDS,
            tally=exposed.tally if exposed else None,
        )
        self._context = Context.of(self._store, clock, settings)
        self._aws = AwsApart()
        self._invoker = DirectInvoker(
            settings.max_concurrency, AccessBook(self._aws.find_access, clock), clock, self._with_botocore
        )
        self._tracing = open_tracing(settings, "scheduler")
        self._dispatcher = Dispatcher(
            self._context,
            self._served,
            self._invoker,
            meter=exposed.meter if exposed else None,
            tracer=self._tracing,
        )
        # Containers may share a host's name and a process's number, and a move task belongs to one process alone: what
        # one that was killed has sent may still be on its way.
        own_id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._id = scheduler_id or own_id
        self._replaced = replaced
        self._turns = Turns(self._id, clock.now_ms())
        self._rounds = Rounds(self._dispatcher, settings.max_concurrency, self._turns.wait_ms)
        # Sweeps and syncs in a thread of their own, one after the other: wakes must not wait for them.
        self._chores = ThreadPoolExecutor(1, thread_name_prefix="chore")
        self._moves = Moves(self._context, own_id)
        self._stopping = threading.Event()
        self._knows_store = False  # nothing is read or written before its schema is known
        self._told: SimpleQueue[int] = SimpleQueue()  # unlike an Event, it may be filled while it is waited for
        self._failed_syncs = 0

    def run(self) -> int:
        """Serve until TERM or INT, or until the store turns out to be a newer karin's; end with the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _, __: self._told.put(0))
        beats = self._rounds.beats
        if self._ledger:
            self._thrift.look()
            beats.every(min(LOOK_SECONDS, self._settings.sweep_interval_seconds), self._thrift.look, "budget")
        beats.every(self._settings.sweep_interval_seconds, self._sweep_if_affordable, "sweep")
        if self._settings.sync_interval_seconds:
            beats.every(self._settings.sync_interval_seconds, self._sync_if_affordable, "sync")
        beats.when_clock_is_set(lambda: self._chore(self._sweep))  # which also tells that this scheduler is alive
        self._rounds.start()
        if self._exposed:
            self._exposed.start(self._dispatcher)
        threading.Thread(target=self._invoker.prepare, args=(self._settings.region,), daemon=True).start()
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        exit_code = self._told.get()
        self._stopping.set()
        return self._stop(exit_code)

    def _stop(self, exit_code: int) -> int:
        self._moves.stop(MOVES_LIMIT_SECONDS)
        unfinished = self._rounds.stop(DRAIN_LIMIT_SECONDS)
        self._invoker.close()
        if unfinished:
            log.warning("%d calls did not end in time: their messages come again once their functions have", unfinished)
        try:
            if self._knows_store:
                self._store.deployment.say_goodbye(self._id)
        except StoreUnavailable as error:
            log.warning("%s", error)
        if self._tracing:
            self._tracing.close()
        logging.shutdown()
        sys.stdout.flush()
        # Threads may hang in a call for minutes; the interpreter would wait for them.
        os._exit(exit_code)

    def _chore(self, chore: Chore) -> None:
        if self._knows_store and not self._stopping.is_set():
            self._chores.submit(self._run_chore, chore)

    def _sweep_if_affordable(self) -> None:
        if self._thrift.takes_sweep():
            self._chore(self._sweep)

    def _sync_if_affordable(self) -> None:
        if self._thrift.syncs():
            self._chore(self._sync)

    def _run_chore(self, chore: Chore) -> None:
        try:
            chore()
        except StoreUnavailable as error:
            log.debug("%s", error)  # told once for all that fails meanwhile
        except Exception:
            log.exception("a chore failed for a reason that is karin's own fault")

    def _listen(self) -> None:
        """Follow the signals of the store for ever; after each connection, read what may have been missed."""
        attempt = 0
        while not self._stopping.is_set():
            fault = None
            try:
                if not self._knows_store:
                    self._store.schema.claim()
                    if self._replaced:
                        self._store.deployment.say_goodbye(self._replaced)
                    self._knows_store = True
                for heard in self._store.signals.listen(requests=True):
                    attempt = 0
                    self._hear(heard)
            except StoreUnavailable as error:
                fault = error.fault
                if attempt:  # a subscription alone may end for reasons of its own
                    self._faults.learn(error)
            except NewerStore as error:
                log.error("%s", error)
                self._told.put(EXIT_NEWER_STORE)
                return
            attempt += 1
            self._stopping.wait(pause_ms(attempt, fault) / 1000)

    def _hear(self, heard: Signal | None) -> None:
        match heard:
            case None:  # subscribed: nothing is missed from here on
                self._chore(self._take_up)
            case Nudge(queue, due_at_ms):
                if self._served.serves(queue) and self._turns.hears(queue):
                    self._rounds.wakes.nudge(queue, due_at_ms)
            case MoveWaits(active):
                self._moves.take_up([active])
            case SyncAsked():
                self._chore(self._sync)
            case Synced():
                self._chore(self._take_up)
            case PausesChanged():
                self._dispatcher.paused.load()  # here, because a chore may wait for a long sync
                self._chore(self._sweep)  # what was resumed has messages that are due
            case SyncFailed():
                return

    def _take_up(self) -> None:
        """Serve the stored snapshot and arm every queue of it; with no snapshot yet, make one.

        A store that still loads its data takes subscriptions and nothing else: then this is tried again.
        """
        try:
            self._serve_stored()
        except StoreUnavailable:
            self._rounds.beats.once(TAKE_UP_AGAIN_MS, lambda: self._chore(self._take_up), "take up")
            raise

    def _serve_stored(self) -> None:
        snapshot = self._store.deployment.snapshot()
        if snapshot is not None:
            self._prepare({region_from_arn(one.function_arn) for one in snapshot.mappings if one.is_served})
            for queue in self._served.replace(snapshot):
                self._rounds.wakes.forget(queue)
        elif not self._served.has_snapshot:
            self._sync()
            return
        # A start and a sync are moments at which what AWS refused may have been mended.
        self._dispatcher.paused.load(tries_at_once=True)
        self._sweep()

    def _prepare(self, regions: Set[str]) -> None:
        """Find out how functions are called, and wait for that: the first calls would, all at the same time."""

        def find() -> None:
            for region in regions:
                self._invoker.prepare(region)

        finding = threading.Thread(target=find, name="finding", daemon=True)
        finding.start()
        finding.join(PREPARING_SECONDS)

    def _with_botocore(self) -> Invoker:
        from karin.aws.invoke import LambdaInvoker  # noqa: PLC0415 - 20 MB, only for those who cannot do without

        return LambdaInvoker(self._settings.max_concurrency)

    def _with_metrics(self) -> "Exposed":
        from karin.scheduler.exposing.exposed import Exposed  # noqa: PLC0415 - 3 MB, only where they are served

        return Exposed(self._settings, self._clock, self._served, self._thrift)

    def _sweep(self) -> None:
        queues = self._served.queues()
        news = {queue: self._rounds.wakes.news(queue) for queue in queues}
        surveyed = self._exposed.asks if self._exposed and self._thrift.surveys() else None
        now_ms = self._clock.now_ms()
        swept = self._store.sweeping.sweep(queues, self._id, now_ms, surveyed)
        self._turns.learn(swept.last_sweeps, now_ms - alive_ms(self._settings))
        for queue, due_at_ms in swept.heads.items():
            self._rounds.wakes.learn(queue, self._turns.seen(queue, due_at_ms, now_ms), news[queue])
        self._moves.take_up(swept.moves)
        if self._exposed and swept.survey and self._exposed.learn(swept.survey):
            self._sweep()  # there are new queues: they are told of at once

    def _sync(self) -> None:
        try:
            report = sync(self._context, self._aws)  # tells everyone, this process included, of the new snapshot
        except CatalogUnavailable as error:
            log.warning("cannot read the mappings: %s", error)
            self._store.signals.publish(SyncFailed(str(error)))
            self._sync_again_later()
            return
        self._failed_syncs = 0
        self._dispatcher.paused.forget_others(report.snapshot)
        for warning in report.warnings:
            log.warning("%s", warning)
        log.info("synced: %d functions, %d mappings", len(report.snapshot.functions), len(report.snapshot.mappings))

    def _sync_again_later(self) -> None:
        """Try again by itself only until the first success: later ones are asked for by someone who sees the result."""
        self._sweep()
        if not self._served.has_snapshot:
            pause_ms = FIRST_SYNC_PAUSES_MS[min(self._failed_syncs, len(FIRST_SYNC_PAUSES_MS) - 1)]
            self._failed_syncs += 1
            self._rounds.beats.once(pause_ms, lambda: self._chore(self._take_up), "first sync")
