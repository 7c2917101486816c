"""Letting the doctor look, as ``karin doctor`` in a process of its own: it needs boto3, 40 MB that must not stay."""

from collections.abc import Callable, Sequence

import msgspec

from karin.doctor.findings import Finding
from karin.tui.actions.action import DeedFailed
from karin.tui.world import Examination

COMMAND = ("doctor", "--json")


class _Told(msgspec.Struct):
    """What the command prints."""

    findings: tuple[Finding, ...]


def examine(run: Callable[[Sequence[str]], str], now_ms: int) -> Examination:
    """Return what the doctor finds, or in one line why it could not look; ``run`` is that of Means."""
    try:
        told = msgspec.json.decode(run(COMMAND), type=_Told)
    except DeedFailed as failed:
        return Examination(is_running=False, begun_at_ms=now_ms, problem=str(failed))
    except msgspec.DecodeError as error:
        problem = f"karin doctor said something that this karin-tui does not understand: {error}"
        return Examination(is_running=False, begun_at_ms=now_ms, problem=problem)
    return Examination(is_running=False, begun_at_ms=now_ms, findings=told.findings)
