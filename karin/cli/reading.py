"""Commands that only look."""

import argparse
from collections import abc
from typing import Any

import msgspec
from msgspec.structs import replace

from karin import __version__
from karin.budget import words
from karin.budget.levels import Outlook
from karin.budget.opening import open_ledger
from karin.cli.layout import print_lines, print_rows
from karin.cli.main import EXIT_DONE, EXIT_FAILED
from karin.cli.printing import iso, print_json
from karin.finding import Running, find
from karin.mapping.model import LambdaFunction, Mapping
from karin.mapping.pause import Pause
from karin.operations import status as operations
from karin.operations import wording
from karin.operations.status import Status
from karin.parts import look
from karin.sqs.quotas import Limits
from karin.store.queues import QueueState

NO_SNAPSHOT = f"{wording.NOTHING_SYNCED}: `karin sync` reads the mappings from AWS"


def status(options: argparse.Namespace, environ: abc.Mapping[str, str]) -> int:
    """Show whether karin is alive; exit 1 when no scheduler is, or the endpoint of this machine does not answer."""
    running = find(environ)
    seen = replace(operations.status(running.context, running.settings), parts=look(running.settings))
    ledger = open_ledger(running.settings, running.context.clock)
    outlook = ledger.look() if ledger else None
    is_well = seen.schedulers_alive and not (seen.parts and seen.parts.endpoint)
    exit_code = EXIT_DONE if is_well else EXIT_FAILED
    if options.json:
        print_json(_status_facts(seen, running) | {"budget": _budget_facts(outlook)})
    else:
        rows = wording.status_rows(seen, store=running.store_title, endpoint_url=running.endpoint_url)
        budget = [("budget", words.budget(outlook))] if outlook else []
        metrics = running.settings.metrics_url or "off: KARIN_METRICS_BIND says where"
        print_rows(("karin", __version__), [*rows, ("held", wording.held(seen)), *budget, ("metrics", metrics)])
    return exit_code


def queues(options: argparse.Namespace, environ: abc.Mapping[str, str]) -> int:
    """List queues."""
    context = find(environ).context
    states = operations.queue_states(context)
    snapshot = context.store.deployment.snapshot()
    if options.json:
        limits = context.quotas.read_limits()
        print_json([_queue_facts(state, wording.feeds(state.queue, snapshot), limits) for state in states])
        return EXIT_DONE
    if not states:
        print_lines([wording.NO_QUEUES])
        return EXIT_DONE
    now_ms = context.clock.now_ms()
    print_rows(
        ("QUEUE", "READY", "DELAYED", "IN FLIGHT", "NEXT DUE", "FEEDS"),
        [
            (
                state.queue.name,
                str(state.ready),
                str(state.delayed),
                str(state.leased),
                wording.relative(state.next_due_at_ms, now_ms),
                ", ".join(wording.feeds(state.queue, snapshot)) or "-",
            )
            for state in states
        ],
        cut=("QUEUE",),
    )
    return EXIT_DONE


def mappings(options: argparse.Namespace, environ: abc.Mapping[str, str]) -> int:
    """List mappings."""
    context = find(environ).context
    snapshot = context.store.deployment.snapshot()
    found = snapshot.mappings if snapshot else ()
    pauses = context.store.pauses.all()
    if options.json:
        print_json([msgspec.to_builtins(mapping) | {"paused": pauses.get(mapping.uuid)} for mapping in found])
        return EXIT_DONE
    if not found:
        print_lines([wording.NO_MAPPINGS if snapshot else NO_SNAPSHOT])
        return EXIT_DONE
    now_ms = context.clock.now_ms()
    print_rows(
        ("QUEUE", "FUNCTION", "BATCH", "WINDOW", "IN AWS", "SERVED"),
        [
            (
                mapping.queue.name,
                mapping.function_name,
                str(mapping.batch_size),
                f"{mapping.window_seconds}s",
                mapping.state,
                wording.served(mapping, pauses.get(mapping.uuid), now_ms),
            )
            for mapping in found
        ],
        cut=("QUEUE", "FUNCTION"),
    )
    return EXIT_DONE


