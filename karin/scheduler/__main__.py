"""``python -m karin.scheduler [ID [REPLACED]]``: one scheduler, configured by the environment.

A supervisor gives it an id, and that of a scheduler that was killed before it.
"""

import logging
import os
import sys

from karin import loading
from karin.clock import SystemClock
from karin.scheduler.process import SchedulerProcess
from karin.settings import Settings, SettingsError


def main() -> int:
    """Run a scheduler; return the exit code (2: a setting is wrong)."""
    loading.loaded()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    # A line a call: what no line shows is not found out (Python's logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for library in ("apscheduler", "botocore"):
        logging.getLogger(library).setLevel(logging.ERROR)
    try:
        settings = Settings.from_env(os.environ)  # noqa: TID251 - the entry of a process
    except SettingsError as error:
        print(f"karin: {error}", file=sys.stderr)
        return 2
    return SchedulerProcess(settings, SystemClock(), *sys.argv[1:]).run()


if __name__ == "__main__":
    sys.exit(main())
