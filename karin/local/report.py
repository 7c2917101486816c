"""The log of one invocation, in Lambda's own format."""

import base64

from karin.local.definition import LATEST
from karin.local.outcome import Outcome

TAIL_BYTES = 4_096  # what X-Amz-Log-Result holds at most


def invocation_log(
    request_id: str,
    output: str,
    outcome: Outcome,
    *,
    duration_ms: int,
    memory_mb: int,
    peak_memory_mb: int | None = None,
    init_ms: int | None = None,
) -> str:
    """Return the whole log of an invocation: START, what the function wrote, END and REPORT."""
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {max(duration_ms, 1)} ms",
        f"Memory Size: {memory_mb} MB",
    ]
    if peak_memory_mb is not None:
        parts.append(f"Max Memory Used: {peak_memory_mb} MB")
    if init_ms is not None:
        parts.append(f"Init Duration: {init_ms:.2f} ms")
    if outcome.status:
        parts.append(outcome.status)
    report = "\t".join(parts)
    start = f"START RequestId: {request_id} Version: {LATEST}\n"
    return f"{start}{output}{outcome.log_line}END RequestId: {request_id}\n{report}\t\n"


def log_tail(log: str) -> str:
    """Return the last 4 KB of a log in base64, as X-Amz-Log-Result carries them."""
    return base64.b64encode(log.encode()[-TAIL_BYTES:]).decode("ascii")
