"""The supervisor as a process of its own: ``python -m karin.supervisor``, which ``karin up`` becomes.

A command line that went on as the supervisor would keep all that it had loaded, for as long as karin runs.
"""

import os
import signal
import sys

from karin import loading
from karin.clock import SystemClock
from karin.settings import Settings, SettingsError
from karin.supervisor.main import EXIT_USAGE, run


def main() -> int:
    """Return the exit code of ``run`` with the settings of the environment."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the supervisor listens: end, without a traceback
    loading.loaded()
    environ = os.environ.copy()  # noqa: TID251 - the entry of a process
    try:
        settings = Settings.from_env(environ)
    except SettingsError as error:
        print(f"karin: {error}", file=sys.stderr)
        return EXIT_USAGE
    return run(settings, environ, SystemClock())


if __name__ == "__main__":
    sys.exit(main())
