"""How many schedulers race for a message, as a model: nobody has a hundred machines at hand.

The model has what decides it: a nudge reaches each machine within two milliseconds, a machine claims once it may, a
claim takes its way through the network and a tenth of a millisecond of the store, one after the other, and takes up to
ten messages that are due. A machine has one claim for the queue on its way at a time, and goes on while it finds
messages. The waits of ``turns`` are those of karin.scheduler.turns itself. Functions answer at once.
"""

import heapq
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.harness import print_table
from karin.scheduler.turns import Turns
from karin.sqs.names import QueueId

QUEUE = QueueId("000000000000", "work")
SECONDS = 120
NUDGE_MS = (0.3, 2.0)
WAY_MS = 0.5  # to the store or back
STORE_MS = 0.1  # of the store for a claim (benchmarks, "delivering")
BATCH = 10
JITTER_MS = 100.0
MACHINES = (1, 2, 10, 100)
RATES = (0.2, 10.0, 200.0)  # messages a second

Wait = Callable[[int], float]


@dataclass
class Model:
    """One queue and its machines; all instants in ms."""

    machines: int
    rate: float
    wait: Wait
    dead: frozenset[int] = frozenset()
    chance: random.Random = field(default_factory=lambda: random.Random(316))  # noqa: S311 - it is to be repeatable
    claims: int = 0
    wasted: int = 0
    latenesses: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Send for a while, and claim until nothing is left."""
        events: list[tuple[float, int, str, int]] = []
        order = iter(range(1 << 60))
        due: list[float] = []
        armed = [False] * self.machines
        store_free_at = 0.0

        def at(instant: float, what: str, machine: int = -1) -> None:
            heapq.heappush(events, (instant, next(order), what, machine))

        def arm(machine: int, head: float, now: float) -> None:
            if not armed[machine] and machine not in self.dead:
                armed[machine] = True
                at(max(head + self.wait(machine), now) + WAY_MS, "claim", machine)

        sent_at = 0.0
        while (sent_at := sent_at + self.chance.expovariate(self.rate / 1000)) < SECONDS * 1000:
            at(sent_at, "send")
        while events:
            now, _, what, machine = heapq.heappop(events)
            if what == "send":
                due.append(now)
                for one in range(self.machines):
                    if self.wait(one) != float("inf"):
                        at(now + self.chance.uniform(*NUDGE_MS), "nudge", one)
            elif what == "nudge":
                if due:
                    arm(machine, max(due[-1], 0.0), now)
                else:
                    arm(machine, now, now)  # it does not know that another was faster
            else:
                store_free_at = max(now, store_free_at) + STORE_MS
                taken, due = due[:BATCH], due[BATCH:]
                self.claims += 1
                self.wasted += not taken
                self.latenesses += [store_free_at - one for one in taken]
                armed[machine] = False
                if taken and due:
                    arm(machine, due[0], store_free_at + WAY_MS)


def waits(machines: int) -> dict[str, Wait]:
    """Return the ways in which machines may take turns."""
    ids = [f"machine-{number}-7-abcdef12" for number in range(machines)]
    by_rank = []
    for one in ids:
        turns = Turns(one, 0)
        turns.learn(dict.fromkeys(ids, 1), 0)
        by_rank.append(float(turns.wait_ms(QUEUE)) if turns.hears(QUEUE) else float("inf"))
    chance = random.Random(316)  # noqa: S311
    return {
        "all at once": lambda _: 0.0,
        "jitter of 100 ms": lambda _: chance.uniform(0, JITTER_MS),
        "turns": lambda machine: by_rank[machine],
    }


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = [
        ("machines", "messages/s", "", "claims/message", "in vain", "store", "p50", "p99")
    ]
    for machines in MACHINES:
        for rate in RATES:
            for name, wait in waits(machines).items():
                model = Model(machines, rate, wait)
                rows.append((machines, rate, name, *_measured(model)))
        if machines > 1:
            wait = waits(machines)["turns"]
            first = min(range(machines), key=wait)
            model = Model(machines, RATES[1], wait, frozenset({first}))
            rows.append((machines, RATES[1], "turns, the first is dead", *_measured(model)))
    print_table("Schedulers that race for the messages of one queue (a model)", rows)


def _measured(model: Model) -> tuple[str, ...]:
    model.run()
    messages = len(model.latenesses)
    busy = model.claims * STORE_MS / (SECONDS * 1000)
    return (
        f"{model.claims / messages:.2f}",
        f"{model.wasted / messages:.2f}",
        f"{busy:.1%}",
        f"{statistics.median(model.latenesses):.1f} ms",
        f"{statistics.quantiles(model.latenesses, n=100)[98]:.1f} ms" if messages > 1 else "",
    )


if __name__ == "__main__":
    main()
