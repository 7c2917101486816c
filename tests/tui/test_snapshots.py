"""What karin-tui shows in each state, compared cell by cell with the pictures in tests/tui/snapshots.

When a change is meant, ``make snapshots`` draws them anew; look at them in a browser before they are committed.
"""

import difflib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.tui.drawing import DRAWINGS, FOLDER, path_of

MOST_BYTES = 1_500_000  # of all pictures together
MOST_LINES = 12  # of a picture's difference, in a report
HOW_TO_GO_ON = "open the files in a browser; if what is new is meant, `make snapshots` keeps it"


@pytest.mark.parametrize("drawing", DRAWINGS)
async def test_it_looks_as_it_did(drawing: str, tmp_path: Path) -> None:
    pictures = await DRAWINGS[drawing]()
    reports = [
        _report(path_of(drawing, name), svg, tmp_path)
        for name, svg in pictures.items()
        if _kept(path_of(drawing, name)) != svg
    ]
    assert not reports, "\n".join([HOW_TO_GO_ON, *reports])
    assert {path_of(drawing, name) for name in pictures} == set((FOLDER / drawing).iterdir())


def test_the_pictures_are_of_what_is_drawn_and_small() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(DRAWINGS)
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.svg")) < MOST_BYTES


def test_a_picture_is_an_svg_that_asks_the_net_for_nothing() -> None:
    for path in FOLDER.rglob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own file
        assert text.replace("http://www.w3.org/2000/svg", "", 1).count("url(") == 0
        assert "href" not in text


def _kept(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _report(path: Path, svg: str, folder: Path) -> str:
    new = folder / path.name
    new.write_text(svg, encoding="utf-8")
    changed = list(difflib.unified_diff(_kept(path).splitlines(), svg.splitlines(), n=0, lineterm=""))[2:]
    return "\n".join([f"{path} differs from {new}:", *changed[:MOST_LINES], *(["…"] if changed[MOST_LINES:] else [])])
