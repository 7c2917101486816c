"""Commands that change something."""

import argparse
import sys
from collections.abc import Mapping

from karin.cli.main import EXIT_DONE, CommandError, UsageError
from karin.cli.printing import print_json
from karin.finding import find
from karin.operations import queues, sending, syncing, wording
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import MessageAttribute
from karin.sqs.names import QueueId, queue_id_from_url
from karin.sqs.sending import Send

SENDER = Sender("karin-cli")


def send(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send a message."""
    context = find(environ).context
    body = sys.stdin.read() if options.body == "-" else options.body
    queue = queue_named(context, options.queue)
    sent = sending.send_message(context, queue, Send(body, options.delay, _attributes(options.attribute)), SENDER)
    if options.json:
        print_json({"queue": queue.name, "message_id": sent.message_id})
    else:
        print(wording.sent(sent.message_id, queue, options.delay))
    return EXIT_DONE


def purge(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Delete all messages of a queue, after asking."""
    context = find(environ).context
    queue = queue_named(context, options.queue)
    state = context.store.queues.describe(queue, context.clock.now_ms())
    there = wording.counted(state.ready + state.delayed + state.leased, "message")
    if not options.yes:
        if not sys.stdin.isatty():
            raise UsageError(f"purge deletes {there} of {queue.name}: say --yes, since nobody can be asked here")
        answer = input(f"Delete {there} of {queue.name}? Type the queue's name to go on: ")
        if answer.strip() != queue.name:
            raise CommandError("nothing was deleted")
    removed = queues.purge_queue(context, queue)
    if options.json:
        print_json({"queue": queue.name, "deleted": removed})
    else:
        print(wording.purged(removed, queue))
    return EXIT_DONE


def sync(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Read the mappings from AWS in this process and tell the scheduler, or only a person with ``--dry-run``."""
    from karin.aws.catalog import AwsCatalog, CatalogUnavailable  # noqa: PLC0415 - boto3 is loaded for this command alone

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
    print(wording.sync_title(report))
    for line in wording.sync_lines(report):
        print(f"  {line}")
    return EXIT_DONE


def queue_named(context: Context, name: str) -> QueueId:
    """Return the queue that a person names; raises UsageError or CommandError when there is none."""
    queue = queue_id_from_url(name, context.account.id())
    if queue is None:
        raise UsageError(f"{name!r} is not a queue's name")
    try:
        context.store.queues.describe(queue, context.clock.now_ms())
    except QueueDoesNotExist:
        raise CommandError(f"there is no queue {queue.name}: `karin queues` lists them") from None
    return queue


def _attributes(pairs: list[str]) -> dict[str, MessageAttribute]:
    attributes = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--attribute {pair}: write NAME=VALUE")
        attributes[name] = MessageAttribute("String", string_value=value)
    return attributes
