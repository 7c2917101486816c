"""``python -m tests.soak [--seconds S]``: prove that a karin under load does not grow.

Runs ``karin up`` for an hour under everything that users do to it, measures its processes and its store every few
seconds, drains it, and prints a table. Exits with 1 when something grew, passed its bound, failed, ended or was left.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.processes import bare_environ, free_port, process, status_of
from tests.soak import functions, load, strangers
from tests.soak.functions import Functions
from tests.soak.load import Load
from tests.soak.person import person
from tests.soak.sampling import Sample, Sampler, series
from tests.soak.table import table
from tests.store.support import ACCOUNT
from tests.support import wait_until

EVERY_SECONDS = 5.0
LEAST_SAMPLES = 16
TELL_EVERY = 60  # samples
DRAIN_SECONDS = 120
MOST_CALLS = 8
THROWN_AWAY = (load.JOBS, load.POOL, functions.DEAD)  # in the end: nobody receives from them any more


def main() -> int:
    """Soak; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Prove that karin does not grow.")
    parser.add_argument("--seconds", type=float, default=3_600, help="how long the load lasts (default 3600)")
    seconds = parser.parse_args().seconds
    service, home = Functions(), Path(tempfile.mkdtemp(prefix="karin-soak-", dir="/tmp"))
    try:
        with service, _running_karin(home, service.url) as (url, environ):
            problems = _soak(home, url, environ, service, seconds)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    _say("", *problems, f"{len(problems)} PROBLEMS" if problems else "nothing grew, and every bound was kept")
    return 1 if problems else 0


def _soak(home: Path, url: str, environ: dict[str, str], service: Functions, seconds: float) -> list[str]:
    with closing(load.client_of(url)) as sqs:
        for queue in (load.JOBS, load.QUIET, load.POOL):
            sqs.create_queue(QueueName=queue)
    work = Load(url, [*load.ACTIVITIES, *strangers.activities(environ, service)])
    with person(environ) as terminal, closing(Sampler(home, terminal.pid)) as sampler:
        pids = sampler.pids()
        _say(f"{seconds:g} s of load on {home}")
        work.start()
        try:
            samples = _watch(sampler, terminal, service, seconds)
        finally:
            work.stop()
        problems = [f"{count} times {what}" for what, count in work.failures.items()]
        problems += [f"{role} was started again" for role, pid in sampler.pids().items() if pids.get(role) != pid]
        problems += _drain(url, environ, sampler)
        drained = sampler.take()
    measured = list(series(samples))
    _say("", f"{service.handed} messages handed to functions; rounds of the load: {dict(work.rounds)}", "")
    _say(*table(measured, drained))
    return problems + [problem for one in measured if (problem := one.problem())]


def _watch(sampler: Sampler, terminal: "subprocess.Popen[bytes]", service: Functions, seconds: float) -> list[Sample]:
    """Measure every few seconds for as long as the load lasts."""
    samples: list[Sample] = []
    every_seconds, started = min(EVERY_SECONDS, seconds / LEAST_SAMPLES), time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        samples.append(sampler.take())
        if len(samples) % TELL_EVERY == 1:
            _say(f"{passed:6.0f} s  {service.handed} messages handed to functions")
        with suppress(subprocess.TimeoutExpired):
            terminal.wait(every_seconds)
            raise AssertionError(f"karin-tui ended with {terminal.returncode}")
    return samples


def _drain(url: str, environ: dict[str, str], sampler: Sampler) -> list[str]:
    """Let the functions work off what waits, and throw away what nobody receives; return what is left all the same."""
    strangers.run(environ, "resume", functions.SLOW, may_fail=True)  # it may be paused, or not
    with closing(load.client_of(url)) as sqs:
        try:
            wait_until(lambda: not sampler.waiting(functions.MAPPED), "all is delivered", DRAIN_SECONDS)
            for queue in THROWN_AWAY:
                sqs.delete_queue(QueueUrl=f"{url}/{ACCOUNT}/{queue}")
            wait_until(lambda: not sampler.waiting(), "nothing is left", DRAIN_SECONDS)
        except AssertionError as error:
            return [f"{error}: {sampler.waiting()}"]
    return []


@contextmanager
def _running_karin(home: Path, functions_url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Run all of karin; yield its URL and its environment."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = bare_environ(
        KARIN_HOME=str(home),
        KARIN_BIND=f"127.0.0.1:{port}",
        AWS_ENDPOINT_URL_LAMBDA=functions_url,
        AWS_ENDPOINT_URL_SQS=functions_url,
        # Each caller keeps its thread and its connection: with few of them all are there before the second quarter.
        KARIN_MAX_CONCURRENCY=str(MOST_CALLS),
    )
    with process([sys.executable, "-m", "karin", "up"], environ, home / "up.log"):
        wait_until(lambda: status_of(f"{url}/healthz") == 200, f"karin is healthy; {home / 'up.log'}", 60)
        yield url, environ


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
