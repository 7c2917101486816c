"""What kind of machine this is, read from its environment, from a fly.toml and from its table of mounts."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from karin.doctor.facts import PlatformFacts

FLY_FILE = "fly.toml"
MOUNTS = Path("/proc/self/mounts")
_OCTAL = re.compile(r"\\([0-7]{3})")  # as a space is written there: proc(5), fstab(5)


def read_platform(
    environ: Mapping[str, str], folder: Path, store_folder: Path | None, mounts: Path = MOUNTS
) -> PlatformFacts:
    """Return the facts; ``store_folder`` is the embedded store's, None when karin does not run its own. Never raises.

    A fly.toml is looked for in ``folder``: on the developer's machine it is there, inside a container it seldom is.
    """
    mount, disk = _mount_of(store_folder, mounts) if store_folder else (None, None)
    return PlatformFacts(
        is_fly_machine="FLY_MACHINE_ID" in environ,
        fly_stops=_fly_stops(folder / FLY_FILE),
        store_disk=disk,
        store_mount=mount,
    )


def _fly_stops(path: Path) -> tuple[tuple[bool, int], ...] | None:
    """Return for each service of a fly.toml whether Fly stops its machines, and how many it keeps."""
    try:
        described = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or none that Fly would take either
        return None
    return tuple(
        (service.get("auto_stop_machines", "off") not in ("off", False), _count(service.get("min_machines_running")))
        for service in _services(described)
    )


def _count(found: object) -> int:
    return found if isinstance(found, int) else 0  # Fly would not take anything else


def _services(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if isinstance(one := described.get("http_service"), dict):
        yield one
    many = described.get("services")
    for service in many if isinstance(many, list) else [many]:
        if isinstance(service, dict):
            yield service


def _mount_of(folder: Path, mounts: Path) -> tuple[str | None, str | None]:
    """Return where the file system of a folder is mounted and of which type it is; None for both off Linux."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None, None
    target = folder.resolve()
    found: tuple[str | None, str | None] = (None, None)
    for line in lines:
        _, written, kind, *_ = line.split(" ")
        point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), written)
        # The last of two mounts on one point hides the first.
        if target.is_relative_to(point) and len(point) >= len(found[0] or ""):
            found = (point, kind)
    return found
