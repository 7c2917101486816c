"""Checks of the deployment: what AWS would not tell, what karin does not serve, and what was deployed to trip over."""

from collections.abc import Iterator

from karin.doctor.facts import Facts
from karin.doctor.findings import Finding, note, problem
from karin.mapping.changes import title
from karin.mapping.model import DEFAULT_BATCH_SIZE, POLLING_STATES, Mapping
from karin.mapping.pause import PausedBy
from karin.mapping.saving import POLLING_COST
from karin.operations.wording import sync_changes

LAMBDA_EVENT_BYTES = 6 * 1024 * 1024


def unreadable_deployment(facts: Facts) -> Iterator[Finding]:
    """AWS does not list functions or mappings."""
    if facts.deployed_problem:
        yield problem(
            "aws-unreadable",
            "AWS",
            "the deployment cannot be read",
            why=f"{facts.deployed_problem}. Whatever else is said here of the deployment, is as the last sync saw it.",
            fix="Mend that, then run `karin doctor` again.",
        )


def out_of_date(facts: Facts) -> Iterator[Finding]:
    """AWS has a deployment that karin does not know."""
    if facts.pending is None:
        return
    changes = sync_changes(facts.pending)
    if facts.synced is None:
        yield problem(
            "never-synced",
            "mappings",
            "nothing was synced yet",
            why="Until then karin does not know which queue calls which function, and calls none.",
            fix="Run `karin sync`.",
        )
    elif changes:
        is_bad = bool(facts.pending.added or facts.pending.changed or facts.pending.created_queues)
        yield (problem if is_bad else note)(
            "out-of-date",
            "mappings",
            f"AWS has changed since the last sync: {'; '.join(changes)}",
            why="karin goes on with what it knew: new mappings are not served, changed ones as they were before.",
            fix="Run `karin sync`, best at the end of each deployment, or set KARIN_SYNC_INTERVAL.",
        )


def polled_by_aws(facts: Facts) -> Iterator[Finding]:
    """AWS polls a queue itself."""
    for mapping in _mappings(facts):
        if mapping.state not in POLLING_STATES:
            continue
        if mapping.served_anyway:
            yield note(
                "polled-and-served",
                title(mapping),
                f"AWS polls its queue too ({mapping.state})",
                why=f"You said that karin delivers for it all the same. The polling costs {POLLING_COST}, and what is"
                " sent to both is delivered twice.",
                fix="Deploy it with enabled: false and run `karin sync`.",
            )
        else:
            yield problem(
                "polled-by-aws",
                title(mapping),
                f"AWS polls its queue ({mapping.state}), so karin delivers nothing for it",
                why=f"The polling costs {POLLING_COST}. If karin delivered too, a message sent to both would be"
                " delivered twice.",
                fix="Deploy it with enabled: false and run `karin sync`; or, to have both,"
                f" `karin serve {mapping.queue.name}`.",
            )


def not_served(facts: Facts) -> Iterator[Finding]:
    """A mapping is not served for another reason than that AWS polls it."""
    for mapping in _mappings(facts):
        if mapping.unserved_because and mapping.state not in POLLING_STATES:
            yield problem(
                "not-served",
                title(mapping),
                f"karin delivers nothing for it: {mapping.unserved_because}",
                why="Its messages wait until that is mended, and expire when the queue's retention ends.",
                fix="Mend that, then run `karin sync`."
                if mapping.filters_readable
                else "Allow lambda:GetEventSourceMapping, and kms:Decrypt on the mapping's key; then `karin sync`.",
            )


def paused(facts: Facts) -> Iterator[Finding]:
    """A mapping is paused, by a person or by karin."""
    for mapping in _mappings(facts):
        if pause := facts.pauses.get(mapping.uuid):
            yield (note if pause.by is PausedBy.USER else problem)(
                "paused",
                title(mapping),
                f"it is paused by {pause.by.value}: {pause.reason}",
                why="Its messages wait; they expire when the queue's retention ends.",
                fix=f"Remove the reason, then `karin resume {mapping.queue.name}`.",
            )


