"""What the doctor looks at, gathered before any check runs; None stands for what could not be found out."""

from collections.abc import Mapping

import msgspec

from karin.aws.inspection import DryRun
from karin.budget.levels import Outlook
from karin.mapping.model import Snapshot
from karin.mapping.pause import Pause
from karin.operations.syncing import SyncReport
from karin.parts import Parts
from karin.sqs.quotas import Limits
from karin.store.inspection import StoreFacts
from karin.store.queues import QueueState


class AwsFacts(msgspec.Struct, frozen=True):
    """AWS as this machine sees it; ``clock_ahead_ms`` is positive when this machine's clock is ahead of AWS's.

    ``sqs_url`` is where SQS is taken to be, ``sqs_is_karin`` that it answers as karin does.
    """

    calls: tuple[DryRun, ...] = ()
    clock_ahead_ms: int | None = None
    sqs_url: str = ""
    sqs_is_karin: bool = False


class PlatformFacts(msgspec.Struct, frozen=True):
    """The machine karin runs on.

    ``fly_stops`` tells of each service in a fly.toml found here whether Fly stops its machines when no requests come,
    and how many it keeps; None without a fly.toml. ``store_disk`` is the type of the file system that an embedded store
    lives on, ``store_mount`` where that is mounted.
    """

    is_fly_machine: bool = False
    fly_stops: tuple[tuple[bool, int], ...] | None = None
    store_disk: str | None = None
    store_mount: str | None = None


class MetricsFacts(msgspec.Struct, frozen=True):
    """Where metrics should be, "" for nowhere, and why they are not to be read there, "" when they are."""

    url: str = ""
    problem: str = ""


class Facts(msgspec.Struct, frozen=True):
    """Everything. ``deployed`` is the deployment in AWS now, ``synced`` the one that karin works by.

    ``parts`` are those of the karin that runs on this machine, if one does. ``pending`` is what a sync would change,
    ``pauses`` are by the UUIDs of mappings. The problems are why a part could not be read, each in one line.
    """

    now_ms: int
    deployed: Snapshot | None = None
    deployed_problem: str = ""
    synced: Snapshot | None = None
    pending: SyncReport | None = None
    aws: AwsFacts = AwsFacts()
    store: StoreFacts | None = None
    store_problem: str = ""
    store_host: str = ""
    schedulers_alive: int | None = None
    parts: Parts | None = None
    queues: tuple[QueueState, ...] = ()
    pauses: Mapping[str, Pause] = {}
    limits: Limits = Limits()
    platform: PlatformFacts = PlatformFacts()
    metrics: MetricsFacts = MetricsFacts()
    outlook: Outlook | None = None  # of the commands that this machine may spend today

    @property
    def deployment(self) -> Snapshot | None:
        """Return the deployment in AWS, or else the one that karin works by."""
        return self.deployed or self.synced

    def attribute(self, queue_arn: str, name: str) -> str | None:
        """Return an attribute that a deployed queue has in AWS, None when it has none or AWS did not tell."""
        queues = self.deployment.queues if self.deployment else ()
        return next(((queue.attributes or {}).get(name) for queue in queues if queue.arn == queue_arn), None)
