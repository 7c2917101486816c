"""README.ko.md says in Korean what README.md says: the same links, pictures, commands and figures."""

import re

from tests.docs.markdown import CODE, FENCED, HEADING, ROOT, links

ENGLISH, KOREAN = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))


def blocks(text: str) -> list[str]:
    """Return the blocks of code, but for the diagram."""
    found = [match[0] for match in FENCED.finditer(text)]
    return [block for block in found if not block.startswith("```\n")]


def figures(text: str) -> list[str]:
    """Return the figures of the prose; which of a sentence comes first is the language's affair."""
    prose = re.sub(r"100만", "million", FENCED.sub("", text))
    return sorted(re.findall(r"\$?\d[\d,.]*\d|\$\d", re.sub(r"\]\([^)]*\)", "", prose)))


def test_each_leads_to_the_other() -> None:
    assert "README.ko.md" in links(ENGLISH)
    assert "README.md" in links(KOREAN)


def test_links_and_pictures_are_the_same() -> None:
    def others(text: str) -> list[str]:
        return sorted(link for link in links(text) if not link.startswith("README"))

    assert others(KOREAN) == others(ENGLISH)
    assert len(others(ENGLISH)) > 30


def test_commands_and_code_are_the_same() -> None:
    assert blocks(KOREAN) == blocks(ENGLISH)
    assert {match[0] for match in CODE.finditer(FENCED.sub("", KOREAN))} == {
        match[0] for match in CODE.finditer(FENCED.sub("", ENGLISH))
    }


def test_figures_are_the_same() -> None:
    assert figures(KOREAN) == figures(ENGLISH)
    assert "648,000" in figures(KOREAN)


def test_there_are_as_many_sections_and_rows() -> None:
    for pattern in (HEADING, re.compile(r"^\|", re.MULTILINE), re.compile(r"^- ", re.MULTILINE), FENCED):
        assert len(pattern.findall(KOREAN)) == len(pattern.findall(ENGLISH))
