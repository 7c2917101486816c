"""``python -m audit``: say what is wrong with the dependencies, what was looked at, and what could not be."""

import sys
from concurrent.futures import ThreadPoolExecutor

from audit import rules
from audit.locks import CLIENTS, DEV, NODE, RUNTIME, read_lock
from audit.registry import Index, ask_index, ask_npm


def main() -> int:
    """Print the findings; return 1 if there are any. Silence of a network is none."""
    locked = {one for path in (RUNTIME, DEV, *CLIENTS) for one in read_lock(path)[0]}
    with ThreadPoolExecutor() as pool:
        of_npm = [pool.submit(ask_npm, path.parent) for path in NODE]
        of_index = pool.submit(ask_index, Index(), locked)
        faults = list(rules.faults())
    told = [of_index.result(), *(asked.result() for asked in of_npm)]
    faults += [fault for one in told for fault in one.faults]
    for fault in faults:
        print(f"audit: {fault}", file=sys.stderr)
    seen = [what for one in told for what in one.seen]
    unseen = [what for one in told for what in one.unseen]
    looked = "; ".join(["hashes, requirements, strays and licences", *seen])
    print(f"audit: {'FAULTS' if faults else 'ok'}: {len(locked)} locked packages: {looked}")
    for one in unseen:
        print(f"audit: not looked at: {one}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
