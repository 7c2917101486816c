"""``python -m karin.local DEFINITION.json --bind 127.0.0.1:PORT``."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import sys  # noqa: E402

from karin import loading  # noqa: E402
from karin.clock import SystemClock  # noqa: E402
from karin.local.service import main  # noqa: E402

if __name__ == "__main__":
    loading.loaded()
    sys.exit(main(sys.argv[1:], os.environ, SystemClock(), sys.stdout, sys.stderr))  # noqa: TID251
