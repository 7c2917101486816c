"""What an operation needs: the store, the clock, and the settings that bear on queues."""

from dataclasses import dataclass, field

from karin.clock import Clock
from karin.operations.quotas import Quotas
from karin.settings import DEFAULT_ACCOUNT_ID, Settings
from karin.sqs.names import QueueId
from karin.store.store import Store


@dataclass(slots=True)
class Account:
    """The account that queues belong to when nobody says: the setting, else the deployment's, else twelve zeros.

    Read from the store once, and again when an unknown queue suggests that the deployment changed.
    """

    store: Store
    configured: str | None = None
    _known: str | None = None

    def id(self) -> str:
        """Return the account's 12 digits; the first call may cost one Redis command."""
        if self._known is None:
            self._known = self.configured or self._of_deployment()
        return self._known

    def forget(self) -> None:
        """Read the account anew when it is next asked for."""
        self._known = None

    def _of_deployment(self) -> str:
        snapshot = self.store.deployment.snapshot()
        return snapshot.account_id if snapshot else DEFAULT_ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class Context:
    """Everything an operation is given beside its arguments."""

    store: Store
    clock: Clock
    region: str
    max_delay_seconds: int
    account: Account = field(repr=False)
    quotas: Quotas = field(repr=False)
    warned_at_ms: dict[QueueId, int] = field(default_factory=dict, repr=False, compare=False)
    """Source queue -> when this process last said that it cannot move its dead letters."""

    @classmethod
    def of(cls, store: Store, clock: Clock, settings: Settings) -> "Context":
        """Return the context of a process."""
        account = Account(store, settings.account_id)
        quotas = Quotas(store, settings.max_queue_bytes, settings.max_bytes)
        return cls(store, clock, settings.region, settings.max_delay_seconds, account, quotas)

    def arn(self, queue: QueueId) -> str:
        """Return a queue's ARN."""
        return queue.arn(self.region)
