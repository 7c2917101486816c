"""Exports: a file here, or where temporary files are, that only its owner may read; values where rows have words."""

import json
import stat
from pathlib import Path

import msgspec
import pytest

from karin.tui.exporting import CannotExport, export, to_json
from karin.tui.views.all import VIEW_NAMES
from tests.tui import scenes
from tests.tui.fakes import SIZES, Desk
from tests.tui.worlds import NOW_MS

STAMP = "20231114T221320Z"


class Two(msgspec.Struct):
    name: str
    count: int


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, an empty one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where temporary files are, an empty folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(folder))
    return folder


def test_a_file_is_written_here_with_its_instant_in_its_name(here: Path) -> None:
    path = export("queues", [Two("주문", 3)], NOW_MS)
    assert path == here / f"karin-queues-{STAMP}.json"
    assert path.read_text(encoding="utf-8") == '[\n  {\n    "name": "주문",\n    "count": 3\n  }\n]\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_never_written_over(here: Path, elsewhere: Path) -> None:
    first = export("queues", 1, NOW_MS)
    second = export("queues", 2, NOW_MS)
    assert (first.parent, second.parent) == (here, elsewhere)
    assert first.read_text() == "1\n"
    with pytest.raises(CannotExport, match="File exists"):
        export("queues", 3, NOW_MS)
    assert (first.read_text(), second.read_text()) == ("1\n", "2\n")


def test_where_the_folder_takes_no_file_it_goes_where_temporary_files_are(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setattr("pathlib.Path.cwd", lambda: gone)
    gone.rmdir()
    assert export("queues", 1, NOW_MS).parent == elsewhere


def test_where_nothing_can_be_written_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "folder"
    monkeypatch.setattr("pathlib.Path.cwd", lambda: nowhere)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(nowhere))
    with pytest.raises(CannotExport) as caught:
        export("queues", 1, NOW_MS)
    assert str(caught.value) == f"cannot write {nowhere}/karin-queues-{STAMP}.json: No such file or directory"


def test_values_come_back_from_json_as_they_were() -> None:
    values = {"big": 2**60, "none": None, "nested": [{"a": [1, 2]}], "text": "\x1b[31m\u202e\n주문"}
    assert json.loads(to_json(values)) == values


@pytest.mark.parametrize("view", [*VIEW_NAMES, "messages"])
async def test_every_view_is_exported_as_json_that_parses(view: str, here: Path) -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.FAILING if view != "messages" else scenes.BUSY)
        await desk.examines(scenes.FOUND)
        keys = ("1", "j", "enter") if view == "messages" else (str(VIEW_NAMES.index(view) + 1),)
        await pilot.press(*keys, "e")
        await desk.shows("+ wrote ")
    (path,) = here.iterdir()
    assert path.name == f"karin-{view}-{STAMP}.json"
    assert json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", [2, 3, 4, 6, 7, 8])
async def test_a_detail_is_exported_as_it_is_shown(number: int, here: Path) -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.FAILING)
        await desk.examines(scenes.FOUND)
        await pilot.press(str(number), "g", "enter", "e")
        await desk.shows("+ wrote ")
        away, title, *_ = map(str.strip, desk.screen().splitlines())
    assert away == "! no scheduler"
    (path,) = here.iterdir()
    assert json.loads(path.read_text(encoding="utf-8"))["title"] == title


async def test_an_export_that_fails_is_told_and_ends_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pathlib.Path.cwd", lambda: tmp_path / "none")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "none"))
    desk = Desk()
    async with desk.app.run_test(size=SIZES[1]) as pilot:
        await desk.reads(scenes.BUSY)
        await pilot.press("e")
        await desk.shows("x export failed: cannot write ")
        assert desk.app.is_running