def uncallable_functions(facts: Facts) -> Iterator[Finding]:
    """A function may not be called with karin's credentials, or is not there."""
    for call in facts.aws.calls:
        name = call.function_arn.split(":function:", 1)[-1]
        if call.problem and call.is_certain:
            yield problem(
                "function-uncallable",
                f"function {name}",
                f"karin cannot call it: {call.problem}",
                why="Every call fails, so its messages are tried again and again, or end in the dead-letter queue.",
                fix="The credentials that karin runs with need lambda:InvokeFunction on the function, and on"
                f" {call.function_arn}:* for aliases."
                if "allow " in call.problem
                else "Mend that, then run `karin doctor` again.",
            )
        elif call.problem:
            yield note(
                "function-unknown",
                f"function {name}",
                f"whether karin may call it cannot be told: {call.problem}",
                why="A dry run of the call was not answered.",
                fix="Run `karin doctor` again later.",
            )


def short_visibility(facts: Facts) -> Iterator[Finding]:
    """A queue hides a message for less time than AWS advises for the function that gets it."""
    for mapping in _mappings(facts):
        visibility = facts.attribute(mapping.queue_arn, "VisibilityTimeout")
        function = facts.deployment.function_of(mapping) if facts.deployment else None
        if visibility is None or function is None:
            continue
        timeout, seconds = function.timeout_seconds, int(visibility)
        advised = 6 * timeout + mapping.window_seconds
        if seconds < timeout:
            yield problem(
                "visibility-below-timeout",
                f"queue {mapping.queue.name}",
                f"its visibility timeout of {seconds} s is below the {timeout} s that {function.name} may run;"
                f" advised: {advised} s",
                why="karin holds a message while its function runs, but one that failed late is tried again at once,"
                " and AWS refuses to enable such a mapping should you go back.",
                fix="Set VisibilityTimeout to 6 x timeout + window, deploy and `karin sync`.",
            )
        elif seconds < advised:
            yield note(
                "visibility-short",
                f"queue {mapping.queue.name}",
                f"its visibility timeout of {seconds} s is less than six times the {timeout} s that"
                f" {function.name} may run{_and_window(mapping)}; advised: {advised} s",
                why="AWS advises that much so that throttled calls can be tried again before a message counts as"
                " received once more.",
                fix="Set VisibilityTimeout to 6 x timeout + window, deploy and `karin sync`.",
            )


def no_dead_letter_queue(facts: Facts) -> Iterator[Finding]:
    """A mapped queue has no dead-letter queue."""
    for mapping in _one_per_queue(facts):
        visibility = facts.attribute(mapping.queue_arn, "VisibilityTimeout")
        retention = facts.attribute(mapping.queue_arn, "MessageRetentionPeriod")
        if visibility is None or facts.attribute(mapping.queue_arn, "RedrivePolicy"):
            continue
        tries = int(retention or 0) // max(1, int(visibility))
        yield note(
            "no-dead-letter-queue",
            f"queue {mapping.queue.name}",
            f"it has no dead-letter queue: a bad message is tried about {tries:,} times",
            why="A message that its function can never handle is tried again after each visibility timeout until it"
            " expires, and is then lost.",
            fix="Give it a RedrivePolicy with a maxReceiveCount of 5 or more, deploy and `karin sync`.",
        )


def batches_over_the_limit(facts: Facts) -> Iterator[Finding]:
    """A full batch of the longest messages is more than Lambda takes in one call.

    With SQS's and Lambda's defaults it is, too: of ten messages of 1 MiB nobody need be told.
    """
    over = [
        f"{title(mapping)} ({mapping.batch_size} x {int(longest) // 1024} KiB)"
        for mapping in _mappings(facts)
        if (longest := facts.attribute(mapping.queue_arn, "MaximumMessageSize"))
        and mapping.batch_size > DEFAULT_BATCH_SIZE
        and mapping.batch_size * int(longest) > LAMBDA_EVENT_BYTES
    ]
    if over:
        yield note(
            "batch-over-6-mb",
            "batches",
            f"a full batch of the longest messages exceeds Lambda's 6 MB: {', '.join(over)}",
            why="karin then calls the function with fewer messages at a time, as AWS does. Nothing is lost.",
            fix="Nothing, unless your function counts on full batches: then lower BatchSize or MaximumMessageSize.",
        )


def _mappings(facts: Facts) -> tuple[Mapping, ...]:
    return facts.deployment.mappings if facts.deployment else ()


def _one_per_queue(facts: Facts) -> list[Mapping]:
    return list({mapping.queue_arn: mapping for mapping in _mappings(facts)}.values())


def _and_window(mapping: Mapping) -> str:
    return f" and its window of {mapping.window_seconds} s" if mapping.window_seconds else ""
