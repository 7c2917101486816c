"""Counts in mapped files: they outlive their process, add up, and stay within their bounds."""

import logging
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from karin.metrics import tally
from karin.metrics.catalog import COMMANDS, COUNTED, INVOCATIONS, LATENESS, MOST_QUEUES, OTHER_QUEUES, SENT
from karin.metrics.files import FOLDER, clear
from karin.metrics.tally import FILE_BYTES, Tally

COUNTER = """
import sys
from pathlib import Path
from karin.metrics.catalog import SENT
from karin.metrics.tally import Tally
cells = Tally.open(Path(sys.argv[1]), "endpoint").cells(SENT, "orders")
cells[0] += int(sys.argv[2])
print("counted", flush=True)
sys.stdin.read()
"""


def told(home: Path) -> Counter[tuple[str, ...]]:
    """Return what all files count under each metric and its labels, the cells of a histogram added up."""
    found: Counter[tuple[str, ...]] = Counter()
    for metric, labels, cells in tally.read(home):
        found[metric, *labels] += sum(cells)
    return found


def counting(home: Path, number: int) -> "subprocess.Popen[str]":
    """Start a process that counts and stays."""
    running = subprocess.Popen(
        [sys.executable, "-c", COUNTER, str(home), str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "counted\n"
    return running


def test_who_takes_the_place_of_a_killed_process_goes_on_with_its_counts(tmp_path: Path) -> None:
    with counting(tmp_path, 2) as first, counting(tmp_path, 30) as second:
        assert told(tmp_path) == {("karin_messages_sent_total", "orders"): 32}
        first.kill()
        first.wait()
        with counting(tmp_path, 400) as third:
            assert told(tmp_path) == {("karin_messages_sent_total", "orders"): 432}
            third.kill()
        second.kill()
    assert len(list((tmp_path / FOLDER).iterdir())) == 2


def test_queues_beyond_the_bound_are_counted_together(tmp_path: Path) -> None:
    counts = Tally.open(tmp_path, "endpoint")
    for number in range(MOST_QUEUES + 5):
        counts.cells(SENT, f"queue-{number}")[0] += 1
        counts.cells(INVOCATIONS, f"queue-{number}", "succeeded")[0] += 1
    found = told(tmp_path)
    assert found[SENT.name, OTHER_QUEUES] == found[INVOCATIONS.name, OTHER_QUEUES, "succeeded"] == 5
    assert found[SENT.name, f"queue-{MOST_QUEUES - 1}"] == 1
    assert len(found) == 2 * (MOST_QUEUES + 1)


def test_as_many_queues_as_may_be_told_apart_fit_with_the_longest_names(tmp_path: Path) -> None:
    counts = Tally.open(tmp_path, "scheduler")
    for number in range(MOST_QUEUES + 1):
        name = f"{number:080}"
        for outcome in ("succeeded", "function_error", "partial", "throttled", "refused", "unknown", "filtered"):
            counts.cells(INVOCATIONS, name, outcome)[0] += 1
        for metric in COUNTED:
            if metric.labels == ("queue",):
                counts.cells(metric, name)[0] += 1
    found = told(tmp_path)
    assert found[LATENESS.name, OTHER_QUEUES] == 1
    assert found[LATENESS.name, f"{MOST_QUEUES - 1:080}"] == 1


def test_a_file_that_is_full_costs_counts_and_nothing_else(tmp_path: Path) -> None:
    counts = Tally.open(tmp_path, "endpoint")
    for number in range(FILE_BYTES // 32):
        counts.cells(COMMANDS, f"process-{number}")[0] += 1
    assert (tmp_path / FOLDER / "endpoint-0.tally").stat().st_size == FILE_BYTES
    assert 1_000 < len(told(tmp_path)) < FILE_BYTES // 32


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\0" * FILE_BYTES, os.urandom(FILE_BYTES)])
def test_a_file_of_something_else_tells_nothing_and_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "endpoint-0.tally").write_bytes(content)
    assert told(tmp_path) == {}
    Tally.open(tmp_path, "endpoint").cells(SENT, "orders")[0] += 1
    assert told(tmp_path) == {(SENT.name, "orders"): 1}


def test_a_row_that_reaches_beyond_its_file_is_none(tmp_path: Path) -> None:
    Tally.open(tmp_path, "endpoint").cells(SENT, "orders")[0] += 1
    path = tmp_path / FOLDER / "endpoint-0.tally"
    content = bytearray(path.read_bytes())
    content[8:16] = (2**40).to_bytes(8, "little")  # as if all of it were used
    path.write_bytes(content[:60])
    assert sum(told(tmp_path).values()) <= 1


def test_without_a_folder_it_counts_in_vain_and_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FOLDER).write_text("no folder")
    with caplog.at_level(logging.WARNING):
        counts = Tally.open(tmp_path, "endpoint")
    counts.cells(SENT, "orders")[0] += 1
    assert counts.cells(SENT, "orders")[0] == 1
    assert told(tmp_path) == {}
    assert "metrics of the endpoint are not counted" in caplog.text


def test_a_new_karin_begins_at_nothing(tmp_path: Path) -> None:
    clear(tmp_path)
    Tally.open(tmp_path, "endpoint").cells(SENT, "orders")[0] += 1
    clear(tmp_path)
    assert told(tmp_path) == {}


def test_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    Tally.open(tmp_path, "endpoint")
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / FOLDER / "endpoint-0.tally").stat().st_mode & 0o777 == 0o600
