"""One run: a karin, its senders, a schedule of faults, a drain without faults, and a ledger of it all."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import checker
from tests.chaos.functions import Functions
from tests.chaos.harm import Harm
from tests.chaos.ledger import Ledger, now_ms
from tests.chaos.looking import Look
from tests.chaos.plan import Choices, faults
from tests.chaos.rig import running_rig
from tests.chaos.runtimes import Runtimes
from tests.chaos.senders import Senders
from tests.chaos.settable_clock import SettableClock
from tests.support import short_folder, wait_until

WARM_UP_SECONDS = 1
DRAIN_SECONDS = 120  # a lost nudge is repaired after a minute, a lease ends after 16 s, a throttled pause after 30 s


@dataclass(frozen=True)
class Run:
    """What to run; the faults begin to come for ``seconds``, and the last is brought to its end."""

    seed: int
    seconds: float
    choices: Choices
    disk: Path | None = None  # small, and for nobody else


def run(of: Run, say: Callable[[str], None]) -> tuple[Ledger, list[str]]:
    """Run it; return the ledger, and what speaks against karin's promises."""
    ledger, ended = Ledger(), threading.Event()
    with ExitStack() as stack:
        functions: Functions | Runtimes = (
            Runtimes(ledger, of.seed, stack.enter_context(short_folder()))
            if of.choices.has_runtimes
            else Functions(ledger, of.seed)
        )
        stack.enter_context(functions)
        stack.callback(functions.calm)
        clock = SettableClock(stack.enter_context(short_folder()), ledger.wall)
        rig = stack.enter_context(
            running_rig(
                functions.url,
                is_outside=of.choices.is_outside,
                is_cluster=of.choices.is_cluster,
                disk=of.disk,
                clock=clock,
            )
        )
        look = stack.enter_context(closing(Look(rig.url, rig.store_url)))
        harm = stack.enter_context(closing(Harm(rig, functions, ledger, ended)))
        senders = Senders(rig.url, ledger, of.seed)
        stack.callback(senders.abandon)
        senders.start()
        ended.wait(WARM_UP_SECONDS)
        _torment(of, harm, ended, say)
        say("no more faults: draining")
        assert senders.stop(DRAIN_SECONDS), "a sender is still waiting for an answer"
        problems = _drain(look)
        look.write_down(ledger)
    return ledger, problems + checker.violations(ledger)


def _torment(of: Run, harm: Harm, ended: threading.Event, say: Callable[[str], None]) -> None:
    started_at_ms = now_ms()
    for fault in faults(of.seed, of.choices):
        at_ms = now_ms() - started_at_ms
        if at_ms > of.seconds * 1000:
            return
        jump = f" by {fault.by_ms / 1000:+.1f} s" if fault.by_ms else ""
        say(f"{at_ms / 1000:6.1f} s  {fault.kind}{jump}, {fault.hold_ms} ms")
        window = harm.do(fault)
        say(f"          delivers again after {window.recovery_ms:.0f} ms; peace for {fault.pause_ms} ms")
        ended.wait(fault.pause_ms / 1000)


def _drain(look: Look) -> list[str]:
    try:
        wait_until(look.is_drained, "every queue is empty", DRAIN_SECONDS)
    except AssertionError as error:
        return [f"STUCK: {error}"]
    return []
