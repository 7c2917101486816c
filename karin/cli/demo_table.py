"""The demo's table: each message, when it was sent, due and delivered, and what the function printed."""

from dataclasses import dataclass, field
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.table import Table

ON_TIME_MS = 100


@dataclass(slots=True)
class Delivery:
    """One message of the story. Instants are in ms since the epoch."""

    message_id: str
    body: str
    delay: str
    sent_at_ms: int
    due_at_ms: int
    invoked_at_ms: int | None = None
    printed: str = ""

    @property
    def late_ms(self) -> int:
        """Return how long after its due time the function was called; before that, 0."""
        return 0 if self.invoked_at_ms is None else self.invoked_at_ms - self.due_at_ms

    @property
    def is_on_time(self) -> bool:
        """Tell whether the function was called when the message was due, and not before."""
        return self.invoked_at_ms is not None and 0 <= self.late_ms <= ON_TIME_MS


@dataclass(slots=True)
class Story:
    """What was sent and what became of it."""

    title: str
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Tell whether every message has arrived."""
        return all(delivery.invoked_at_ms is not None for delivery in self.deliveries)

    def sent(self, message_id: str, body: str, how: str, delay_seconds: int, sent_at_ms: int) -> None:
        """Note that a message was sent; its due time is counted from the instant before the request left."""
        due_at_ms = sent_at_ms + delay_seconds * 1000
        self.deliveries.append(Delivery(message_id, body, f"{delay_seconds} s{how}", sent_at_ms, due_at_ms))

    def arrived(self, message_id: str, invoked_at_ms: int, printed: str) -> None:
        """Note that the function was called with a message; the first call counts."""
        for delivery in self.deliveries:
            if delivery.message_id == message_id and delivery.invoked_at_ms is None:
                delivery.invoked_at_ms, delivery.printed = invoked_at_ms, printed

    def in_order_of_arrival(self) -> list[Delivery]:
        """Return the messages that have arrived, first come first."""
        arrived = (delivery for delivery in self.deliveries if delivery.invoked_at_ms is not None)
        return sorted(arrived, key=lambda delivery: delivery.invoked_at_ms or 0)

    def table(self, now_ms: int) -> Table:
        """Return the story so far."""
        table = Table(title=self.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
        for name in ("message", "delay", "sent", "due", "invoked", "late", "printed"):
            table.add_column(name, justify="right" if name == "late" else "left", no_wrap=True)
        for delivery in self.deliveries:
            table.add_row(
                delivery.body,
                delivery.delay,
                _time(delivery.sent_at_ms)[:8],
                _time(delivery.due_at_ms)[:8],
                _waiting(delivery, now_ms) if delivery.invoked_at_ms is None else _time(delivery.invoked_at_ms),
                _late(delivery),
                delivery.printed,
            )
        return table


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _waiting(delivery: Delivery, now_ms: int) -> str:
    left_ms = delivery.due_at_ms - now_ms
    return f"in {left_ms / 1000:.1f} s" if left_ms > 0 else "..."


def _late(delivery: Delivery) -> str:
    if delivery.invoked_at_ms is None:
        return ""
    colour = "green" if delivery.is_on_time else "red"
    return f"[{colour}]{delivery.late_ms} ms[/]"
