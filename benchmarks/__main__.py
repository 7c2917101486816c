"""``python -m benchmarks [name[:what] ...]``: print the figures, all or some. Each needs a quiet machine."""

import importlib
import sys

NAMES = (
    "lateness",
    "delivering",
    "filling",
    "sending",
    "long_poll",
    "calls",
    "memory",
    "small",
    "starting",
    "idle",
    "terminal",
    "stored",
)
LONG = ("terminal_soak", "grow", "herd", "many")  # only when named


def main() -> None:
    """Run what was named, or all."""
    for argument in sys.argv[1:] or NAMES:
        name, _, what = argument.partition(":")
        if name not in NAMES + LONG:
            raise SystemExit(f"{name} is not a benchmark: {', '.join(NAMES + LONG)}")
        importlib.import_module(f"benchmarks.{name}").main(*filter(None, [what]))


if __name__ == "__main__":
    main()