def functions(options: argparse.Namespace, environ: abc.Mapping[str, str]) -> int:
    """List functions."""
    context = find(environ).context
    snapshot = context.store.deployment.snapshot()
    found = snapshot.functions if snapshot else ()
    if options.json:
        print_json(found)
        return EXIT_DONE
    if not found:
        print_lines(["no functions are deployed" if snapshot else NO_SNAPSHOT])
        return EXIT_DONE
    print_rows(
        ("FUNCTION", "RUNTIME", "TIMEOUT", "MEMORY", "URL"),
        [
            (
                function.name,
                function.runtime or "-",
                f"{function.timeout_seconds}s",
                f"{function.memory_mb} MB",
                _urls(function),
            )
            for function in found
        ],
        cut=("FUNCTION",),
    )
    return EXIT_DONE


def _urls(function: LambdaFunction) -> str:
    if not function.urls and not function.urls_read_at_ms:
        return "not read yet: see `karin sync`"
    return ", ".join(f"{url.url} ({url.auth_type})" for url in function.urls) or "-"


def _status_facts(seen: Status, running: Running) -> dict[str, Any]:
    ready, leased, delayed = seen.counts
    mappings = seen.snapshot.mappings if seen.snapshot else ()
    return {
        "version": __version__,
        "schedulers_alive": seen.schedulers_alive,
        "parts": seen.parts._asdict() if seen.parts else None,
        "endpoint": running.endpoint_url,
        "store": running.store_title,
        "metrics": running.settings.metrics_url,
        "queues": len(seen.queues),
        "ready": ready,
        "in_flight": leased,
        "delayed": delayed,
        "held_bytes": seen.held_bytes,
        "max_bytes": seen.limits.total_bytes,
        "max_queue_bytes": seen.limits.queue_bytes,
        "next_due_at": iso(seen.next_due_at_ms),
        "mappings": len(mappings),
        "mappings_served": sum(mapping.is_served for mapping in mappings),
        "paused": [_pause_facts(mapping, pause) for mapping, pause in seen.paused],
        "synced_at": iso(seen.snapshot.synced_at_ms if seen.snapshot else None),
        "warnings": wording.warnings(seen.snapshot),
    }


def _budget_facts(outlook: Outlook | None) -> dict[str, Any] | None:
    """Return how this machine's commands of the day stand, None when no budget is known."""
    if outlook is None:
        return None
    return {
        "commands_a_day": outlook.commands_a_day,
        "told_by": "store" if outlook.is_told else "KARIN_REDIS_BUDGET",
        "spent": outlook.spent,
        "left": outlook.left,
        "empty_at": iso(outlook.empty_at_ms),
        "refused": outlook.is_refused,
        "given_up": [level.name.lower() for level in outlook.given_up],
    }


def _pause_facts(mapping: Mapping, pause: Pause) -> dict[str, Any]:
    return {
        "mapping": mapping.uuid,
        "queue": mapping.queue.name,
        "function": mapping.function_name,
        "by": pause.by.value,
        "reason": pause.reason,
        "since": iso(pause.since_ms),
        "tried_again_at": iso(pause.until_ms),
    }


def _queue_facts(state: QueueState, feeds: list[str], limits: Limits) -> dict[str, Any]:
    return {
        "account": state.queue.account,
        "name": state.queue.name,
        "ready": state.ready,
        "delayed": state.delayed,
        "in_flight": state.leased,
        "held_bytes": state.held_bytes,
        "max_bytes": limits.queue_bytes,
        "next_due_at": iso(state.next_due_at_ms),
        "feeds": feeds,
        "attributes": state.attributes,
        "tags": state.tags,
    }
