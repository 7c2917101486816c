"""Lock files as they are written: which versions, with which hashes, and nothing that leads elsewhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUNTIME, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
CLIENTS = tuple(sorted((ROOT / "tests" / "clients").glob("*.lock")))
# Of the JavaScript clients that the tests drive, and of the example that has packages of its own.
NODE = tuple(ROOT / folder / "package-lock.json" for folder in ("tests/clients/node", "examples/broadcast"))
_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)( ; [^\\]+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Locked(NamedTuple):
    """One package of a lock file."""

    name: str
    version: str
    hashes: frozenset[str]  # SHA-256, hexadecimal


def read_lock(path: Path) -> tuple[list[Locked], list[str]]:
    """Return the packages of a requirements file, and what is wrong with it."""
    entries, faults = [], []
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        text, *hashes = line.split(" --hash=") if line.strip() else ("",)
        if not text:
            continue
        found = _ENTRY.fullmatch(text.strip())
        if not found or not all(_HASH.fullmatch(f"--hash={one.strip()}") for one in hashes):
            faults.append(f"{path.name}: {line.strip()[:80]!r} is no name==version with hashes")
            continue
        if not hashes:
            faults.append(f"{path.name}: {found['name']} has no hash")
        digests = frozenset(one.strip().removeprefix("sha256:") for one in hashes)
        entries.append(Locked(canonicalize_name(found["name"]), found["version"], digests))
    return entries, faults


def node_faults(path: Path) -> Iterator[str]:
    """Yield what is wrong with a lock file of npm; its integrity is a hash, and ``resolved`` an address."""
    for place, package in json.loads(path.read_text(encoding="utf-8"))["packages"].items():
        if place and not str(package.get("integrity", "")).startswith("sha512-"):
            yield f"{path.name}: {place} has no hash"
        if "resolved" in package:
            yield f"{path.name}: {place} names an address"
