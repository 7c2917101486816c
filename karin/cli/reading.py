"""Commands that only look."""

import argparse
from collections.abc import Mapping
from typing import Any

from karin import __version__
from karin.cli.connecting import connect
from karin.cli.main import EXIT_DONE, EXIT_FAILED
from karin.cli.printing import iso, print_json, print_table, relative
from karin.mapping.model import Snapshot
from karin.operations import status as operations
from karin.settings import mask_url
from karin.store.queues import QueueState

NO_SNAPSHOT = "nothing was synced yet: `karin sync` reads the mappings from AWS"


def status(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show whether karin is alive; exit 1 when no scheduler is."""
    context, settings = connect(environ)
    seen = operations.status(context, settings.sweep_interval_seconds)
    ready, leased, delayed = (
        sum(getattr(queue, state) for queue in seen.queues) for state in ("ready", "leased", "delayed")
    )
    next_due_at_ms = min((queue.next_due_at_ms for queue in seen.queues if queue.next_due_at_ms), default=None)
    synced_at_ms = seen.snapshot.synced_at_ms if seen.snapshot else None
    mappings = seen.snapshot.mappings if seen.snapshot else ()
    facts: dict[str, Any] = {
        "version": __version__,
        "schedulers_alive": seen.schedulers_alive,
        "endpoint": settings.endpoint_url,
        "store": mask_url(settings.store_url),
        "queues": len(seen.queues),
        "ready": ready,
        "leased": leased,
        "delayed": delayed,
        "next_due_at": iso(next_due_at_ms),
        "mappings": len(mappings),
        "mappings_served": sum(mapping.is_served for mapping in mappings),
        "synced_at": iso(synced_at_ms),
        "warnings": list(seen.snapshot.warnings) if seen.snapshot else [],
    }
    if options.json:
        print_json(facts)
        return EXIT_DONE if seen.schedulers_alive else EXIT_FAILED
    alive = f"{seen.schedulers_alive} alive" if seen.schedulers_alive else "none alive: messages wait; see `karin up`"
    synced = f"synced {relative(synced_at_ms, seen.now_ms)}" if synced_at_ms else NO_SNAPSHOT
    print_table(
        ("karin", __version__),
        [
            ("scheduler", alive),
            ("endpoint", settings.endpoint_url),
            ("store", mask_url(settings.store_url)),
            ("queues", f"{len(seen.queues)}: {ready} ready, {delayed} delayed, {leased} in flight"),
            ("next due", relative(next_due_at_ms, seen.now_ms)),
            ("mappings", f"{len(mappings)}, {facts['mappings_served']} served; {synced}"),
            *(("warning", warning) for warning in facts["warnings"]),
        ],
        "",
    )
    return EXIT_DONE if seen.schedulers_alive else EXIT_FAILED


def queues(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List queues."""
    context, _ = connect(environ)
    states = operations.queue_states(context)
    snapshot = context.store.deployment.snapshot()
    if options.json:
        print_json([_queue_facts(state, _feeds(state, snapshot)) for state in states])
        return EXIT_DONE
    now_ms = context.clock.now_ms()
    print_table(
        ("QUEUE", "READY", "DELAYED", "IN FLIGHT", "NEXT DUE", "FEEDS"),
        [
            (
                state.queue.name,
                str(state.ready),
                str(state.delayed),
                str(state.leased),
                relative(state.next_due_at_ms, now_ms),
                ", ".join(_feeds(state, snapshot)) or "-",
            )
            for state in states
        ],
        "no queues yet: CreateQueue makes one, and so does `karin sync` for each queue that is mapped",
    )
    return EXIT_DONE


def mappings(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List mappings."""
    context, _ = connect(environ)
    snapshot = context.store.deployment.snapshot()
    found = snapshot.mappings if snapshot else ()
    if options.json:
        print_json(found)
        return EXIT_DONE
    print_table(
        ("QUEUE", "FUNCTION", "BATCH", "WINDOW", "IN AWS", "SERVED"),
        [
            (
                mapping.queue.name,
                mapping.function_name,
                str(mapping.batch_size),
                f"{mapping.window_seconds}s",
                mapping.state,
                "yes" if mapping.unserved_because is None else f"no: {mapping.unserved_because}",
            )
            for mapping in found
        ],
        "no mappings of SQS queues are deployed" if snapshot else NO_SNAPSHOT,
    )
    return EXIT_DONE


def functions(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List functions."""
    context, _ = connect(environ)
    snapshot = context.store.deployment.snapshot()
    found = snapshot.functions if snapshot else ()
    if options.json:
        print_json(found)
        return EXIT_DONE
    print_table(
        ("FUNCTION", "RUNTIME", "TIMEOUT", "MEMORY", "URL"),
        [
            (
                function.name,
                function.runtime or "-",
                f"{function.timeout_seconds}s",
                f"{function.memory_mb} MB",
                ", ".join(f"{url.url} ({url.auth_type})" for url in function.urls) or "-",
            )
            for function in found
        ],
        "no functions are deployed" if snapshot else NO_SNAPSHOT,
    )
    return EXIT_DONE


def _feeds(state: QueueState, snapshot: Snapshot | None) -> list[str]:
    return [mapping.function_name for mapping in snapshot.mappings_of(state.queue)] if snapshot else []


def _queue_facts(state: QueueState, feeds: list[str]) -> dict[str, Any]:
    return {
        "account": state.queue.account,
        "name": state.queue.name,
        "ready": state.ready,
        "delayed": state.delayed,
        "in_flight": state.leased,
        "next_due_at": iso(state.next_due_at_ms),
        "feeds": feeds,
        "attributes": state.attributes,
        "tags": state.tags,
    }
