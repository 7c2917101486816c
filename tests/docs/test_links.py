"""Every link of every page leads somewhere: to a file of the checkout, and to a heading of it."""

from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, anchors, dead, links, pages


def test_no_link_is_dead() -> None:
    wrong = {str(page): problems for page in pages() if (problems := dead(page))}

    assert wrong == {}


def test_a_missing_file_and_a_missing_heading_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n\n[a](#one) [`b`](#two) [c](none.md) ![d](page.md#one)\n\n```\n[e](not-a-link.md)\n```\n")

    assert dead(page) == ["#two: " + f"{page} has no heading for #two", "none.md: there is no none.md"]


def test_anchors_are_those_of_github() -> None:
    text = "# It's `a` [link](x.md), twice\n## Same\n## Same\n```\n# no heading\n```\n## 3. 한국어로 — here\n"

    assert anchors(text) == {"its-a-link-twice", "same", "same-1", "3-한국어로--here"}


def test_links_in_code_are_none() -> None:
    assert links('`[a](b)` [c](d) <img src="e.svg">') == ["d", "e.svg"]


@pytest.mark.parametrize("page", ["README.md", "docs/README.md", "examples/README.md", "CHANGELOG.md"])
def test_the_pages_that_people_begin_with_are_looked_at(page: str) -> None:
    assert Path(page) in pages()
    assert (ROOT / page).is_file()
