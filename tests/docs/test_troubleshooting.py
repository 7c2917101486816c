"""docs/troubleshooting.md quotes lines that karin says, and tells of what the doctor finds by its codes."""

import ast
import re
from pathlib import Path

from tests.docs.markdown import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
DOCTOR = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
HOLE = "…"
QUOTED_IN = ("it says", "the reason of a pause")
SPOKEN = re.compile(r"[a-z]+ [a-z]+ ?")  # of what a sender gets, sentences are quoted and codes only named


def said(source: Path) -> set[str]:
    """Return every text of a module, with a hole for what is put in."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=str(text)):
                found.add(text)
            case ast.JoinedStr(values=parts):
                found.add("".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in parts))
    return {re.sub(r"\{\w+\}|%[sd]", HOLE, text).replace("`", "") for text in found}


def quotes() -> list[str]:
    """Return what the page says that karin says."""
    lines = []
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        header, _, *rows = table.splitlines()
        cells = [re.findall(r"`([^`]+)`", row.split(" | ")[0]) for row in rows]
        if header.split("|")[1].strip() in QUOTED_IN:
            lines += [cell[0] for cell in cells]
        elif "error" in header:
            lines += [text for cell in cells for text in cell if SPOKEN.search(text)]
    return lines


def test_every_line_that_is_quoted_is_one_that_karin_says() -> None:
    known = set().union(*map(said, (ROOT / "karin").rglob("*.py")))

    missing = [line for line in quotes() if not any(line in text for text in known)]

    assert len(quotes()) > 30
    assert missing == []


def test_codes_of_the_doctor_are_those_it_has() -> None:
    codes = re.findall(r"doctor(?:'s| says) `([a-z-]+)`", PAGE)

    assert len(codes) > 2
    assert [code for code in codes if f"`{code}`" not in DOCTOR] == []
