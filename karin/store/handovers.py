"""Which handover a queue is kept to: two at once would send messages to and fro, or past each other."""

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.scripts import Scripts


class HandoverCommands:
    """Keeps queues to one handover each; every method is one command and may raise StoreUnavailable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def hold(self, queue: QueueId, holder: str, held_ms: int) -> bool:
        """Keep a queue to this holder from now on, anew if it is the holder already; False: there is another."""
        return self._hold(queue, holder, held_ms)

    def let_go(self, queue: QueueId, holder: str) -> None:
        """Let others have a queue, if this is its holder."""
        self._hold(queue, holder, 0)

    def _hold(self, queue: QueueId, holder: str, held_ms: int) -> bool:
        status, _ = self._scripts.call("hold_handover", [keys.handover(queue)], [holder, held_ms])
        return status == "ok"
