"""The entry of ``karin-tui``: sees to its memory before there is any to see to."""

import os
import sys

from karin.tui.lean import load_little


def entry() -> None:
    """Run in this process and exit."""
    load_little()
    from karin import stand_in  # noqa: PLC0415 - only now may anything be loaded
    from karin.tui.command import main  # noqa: PLC0415

    stand_in.adopt(os.environ)  # noqa: TID251 - the entry of a process
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251
