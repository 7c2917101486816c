"""What is left in the queues of a run at its end."""

from typing import Any

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.ids import read_id
from tests.chaos.functions import CANARY, DEAD_LETTERS, FIFO, STANDARD
from tests.chaos.ledger import Ledger
from tests.chaos.senders import client_of
from tests.many.stores import raw_client
from tests.store.support import ACCOUNT

MAPPED = (*STANDARD, *FIFO, CANARY)
KINDS = ("", "NotVisible", "Delayed")


class Look:
    """Looks into the queues of a run through the endpoint, and behind it into its store."""

    def __init__(self, url: str, store_url: str) -> None:
        self._sqs = client_of(url)
        self._url = url
        self._store = raw_client(store_url, decode_responses=True, encoding_errors="surrogateescape")

    def close(self) -> None:
        """Close its connections."""
        self._sqs.close()
        self._store.close()

    def held(self, queue: str) -> int:
        """Return how many messages a queue holds, in any state."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in KINDS]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url_of(queue), AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def is_drained(self) -> bool:
        """Tell whether no queue that has a function holds anything."""
        return not any(self.held(queue) for queue in MAPPED)

    def write_down(self, ledger: Ledger) -> None:
        """Note what lies in the dead-letter queues, as their receivers get it, and what is stuck in the others."""
        for queue in DEAD_LETTERS.values():
            while received := self._receive(queue):
                for message in received:
                    ledger.left[message["MessageId"]] = queue
                    assert message["Body"] in ledger.intents, f"a dead letter with another body: {message['Body']!r}"
            assert self.held(queue) == 0, f"{queue} holds what nobody receives"
        for queue in MAPPED:
            ids: Any = self._store.hkeys(keys.messages(QueueId(ACCOUNT, queue)))
            ledger.left.update((read_id(id_.encode(errors="surrogateescape")), queue) for id_ in ids)

    def _receive(self, queue: str) -> list[dict[str, Any]]:
        url = self._url_of(queue)
        messages: list[dict[str, Any]] = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages", []
        )
        if messages:
            handles = [{"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]} for place, one in enumerate(messages)]
            self._sqs.delete_message_batch(QueueUrl=url, Entries=handles)
        return messages

    def _url_of(self, queue: str) -> str:
        return f"{self._url}/{ACCOUNT}/{queue}"
