"""Checks of what karin runs on: schedulers, clocks, the platform's habits, and its own environment."""

from collections.abc import Iterator

from karin.doctor.facts import Facts
from karin.doctor.findings import Finding, note, problem
from karin.parts import SILENT, STOPPED

AWS_REFUSES_MS = 300_000  # AWS takes no signature that is older or newer than five minutes
CLOCK_PROBLEM_MS = 30_000
CLOCK_NOTE_MS = 2_000
LET_GO_ON = "`kill -CONT` with its process, which karin-tui shows under Status, lets it go on; or restart karin."
VOLATILE_DISKS = ("overlay", "tmpfs", "ramfs")


def no_scheduler(facts: Facts) -> Iterator[Finding]:
    """Nobody delivers."""
    is_stopped = bool(facts.parts and facts.parts.scheduler == STOPPED)
    if facts.schedulers_alive == 0:
        yield problem(
            "no-scheduler",
            "scheduler",
            "none is alive: that of this machine is stopped by a signal" if is_stopped else "none is alive",
            why="Messages are taken, and none is delivered.",
            fix=LET_GO_ON
            if is_stopped
            else "Run `karin up`, or `karin scheduler` where the endpoint runs alone; see its log if it has ended.",
        )


def no_endpoint(facts: Facts) -> Iterator[Finding]:
    """Nobody takes messages."""
    how = facts.parts.endpoint if facts.parts else ""
    if how:
        yield problem(
            "no-endpoint",
            "endpoint",
            {STOPPED: "it is stopped by a signal", SILENT: "it does not answer"}.get(how, "it does not run"),
            why="No program can send or receive. What the store holds is delivered all the same.",
            fix=LET_GO_ON
            if how == STOPPED
            else "See the log for `endpoint`: why it ended, or what it did last. If it only hangs, restart karin;"
            " no message is lost by that.",
        )


def metrics(facts: Facts) -> Iterator[Finding]:
    """Metrics that were asked for are not served."""
    if facts.metrics.problem:
        yield problem(
            "no-metrics",
            "metrics",
            facts.metrics.problem,
            why="Prometheus sees nothing, and no alert will come.",
            fix="See karin's log for `metrics`: the scheduler serves them at KARIN_METRICS_BIND, if it runs and the"
            " address is free.",
        )


def clocks(facts: Facts) -> Iterator[Finding]:
    """This machine's clock differs from that of AWS or of the store."""
    if ahead_ms := facts.aws.clock_ahead_ms:
        yield from _skew(
            "clock-aws",
            "AWS's",
            ahead_ms,
            "Timestamps that functions see are wrong by that, and AWS refuses every call of a machine whose clock is"
            f" more than {AWS_REFUSES_MS // 60_000} minutes off.",
        )
    if facts.store and (ahead_ms := facts.store.clock_ahead_ms):
        yield from _skew(
            "clock-store",
            "the store's",
            ahead_ms,
            "One of the two is wrong. karin goes by its machines' clocks: with several machines, what one of them sends"
            " is due too late or too early on another.",
        )


def _skew(code: str, whose: str, ahead_ms: int, why: str) -> Iterator[Finding]:
    if abs(ahead_ms) < CLOCK_NOTE_MS:
        return
    direction = "ahead of" if ahead_ms > 0 else "behind"
    yield (problem if abs(ahead_ms) >= CLOCK_PROBLEM_MS else note)(
        code,
        "clock",
        f"this machine's clock is {abs(ahead_ms) / 1000:,.0f} s {direction} {whose}",
        why=why,
        fix="Turn on time synchronisation (NTP) on the machine whose clock is wrong.",
    )


def own_endpoint(facts: Facts) -> Iterator[Finding]:
    """In karin's own environment, SQS is karin itself."""
    if facts.aws.sqs_is_karin:
        yield problem(
            "sqs-is-karin",
            "environment",
            f"karin asks itself for what AWS knows: SQS is taken to be at {facts.aws.sqs_url}",
            why="AWS_ENDPOINT_URL_SQS, or AWS_ENDPOINT_URL, is for programs that send. Here it keeps syncs from seeing"
            " your queues' real settings, and this command from seeing what is stranded in them.",
            fix="Unset it where karin runs.",
        )


def fly_stops_machines(facts: Facts) -> Iterator[Finding]:
    """Fly stops a machine to which no requests come."""
    why = (
        "Fly looks at requests alone: it stops a machine that only waits for a message to be due, and then nothing is"
        " delivered until the next request starts it again."
    )
    fix = 'Write auto_stop_machines = "off", auto_start_machines = true and min_machines_running = 1 in fly.toml.'
    if facts.platform.fly_stops is None:
        if facts.platform.is_fly_machine:
            yield note(
                "fly-untold", "fly.io", "from inside it cannot be seen whether Fly stops this machine", why=why, fix=fix
            )
        return
    kept = [most for stops, most in facts.platform.fly_stops if stops]
    if any(most == 0 for most in kept):
        yield problem("fly-autostop", "fly.io", "fly.toml lets Fly stop every machine", why=why, fix=fix)
    elif kept:
        yield note(
            "fly-autostop",
            "fly.io",
            "fly.toml lets Fly stop machines, but not all of them",
            why=f"{why} min_machines_running keeps some in the primary region only.",
            fix=fix,
        )


def store_on_a_volatile_disk(facts: Facts) -> Iterator[Finding]:
    """The embedded store's data does not outlive its container."""
    disk, mount = facts.platform.store_disk, facts.platform.store_mount
    is_on_fly_root = facts.platform.is_fly_machine and mount == "/"
    if disk in VOLATILE_DISKS or (disk and is_on_fly_root):
        yield (problem if is_on_fly_root else note)(
            "volatile-store",
            "store",
            f"its data lies in the machine's own file system ({disk} at {mount})",
            why="Each deployment starts with a fresh one: every message that waits is then lost.",
            fix="Mount a volume and set KARIN_HOME to a folder on it, or set REDIS_URL.",
        )
