"""Commands that look at messages and invocations one by one, and the one that calls a function once more."""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from karin.cli.asking import ask
from karin.cli.fitting import columns, fitted
from karin.cli.main import EXIT_DONE, EXIT_FAILED, CommandError, UsageError
from karin.cli.naming import queue_named
from karin.cli.printing import iso, print_json, print_table
from karin.finding import find
from karin.mapping.invocation import Invocation
from karin.mapping.outcome import OutcomeKind
from karin.operations import facts, inspecting, replaying, wording
from karin.operations.context import Context
from karin.operations.printing import one_line, pretty, printable
from karin.operations.replaying import Invoker, NothingToReplay, Replay
from karin.sqs.names import QueueId
from karin.store.inspect import Cursor, MessageState, SeenMessage, UnclearId

LIMIT = (1, 1_000)
_ID = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)  # an invocation's, or the beginning of it
MOST_IDS = 10  # of an invocation's messages, as people see it


def messages(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List a queue's messages, or show one whole."""
    limit, after = _limit(options.limit), _cursor(options.after)
    context = find(environ).context
    queue = queue_named(context, options.queue)
    wanted = options.id if options.shown is None else options.shown
    if wanted is not None:
        with _one_line_errors():
            seen = inspecting.message(context, queue, wanted)
        if options.json:
            print_json(facts.whole_message(queue, seen))
        else:
            _show_message(queue, seen, context.clock.now_ms())
        return EXIT_DONE
    state = MessageState(options.state) if options.state else None
    page = inspecting.messages(context, queue, most=limit, state=state, after=after)
    if options.json:
        listed = [facts.listed_message(seen) for seen in page.messages]
        print_json({"messages": listed, "next": str(page.next) if page.next else None})
        return EXIT_DONE
    if page.messages:
        _print_messages(page.messages, context.clock.now_ms())
    elif page.next is None and after is None:
        print(wording.no_messages(queue, state))
    else:
        print("none among those looked at until here" if page.next else "no more messages")
    if page.next is not None:
        print(f"more: add --after {page.next}")
    return EXIT_DONE


def invocations(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List the last calls of functions, or show all of one."""
    limit = _limit(options.limit)
    context = find(environ).context
    queue, wanted = _queue_or_id(context, options.wanted)
    wanted = wanted if options.id is None else options.id
    if wanted is not None:
        with _one_line_errors():
            one = inspecting.invocation(context, wanted, queue)
        if options.json:
            print_json(facts.whole_invocation(one))
        else:
            _show_invocation(one, context.clock.now_ms())
        return EXIT_DONE
    found = inspecting.invocations(context, queue, most=limit, failed=options.failed)
    if options.json:
        print_json([facts.listed_invocation(one) for one in found])
    elif found:
        _print_invocations(found, context.clock.now_ms())
    else:
        print(wording.no_invocations(queue, failed=options.failed))
    return EXIT_DONE


def replay(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Call a function once more with the event of an invocation, after asking; exit 1 when it does not succeed."""
    context = find(environ).context
    with _one_line_errors():
        invocation = inspecting.invocation(context, options.id)
        replaying.event_of(invocation)
    if not options.yes:
        ask(wording.replay_question(invocation, context.clock.now_ms()), otherwise="nothing was called")
    if not options.json:
        print(f"calling {invocation.function_name} ...", flush=True)
    replayed = replaying.replay(context, invocation, _invoker())
    if options.json:
        print_json(_replay_facts(replayed))
    else:
        _show_replay(replayed)
    return EXIT_DONE if replayed.is_done else EXIT_FAILED


def _queue_or_id(context: Context, wanted: str | None) -> tuple[QueueId | None, str | None]:
    """Return the queue that a person names, or else the invocation: only a queue has letters beyond f in its name."""
    if wanted is None:
        return None, None
    try:
        return queue_named(context, wanted), None
    except CommandError:
        if _ID.fullmatch(wanted):
            return None, wanted
        raise


def _invoker() -> Invoker:
    from karin.aws.invoke import LambdaInvoker  # noqa: PLC0415 - botocore is loaded for this command alone

    return LambdaInvoker(max_concurrency=1)


def _limit(limit: int) -> int:
    low, high = LIMIT
    if not low <= limit <= high:
        raise UsageError(f"--limit {limit}: say a number between {low} and {high}")
    return limit


def _cursor(text: str | None) -> Cursor | None:
    try:
        return None if text is None else Cursor.parse(text)
    except ValueError:
        raise UsageError(f"--after {text}: this is not a cursor; each list that has more ends with one") from None


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except (UnclearId, NothingToReplay) as error:
        raise CommandError(str(error)) from error


def _print_messages(found: Sequence[SeenMessage], now_ms: int) -> None:
    rows = [
        (
            wording.relative(seen.due_at_ms, now_ms),
            wording.message_state(seen, now_ms),
            str(seen.receive_count),
            wording.elapsed(now_ms - seen.message.sent_at_ms),
            *([seen.message.group_id or "-"] if any(one.message.group_id for one in found) else []),
            seen.message.message_id[: inspecting.SHORT_ID],
            one_line(seen.message.body),
        )
        for seen in found
    ]
    group = ("GROUP",) if len(rows[0]) == 7 else ()
    _print_fitted(("DUE", "STATE", "TRIES", "AGE", *group, "ID", "BODY"), rows, ("GROUP", "BODY"))


def _print_invocations(found: Sequence[Invocation], now_ms: int) -> None:
    rows = [
        (
            wording.relative(one.started_at_ms, now_ms),
            one.queue.name,
            one.function_name,
            str(one.message_count),
            wording.outcome(one.outcome),
            wording.elapsed(one.lateness_ms),
            wording.elapsed(one.duration_ms),
            one.id[: inspecting.SHORT_ID],
        )
        for one in found
    ]
    titles = ("WHEN", "QUEUE", "FUNCTION", "MSGS", "OUTCOME", "LATE", "TOOK", "ID")
    _print_fitted(titles, rows, ("QUEUE", "FUNCTION"))


def _print_fitted(titles: Sequence[str], rows: Sequence[Sequence[str]], flexible: Sequence[str]) -> None:
    places = [place for place, title in enumerate(titles) if title in flexible]
    head, *body = fitted([titles, *rows], places, columns())
    print_table(head, body, "")


def _show_message(queue: QueueId, seen: SeenMessage, now_ms: int) -> None:
    message = seen.message
    _print_pairs([
        ("id", message.message_id),
        ("queue", queue.name),
        ("state", seen.state.value),
        ("due", _instant(seen.due_at_ms, now_ms)),
        ("tries", str(seen.receive_count)),
        ("sent", _instant(message.sent_at_ms, now_ms)),
    ])  # fmt: skip
    if message.attributes:
        _print_part("attributes")
        _print_pairs([(name, wording.attribute(attribute)) for name, attribute in message.attributes.items()])
    _print_part("system attributes")
    _print_pairs(list(inspecting.system_attributes_of(queue, seen).items()))
    _print_part(f"body, {wording.counted(seen.body_bytes, 'byte')}", pretty(message.body))


def _show_invocation(one: Invocation, now_ms: int) -> None:
    _print_pairs([
        ("id", one.id),
        ("queue", one.queue.name),
        ("function", one.function_name),
        ("called", _instant(one.started_at_ms, now_ms)),
        ("late", wording.elapsed(one.lateness_ms)),
        ("outcome", wording.outcome(one.outcome)),
        ("took", wording.elapsed(one.duration_ms)),
        *_error_pairs(one.error_type, one.error_message),
        ("request id", one.request_id or "-"),
        ("messages", wording.carried(one)),
        *(("", line) for line in wording.tries(one, MOST_IDS)),
    ])  # fmt: skip
    _print_part("log tail", one.log_tail or "-")
    try:
        _print_part("event", pretty(replaying.event_of(one).decode(errors="replace")))
        print(f"\n`karin replay {one.id[: inspecting.SHORT_ID]}` calls the function with it once more")
    except NothingToReplay as error:
        _print_part("event", str(error))


def _show_replay(replayed: Replay) -> None:
    is_partial = replayed.outcome is OutcomeKind.PARTIAL
    _print_pairs([
        ("outcome", wording.outcome(replayed.outcome)),
        ("took", wording.elapsed(replayed.duration_ms)),
        *_error_pairs(replayed.error_type, replayed.error_message),
        ("request id", replayed.request_id or "-"),
        *(("failed", message_id) for message_id in (replayed.failed_ids if is_partial else ())),
    ])  # fmt: skip
    _print_part("log tail", replayed.log_tail or "-")


def _print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    label_width = max(len(label) for label, _ in pairs)
    for label, value in pairs:
        print(f"{label:<{label_width}}  {printable(value)}".rstrip())


def _print_part(title: str, text: str = "") -> None:
    print(f"\n{title}:")
    if text:
        print(printable(text).rstrip("\n"))


def _error_pairs(error_type: str, error_message: str) -> list[tuple[str, str]]:
    text = one_line(wording.error(error_type, error_message))
    return [("error", text)] if text else []


def _instant(at_ms: int, now_ms: int) -> str:
    return f"{iso(at_ms)} ({wording.relative(at_ms, now_ms)})"


def _replay_facts(replayed: Replay) -> dict[str, Any]:
    fields = msgspec.structs.asdict(replayed)
    del fields["invocation"]
    return {"id": replayed.invocation.id, "function_arn": replayed.invocation.function_arn} | fields
