"""karin runs with what it requires: what only a developer has installed is not there for others."""

import json
import subprocess
import sys
from importlib.metadata import distribution, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PARTS = (
    "karin.wsgi.worker", "karin.wsgi.app", "gunicorn.app.wsgiapp", "gunicorn.arbiter", "karin.scheduler.process",
    "karin.aws.invoke", "karin.aws.catalog", "karin.supervisor.main", "karin.tui.launch", "karin.tui.lines.session",
    "karin.cli.demo", "karin.cli.dev", "karin.cli.doctoring", "karin.cli.backing_up", "karin.cli.completing",
    "awslambdaric.bootstrap",
)  # fmt: skip
WITHOUT = """
import importlib, json, sys
from importlib.machinery import PathFinder
absent, parts = map(json.loads, sys.argv[1:])
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *where: None if name.partition(".")[0] in absent else find(name, *where)
for part in parts:
    importlib.import_module(part)
"""


def required() -> set[str]:
    """Return the names of all that comes with karin, without its extras."""
    found: set[tuple[str, str]] = set()
    waiting = [("karin", "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in distribution(name).requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                known = canonicalize_name(wanted.name)
                waiting += [(known, ""), *((known, one) for one in wanted.extras)]
    return {name for name, _ in found}


def test_every_part_starts_without_what_is_not_required() -> None:
    come = required()
    absent = sorted(
        module
        for module, owners in packages_distributions().items()
        if not come & {canonicalize_name(owner) for owner in owners} and not module.startswith("_")
    )
    assert {"pytest", "hatchling"} <= set(absent)

    started = subprocess.run(
        [sys.executable, "-c", WITHOUT, json.dumps(absent), json.dumps(PARTS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (started.returncode, started.stderr) == (0, "")
