"""Who runs when: tests marked ``quiet`` before all others and a few at a time, those marked ``alone`` one by one.

A promise of a time cannot be kept on a machine that many test processes keep busy. Tests that mostly wait keep theirs
beside one another.
"""

import fcntl
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO

import pytest
from xdist.scheduler import LoadGroupScheduling

TESTS = Path(__file__).parent
ALONE, QUIET, BUSY = "alone", "quiet", "busy"
QUIET_GROUPS = 4  # as many run at a time ...
QUIET_TOGETHER = 4  # ... and of a file so many one after the other, which then start only once what they share
# Whose tests mostly wait for real processes, the slowest first; those of all other folders mostly compute.
WAITING = ("clients", "chaos", "faults", "many", "system", "scheduler", "local", "deploy", "container")
# Files that share what is dear to start: one process runs them one after the other.
SHARING = {
    "clients/test_aws_cli.py": "programs",  # an endpoint for each way in
    "clients/test_celery.py": "programs",
    "clients/test_sqs_consumer.py": "programs",
    "clients/test_batches.py": "sdks",  # those as well, and each SDK
    "clients/test_doors.py": "sdks",
    "clients/test_queue_url_host.py": "sdks",
    "clients/test_queues.py": "sdks",
    "clients/test_receiving.py": "sdks",
    "clients/test_sending.py": "sdks",
    "system/test_doctor.py": "moto",
    "system/test_handover.py": "moto",
    "system/test_sync_moto.py": "moto",
    "system/test_inspecting.py": "karin",  # a whole one
    "system/test_redrive.py": "karin",
    "system/test_rescheduling.py": "karin",
    "wire/test_presigned.py": "keys",  # endpoints with keys, with a token, and with both
    "wire/test_signatures.py": "keys",
    "wire/test_strangers_requests.py": "keys",
    "wire/test_url_token.py": "keys",
}
WAITED_UNTIL = 0.85  # of the whole run: no file that takes long may be among the last


def turn_of(item: pytest.Item) -> str:
    """Return which tests may run beside a test: none, those that are quiet as well, or all but those."""
    return next((name for name in (ALONE, QUIET) if item.get_closest_marker(name)), BUSY)


def arrange(items: list[pytest.Item]) -> None:
    """Put those that run alone first, as one group, and the quiet ones next: later each would wait for the others.

    Files that wait and files that compute take turns after that, so that at any time there is something to compute.
    """
    places = _places([*dict.fromkeys(item.path for item in items)])
    turns = {item: turn_of(item) for item in items}
    items.sort(key=lambda item: ((ALONE, QUIET, BUSY).index(turns[item]), places[item.path]))
    before: Counter[Path] = Counter()
    group = 0
    for item in items:
        if turns[item] == ALONE:
            item.add_marker(pytest.mark.xdist_group(ALONE))
        elif turns[item] == QUIET:
            if before[item.path] % QUIET_TOGETHER == 0:
                group = (group + 1) % QUIET_GROUPS
            before[item.path] += 1
            item.add_marker(pytest.mark.xdist_group(f"{QUIET}{group}"))


def _places(files: list[Path]) -> dict[Path, float]:
    """Return where in the run each file has its place, from 0 to 1."""
    folders = {path: path.relative_to(TESTS).parts[0] for path in files}
    waiting = sorted(
        (path for path in files if folders[path] in WAITING), key=lambda path: WAITING.index(folders[path])
    )
    computing = [path for path in files if folders[path] not in WAITING]
    return {
        path: until * number / len(kind)
        for kind, until in ((waiting, WAITED_UNTIL), (computing, 1.0))
        for number, path in enumerate(kind)
    }


class FilesWhole(LoadGroupScheduling):  # type: ignore[misc]
    """Gives each file, or those that share more, to one test process: it starts only once what its tests share."""

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        file = nodeid.partition("::")[0]
        return group if group.startswith((ALONE, QUIET)) else SHARING.get(file.removeprefix("tests/"), file)


class House:
    """What test processes run in: many that are busy or many that are quiet at a time, or one that is alone.

    Whoever waits for others to leave keeps the door shut, so that no other test begins meanwhile: it would wait for
    ever.
    """

    def __init__(self) -> None:
        self._held: IO[str] | None = None

    def enter(self, turn: str) -> None:
        """Wait for the turn of a test; whoever is in already stays."""
        if self._held is not None:
            return
        with _opened("door") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            for other in {BUSY, QUIET} - ({turn} if turn != ALONE else set()):
                with _opened(other) as room:
                    fcntl.flock(room, fcntl.LOCK_EX)  # once nobody is in it; nobody comes while the door is shut
            self._held = _opened(QUIET if turn == ALONE else turn)
            fcntl.flock(self._held, fcntl.LOCK_EX if turn == ALONE else fcntl.LOCK_SH)

    def leave(self) -> None:
        """Let others in."""
        if self._held is not None:
            self._held.close()
            self._held = None


def _opened(name: str) -> IO[str]:
    return Path(tempfile.gettempdir(), f"karin-tests-{os.getuid()}.{name}").open("w")
