"""All about one thing as lines. Long values are not broken: they are there to be copied."""

from collections.abc import Iterator

from rich.cells import cell_len

from karin.tui.views.listing import Detail, Section

INDENT = "  "


def detail_lines(detail: Detail) -> Iterator[str]:
    """Yield the title, then the sections."""
    yield detail.title
    for section in detail.sections:
        yield ""
        yield from _section_lines(section)


def _section_lines(section: Section) -> Iterator[str]:
    if section.title:
        yield f"{section.title}:" if section.pairs or section.text else section.title
    label_width = max((cell_len(label) for label, _ in section.pairs), default=0)
    for label, value in section.pairs:
        padding = " " * (label_width - cell_len(label))
        first, *others = value.splitlines() or [""]
        yield f"{INDENT}{label}{padding}  {first}".rstrip()
        yield from (f"{INDENT}{' ' * label_width}  {other}".rstrip() for other in others)
    yield from section.text.splitlines()
