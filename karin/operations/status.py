"""What a person asks on a visit: is it alive, what waits, what is mapped to what."""

import msgspec

from karin.mapping.model import Mapping, Snapshot
from karin.mapping.pause import Pause
from karin.operations.context import Context
from karin.parts import Parts, is_down_here, running_here
from karin.settings import Settings
from karin.sqs.quotas import Limits
from karin.store.queues import QueueState

ALIVE_SWEEPS = 2  # a scheduler that did not sweep for so many intervals, and a margin, is taken for dead
ALIVE_MARGIN_MS = 20_000  # a sync, or a busy machine, may put a sweep off; a short budget leaves every other out


class Status(msgspec.Struct, frozen=True):
    """karin at one instant.

    ``schedulers_alive`` counts those that swept lately, less the one of this machine when that is known to be down;
    ``pauses`` are by mapping UUID; ``limits`` are those of the settings where this is asked, and of the store.
    ``parts`` are those of the karin on this machine, None where none is known of.
    """

    now_ms: int
    schedulers_alive: int
    queues: tuple[QueueState, ...]
    snapshot: Snapshot | None
    pauses: dict[str, Pause] = {}
    limits: Limits = Limits()
    parts: Parts | None = None

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return how many messages are ready, leased and delayed in all queues together."""
        return (
            sum(queue.ready for queue in self.queues),
            sum(queue.leased for queue in self.queues),
            sum(queue.delayed for queue in self.queues),
        )

    @property
    def held_bytes(self) -> int:
        """Return what all queues hold together, as their limit counts."""
        return sum(queue.held_bytes for queue in self.queues)

    @property
    def next_due_at_ms(self) -> int | None:
        """Return when the next message of any queue is due, None when there is none.

        One that is due already in a queue without a function only waits for a consumer, as dead letters do for a
        person: it counts as ready, not as due.
        """
        return min(
            (
                queue.next_due_at_ms
                for queue in self.queues
                if queue.next_due_at_ms is not None
                and (queue.next_due_at_ms > self.now_ms or (self.snapshot and self.snapshot.mappings_of(queue.queue)))
            ),
            default=None,
        )

    @property
    def paused(self) -> tuple[tuple[Mapping, Pause], ...]:
        """Return the mappings that would be served if they were not paused, with their pauses."""
        mappings = self.snapshot.mappings if self.snapshot else ()
        return tuple((one, self.pauses[one.uuid]) for one in mappings if one.is_served and one.uuid in self.pauses)


def alive_ms(settings: Settings) -> int:
    """Return for how many ms after its last sweep a scheduler is taken to be alive."""
    return ALIVE_SWEEPS * settings.sweep_interval_seconds * 1000 + ALIVE_MARGIN_MS


def scheduler_count(context: Context, settings: Settings) -> int:
    """Return how many schedulers are alive, by their last sweep; one Redis command. Raises StoreUnavailable.

    Of the one on this machine more is known: its supervisor and the kernel tell at once when it has ended or stands.
    """
    oldest_ms = context.clock.now_ms() - alive_ms(settings)
    swept = context.store.deployment.last_sweeps()
    here = running_here(settings)
    return sum(at_ms >= oldest_ms and not is_down_here(name, here) for name, at_ms in swept.items())


def queue_states(context: Context) -> tuple[QueueState, ...]:
    """Return every queue with its counts, in order of name: one command, and one for every hundred queues."""
    names = context.store.queues.names()
    return tuple(context.store.queues.survey(names, context.clock.now_ms()))


def status(context: Context, settings: Settings) -> Status:
    """Return all of it but how the parts on this machine are."""
    return Status(
        context.clock.now_ms(),
        scheduler_count(context, settings),
        queue_states(context),
        context.store.deployment.snapshot(),
        context.store.pauses.all(),
        context.quotas.read_limits(),
    )
