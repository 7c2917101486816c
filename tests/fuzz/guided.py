"""One target under atheris, as a program: ``python -m tests.fuzz.guided TARGET INPUTS FILE [libFuzzer's options]``."""

import json
import os
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["karin"]):
    from tests.fuzz.campaign import TARGETS
from tests.fuzz.watch import Watch, resident_bytes


def main() -> None:
    """Run until there were so many inputs, and write what was seen of them into the file."""
    name, inputs, told, *options = sys.argv[1:]
    target = next(target for target in TARGETS if target.name == name)
    watch, started = Watch(target.bound_ms), time.monotonic()

    def take(data: bytes) -> None:
        watch.see(lambda: target.give_bytes(data))
        if watch.inputs == int(inputs):
            seen = {
                "inputs": watch.inputs,
                "seconds": time.monotonic() - started,
                "slowest_ms": watch.slowest_ms,
                "before_bytes": watch.before_bytes,
                "after_bytes": resident_bytes(),
            }
            Path(told).write_text(json.dumps(seen), encoding="utf-8")
            os._exit(0)  # libFuzzer knows no other end

    atheris.Setup([sys.argv[0], *options], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
