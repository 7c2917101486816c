"""Checks of messages: where some wait that nobody will deliver."""

from collections.abc import Iterator

from karin.doctor.facts import Facts
from karin.doctor.findings import Finding, note, problem
from karin.mapping.model import POLLING_STATES
from karin.operations.wording import counted, elapsed, relative
from karin.sqs.redrive import dead_letter_target

OVERDUE_MS = 600_000  # twice the longest batching window
RETENTION_SECONDS = 345_600  # of a queue that does not say
DAY_SECONDS = 86_400
STRANDED_IN = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")


def stranded_in_aws(facts: Facts) -> Iterator[Finding]:
    """Messages wait in a real SQS queue from which AWS delivers nothing."""
    deployment = facts.deployed  # what the last sync saw there is out of date
    if deployment is None or facts.aws.sqs_is_karin:
        return
    polled = {mapping.queue_arn for mapping in deployment.mappings if mapping.state in POLLING_STATES}
    mapped = {mapping.queue_arn for mapping in deployment.mappings}
    for queue in deployment.queues:
        attributes, name = queue.attributes or {}, queue.arn.rpartition(":")[2]
        waiting = sum(int(attributes.get(attribute) or 0) for attribute in STRANDED_IN)
        if not waiting or queue.arn in polled:
            continue
        messages = counted(waiting, "message")
        kept = _age(int(attributes.get("MessageRetentionPeriod") or RETENTION_SECONDS))
        if queue.arn in mapped:
            yield problem(
                "stranded",
                f"queue {name}",
                f"{messages} in the real SQS queue, from which nobody delivers",
                why="They were there before the mapping was disabled, or someone sends to AWS instead of karin. The"
                " JavaScript SDK v3 does that whenever it is given a queue URL of AWS and no endpoint in its code:"
                " AWS_ENDPOINT_URL_SQS does not count then. AWS deletes the messages when they are"
                f" {kept} old.",
                fix="Give the sender karin's endpoint in its code (or useQueueUrlAsEndpoint: false, or karin's queue"
                f" URL); then fetch what is there with `karin doctor --import {name}`.",
            )
        else:
            yield note(
                "stranded-dead-letters",
                f"queue {name}",
                f"{messages} in the real dead-letter queue",
                why="They failed while AWS still delivered, or were sent there. AWS deletes them when they are"
                f" {kept} old.",
                fix=f"`karin doctor --import {name}` fetches them, `karin redrive {name}` then tries them again.",
            )


def overdue(facts: Facts) -> Iterator[Finding]:
    """Messages have been due in karin for long and were not delivered."""
    policies = [state.attributes.get("RedrivePolicy") for state in facts.queues]
    dead_letter_queues = {dead_letter_target(policy) for policy in policies if policy}
    for state in facts.queues:
        due_at_ms = state.next_due_at_ms
        if not state.ready or due_at_ms is None or facts.now_ms - due_at_ms < OVERDUE_MS:
            continue
        if state.queue in dead_letter_queues:
            continue
        if facts.synced and facts.synced.mappings_of(state.queue):
            why = "Their mapping is served, so either the function's concurrency is used up, or its calls are refused."
            fix = "`karin invocations` shows what became of the last calls."
        else:
            why = "No mapping that karin serves reads this queue: only a program that receives from it will get them."
            fix = (
                "Nothing, if there is such a program; else deploy a mapping, or correct the queue's name at the sender."
            )
        yield note(
            "overdue",
            f"queue {state.queue.name}",
            f"{counted(state.ready, 'message')} not delivered, the first was due {relative(due_at_ms, facts.now_ms)}",
            why=why,
            fix=fix,
        )


def _age(seconds: int) -> str:
    """Return an age as people say it: ``4 days``, ``60s``."""
    days, rest = divmod(seconds, DAY_SECONDS)
    return elapsed(seconds * 1000) if rest else counted(days, "day")
