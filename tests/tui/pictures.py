"""Pictures of a terminal: what an app shows, as SVG that any browser opens.

Textual's own pictures name a font on the net, and take five times the room: of each line they tell the clipping, of
each text its place in fractions. These have one ``text`` for each run of one style, so that a changed cell is a changed
line of a diff.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from rich.cells import cell_len, split_graphemes
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip

CELL_WIDTH, LINE_HEIGHT, BASELINE = 8, 17, 13  # pixels
FOREGROUND, BACKGROUND = "f", "g"
PALETTE = (
    "#5c5c5c", "#f14c4c", "#23d18b", "#e5c07b", "#5c9cf5", "#d670d6", "#29b8db", "#d4d4d4",
    "#767676", "#ff6e6e", "#50fa9f", "#f5f58a", "#7db4ff", "#f08cf0", "#5fdcf5", "#ffffff",
)  # fmt: skip
"""What a terminal with a dark background makes of its 16 colours."""
SHEET = "".join(
    [
        "text{font:13.29px 'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}",
        f".{FOREGROUND}{{fill:#cccccc}}.{BACKGROUND}{{fill:#1e1e1e}}",
        ".b{font-weight:bold}.d{opacity:.6}.i{font-style:italic}.u{text-decoration:underline}",
        *(f".c{number}{{fill:{colour}}}" for number, colour in enumerate(PALETTE)),
    ]
)


class Run(NamedTuple):
    """A text of one style that begins in a column and is ``width`` cells wide."""

    column: int
    width: int
    text: str
    ink: str  # classes of the sheet
    ground: str


def picture(app: App[Any], lines: list[Strip], title: str) -> str:
    """Draw the lines that an app shows just now."""
    size = app.size
    assert all(line.cell_length == size.width for line in lines), "every line is as wide as the terminal"
    width, height = size.width * CELL_WIDTH, size.height * LINE_HEIGHT
    drawn = [shape for y, line in enumerate(lines) for run in runs(line) for shape in shapes(run, y * LINE_HEIGHT)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" xml:space="preserve">',
            f"<title>{escape(title)}</title>",
            f"<style>{SHEET}</style>",
            f'<rect class="{BACKGROUND}" width="{width}" height="{height}"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def lines_of(app: App[Any]) -> list[Strip]:
    """Return what an app shows just now, screens that lie below a dialog included."""
    update: Any = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    return [Strip.join(strips) for strips in update.strips]


def runs(line: Iterable[Segment]) -> Iterator[Run]:
    """Yield the runs of a line; wide characters are runs of their own, so that each begins where its cell does."""
    gathered: Run | None = None
    for run in _pieces(line):
        if gathered and gathered[3:] == run[3:] and _is_narrow(gathered) and _is_narrow(run):
            gathered = gathered._replace(width=gathered.width + run.width, text=gathered.text + run.text)
        else:
            if gathered:
                yield gathered
            gathered = run
    if gathered:
        yield gathered


def _is_narrow(run: Run) -> bool:
    return run.width == len(run.text)


def _pieces(line: Iterable[Segment]) -> Iterator[Run]:
    """Yield what is of one style, apart what is not plain: each character with what combines with it."""
    column = 0
    for text, style, control in line:
        ink, ground = _ink(style or Style.null()), _ground(style or Style.null())
        spans = [(0, len(text), len(text))] if text.isascii() else split_graphemes(text)[0]
        for start, end, width in [] if control else spans:
            yield Run(column, width, text[start:end], ink, ground)
            column += width


def shapes(run: Run, top: int) -> Iterator[str]:
    """Yield what draws a run in the line that begins at ``top``."""
    x, width = run.column * CELL_WIDTH, run.width * CELL_WIDTH
    if run.ground != BACKGROUND:
        yield f'<rect class="{run.ground}" x="{x}" y="{top}" width="{width}" height="{LINE_HEIGHT}"/>'
    text = run.text.strip(" ")
    is_underlined = "u" in run.ink.split()
    if text or is_underlined:
        shown = run.text if is_underlined else text
        x += 0 if is_underlined else (len(run.text) - len(run.text.lstrip(" "))) * CELL_WIDTH
        length = cell_len(shown) * CELL_WIDTH
        yield f'<text class="{run.ink}" x="{x}" y="{top + BASELINE}" textLength="{length}">{escape(shown)}</text>'


def _ink(style: Style) -> str:
    colour = _colour(style.bgcolor, BACKGROUND) if style.reverse else _colour(style.color, FOREGROUND)
    marks = (("b", style.bold), ("d", style.dim), ("i", style.italic), ("u", style.underline))
    return " ".join([colour, *(mark for mark, is_set in marks if is_set)])


def _ground(style: Style) -> str:
    return _colour(style.color, FOREGROUND) if style.reverse else _colour(style.bgcolor, BACKGROUND)


def _colour(colour: Color | None, default: str) -> str:
    if colour is None or colour.is_default:
        return default
    assert colour.type is ColorType.STANDARD, f"{colour} is none of the terminal's 16 colours"
    assert colour.number is not None
    return f"c{colour.number}"
