"""Commands that change something."""

import argparse
import sys
import uuid
from collections.abc import Mapping

from karin.aws.unavailable import CatalogUnavailable
from karin.cli.asking import ask_to_type
from karin.cli.layout import print_lines
from karin.cli.main import EXIT_DONE, CommandError, UsageError
from karin.cli.naming import queue_state
from karin.cli.printing import print_json
from karin.finding import find
from karin.operations import queues, sending, syncing, wording
from karin.operations.sending import Sender
from karin.sqs.message import MessageAttribute
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.store.queues import QueueState

SENDER = Sender("karin-cli")


def send(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send a message."""
    context = find(environ).context
    state = queue_state(context, options.queue)
    message = Send(
        _body(options.body),
        options.delay,
        _attributes(options.attribute),
        group_id=_group(options, state.queue),
        deduplication_id=_deduplication(options, state),
    )
    sent = sending.send_message(context, state.queue, message, SENDER)
    if options.json:
        print_json({"queue": state.queue.name, "message_id": sent.message_id})
    else:
        print(wording.sent(sent.message_id, state.queue, options.delay))
    return EXIT_DONE


def purge(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Delete all messages of a queue, after asking."""
    context = find(environ).context
    state = queue_state(context, options.queue)
    queue = state.queue
    count = state.ready + state.delayed + state.leased
    if count and not options.yes:
        ask_to_type(
            queue.name,
            f"Delete {wording.counted(count, 'message')} of {queue.name}?",
            "Type the queue's name to go on",
            otherwise="nothing was deleted",
        )
    removed = queues.purge_queue(context, queue) if count or options.yes else 0
    if options.json:
        print_json({"queue": queue.name, "deleted": removed})
    else:
        print(wording.purged(removed, queue))
    return EXIT_DONE


def sync(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Read the mappings from AWS in this process and tell the scheduler, or only a person with ``--dry-run``."""
    from karin.aws.catalog import AwsCatalog  # noqa: PLC0415 - boto3 is loaded for this command alone

    context = find(environ).context
    try:
        if options.dry_run:
            report = syncing.preview(context, AwsCatalog())
        else:
            report = syncing.sync(context, AwsCatalog(), thoroughly=True)
    except CatalogUnavailable as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json(report)
        return EXIT_DONE
    print_lines([wording.sync_title(report)])
    print_lines(wording.sync_lines(report), "  ")
    return EXIT_DONE


def _body(given: str) -> str:
    if given != "-":
        return given
    if sys.stdin is None:
        raise UsageError("BODY is -, but standard input is closed")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise CommandError("standard input is not UTF-8 text, which a message must be") from None


def _group(options: argparse.Namespace, queue: QueueId) -> str | None:
    if queue.is_fifo and options.group is None:
        raise UsageError(f"{queue.name} is a FIFO queue: say --group NAME")
    group: str | None = options.group
    return group


def _deduplication(options: argparse.Namespace, state: QueueState) -> str | None:
    """Return the deduplication id that was given, else one of its own: who sends by hand means to send."""
    given: str | None = options.deduplication
    if given is None and state.queue.is_fifo and state.attributes.get("ContentBasedDeduplication") != "true":
        return str(uuid.uuid4())
    return given


def _attributes(pairs: list[str]) -> dict[str, MessageAttribute]:
    attributes = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--attribute {pair}: write NAME=VALUE")
        attributes[name] = MessageAttribute("String", string_value=value)
    return attributes
