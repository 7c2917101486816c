"""``python -m benchmarks [name ...]``: print the figures, all or some. Each needs a quiet machine."""

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
LONG = ("terminal_soak",)  # only when named


def main() -> None:
    """Run what was named, or all."""
    for name in sys.argv[1:] or NAMES:
        if name not in NAMES + LONG:
            raise SystemExit(f"{name} is not a benchmark: {', '.join(NAMES + LONG)}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
