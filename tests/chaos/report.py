"""The table at the end of a run."""

import statistics
from collections import defaultdict
from collections.abc import Iterator

from tests.chaos import checker
from tests.chaos.ledger import Ledger, Window


def lines(ledger: Ledger) -> Iterator[str]:
    """Yield the figures of a run as lines of text."""
    delivered = {one.message_id for one in ledger.deliveries}
    accepted = set(ledger.accepted)
    pairs = list(checker.duplicates(ledger))
    after_done = sum(first.is_done for first, _ in pairs)
    late = checker.lateness_ms(ledger)
    figures = {
        "requests to send": f"{ledger.tries} ({sum(ledger.refused.values())} failed)",
        "messages sent": str(len(ledger.intents)),
        "accepted": str(len(accepted)),
        "delivered": f"{len(delivered)} ({len(delivered - accepted)} whose acceptance never reached the sender)",
        "calls of functions": str(len({one.call for one in ledger.deliveries})),
        "delivered again": _share(len(pairs), len(ledger.deliveries)),
        "... after it was done": _share(after_done, len(ledger.deliveries)),
        "in a dead-letter queue": str(sum(queue.startswith("dead") for queue in ledger.left.values())),
        "left in a queue": str(sum(not queue.startswith("dead") for queue in ledger.left.values())),
        "lost": str(len(checker.lost(ledger))),
        "not yet in the kernel": f"{len(checker.died_with_the_store(ledger))} lost with a killed store",
        "late outside faults": f"{_percentiles(late)}, of {len(late)} messages",
    }
    for name, value in figures.items():
        yield f"{name:<24}{value}"
    for error, count in sorted(ledger.refused.items()):
        yield f"  {error:<22}{count}"
    yield f"\n{'fault':<22}{'times':>7}{'recovery p50':>15}{'worst':>10}  (ms from its end to a delivery)"
    for kind, windows in sorted(_by_kind(ledger.windows).items()):
        recoveries = [window.recovery_ms for window in windows]
        yield f"{kind:<22}{len(windows):>7}{statistics.median(recoveries):>15.0f}{max(recoveries):>10.0f}"


def _by_kind(windows: list[Window]) -> dict[str, list[Window]]:
    found = defaultdict(list)
    for window in windows:
        found[window.kind].append(window)
    return found


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / max(whole, 1):.2f} % of deliveries)"


def _percentiles(values: list[float]) -> str:
    if len(values) < 2:
        return "too few to tell"
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"
