"""``karin up``: look before starting, then supervise, then say in one line how it ended."""

import os
import sys
from collections.abc import Mapping, Sequence

from karin import runtime
from karin.clock import Clock
from karin.embedded import StoreBinaryError, make_store_folder
from karin.logring import LogRing
from karin.metrics.files import clear
from karin.parts import new_scheduler_id
from karin.settings import Settings, mask_url, shared_variables
from karin.supervisor.children import ChildSpec, karin_children
from karin.supervisor.journal import Journal
from karin.supervisor.loop import DRAIN_LIMIT_MS, Supervisor
from karin.supervisor.preflight import (
    StartError,
    locked,
    prepare_home,
    require_free_address,
    require_private_metrics,
    unusable_home,
)

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def run(
    settings: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    *,
    children: Sequence[ChildSpec] | None = None,
    drain_limit_ms: int = DRAIN_LIMIT_MS,
) -> int:
    """Run all parts of karin until TERM or INT; return the exit code.

    0: ended because it was asked to. 1: a child was beyond repair. 2: it could not start (home, lock, address); nothing
    was started. ``environ`` is what the children inherit, ``children`` replaces karin's own in their starting order.
    Must be called in the main thread of a process without threads, as the last thing it does: it forks, and keeps the
    signals, which are ignored once it has returned.
    """
    scheduler_id = new_scheduler_id(os.getpid())
    try:
        swept_as = (scheduler_id, *_replaced(settings))
        specs = karin_children(settings, environ, swept_as) if children is None else children
        require_private_metrics(settings)
        prepare_home(settings.home)
        with locked(settings.home) as lock:
            require_free_address(settings.bind_host, settings.bind_port)
            if settings.metrics_bind:
                require_free_address(*settings.metrics_bind, "KARIN_METRICS_BIND")
            failure = _supervise(settings, scheduler_id, shared_variables(environ), clock, specs, lock, drain_limit_ms)
    except (StartError, StoreBinaryError) as error:
        print(f"karin: {error}", file=sys.stderr)
        return EXIT_USAGE
    if failure is not None:
        print(f"karin: {failure}", file=sys.stderr)
        return EXIT_FAILED
    return EXIT_DONE


def _replaced(settings: Settings) -> tuple[str, ...]:
    """Return the id of the scheduler whose karin was killed on this KARIN_HOME as a whole: nobody said goodbye for it.

    That it is dead the lock tells: while it runs, nothing else starts here.
    """
    left = runtime.left(settings.home)
    return (left.scheduler_id,) if left and left.scheduler_id and left.store_url == settings.store_url else ()


def _supervise(
    settings: Settings,
    scheduler_id: str,
    shared: Mapping[str, str],
    clock: Clock,
    specs: Sequence[ChildSpec],
    lock: int,
    drain_limit_ms: int,
) -> str | None:
    started_at_ms = clock.now_ms()
    home, store_url, endpoint_url = settings.home, settings.store_url, settings.endpoint_url

    def info(pids: Mapping[str, int]) -> runtime.RuntimeInfo:
        return runtime.RuntimeInfo(os.getpid(), started_at_ms, store_url, endpoint_url, pids, shared, scheduler_id)

    def write_runtime(pids: Mapping[str, int]) -> None:
        try:
            runtime.write(home, info(pids))
        except OSError as error:  # such as a full disk: the queues go on without it
            journal.say(f"cannot write {runtime.FILE_NAME}: {error.strerror}")

    def announce() -> None:
        took_ms = clock.now_ms() - started_at_ms
        store = mask_url(store_url)
        journal.say(f"karin is up: SQS endpoint {endpoint_url}, store {store}, ready in {took_ms} ms")

    try:
        clear(home)
        make_store_folder(home)
        journal = Journal(LogRing(home), clock)
        runtime.write(home, info({}))
    except OSError as error:
        raise unusable_home(home, error) from error
    supervisor = Supervisor(
        specs,
        journal,
        lock=lock,
        drain_limit_ms=drain_limit_ms,
        on_change=write_runtime,
        on_up=announce,
    )
    failure = supervisor.run()
    runtime.remove(home)
    return failure
