"""Records `make demo` in a real terminal, as docs/images/demo.svg: ``python -m docs.make_recording`` (needs tmux).

The picture moves by CSS alone, as fast as the demo does once karin has started. Where that is switched off it shows the
end.
"""

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from rich.console import Console
from rich.text import Text

from tests.tui.pictures import BACKGROUND, CELL_WIDTH, LINE_HEIGHT, SHEET, runs, shapes

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "demo.svg"
COMMAND = "make demo"
COLUMNS, LINES = 80, 12
LOOK_SECONDS = 0.25
START_SECONDS = 2.0  # that starting is shown for, however long it takes
TABLE = "invoked"  # is shown once karin has started
HOLD_SECONDS = 6.0  # how long the end is shown before it begins anew
END_SECONDS = 60
LAST_WORDS = "each was delivered when it was due"
BORDER = 10  # pixels around the text
TITLE = "make demo: two delayed messages reach a local Lambda function, each when it is due"


class Shown(NamedTuple):
    """What one line showed from one instant to another; seconds since the beginning."""

    line: int
    text: str  # with its escape codes
    begin: float
    end: float


def record() -> tuple[list[Shown], float]:
    """Run the demo in a terminal; return what its lines showed, and how long it took."""
    with tempfile.TemporaryDirectory(prefix="karin-") as folder:
        tmux = ["tmux", "-L", Path(folder).name]
        shell = f"PS1='$ ' exec bash --norc --noprofile -c 'read -r; {COMMAND}; read -r'"
        size = ["-x", str(COLUMNS), "-y", str(LINES)]
        subprocess.run([*tmux, "-f", "/dev/null", "new-session", "-d", *size, "-c", str(ROOT), shell], check=True)
        subprocess.run([*tmux, "set", "-g", "status", "off"], check=True)
        try:
            return _watch(tmux)
        finally:
            subprocess.run([*tmux, "kill-server"], check=True)


def _watch(tmux: Sequence[str]) -> tuple[list[Shown], float]:
    lines: dict[int, list[Shown]] = {number: [] for number in range(LINES)}
    pause, began, now, screen = threading.Event(), time.monotonic(), 0.0, ""
    subprocess.run([*tmux, "send-keys", "Enter"], check=True)
    while LAST_WORDS not in screen:
        pause.wait(LOOK_SECONDS)
        now = time.monotonic() - began
        if now > END_SECONDS:
            raise SystemExit(f"the demo did not end as it should:\n{screen}")
        screen = subprocess.run([*tmux, "capture-pane", "-e", "-p"], capture_output=True, text=True, check=True).stdout
        for number, text in enumerate([f"\x1b[1m$ {COMMAND}\x1b[0m", *screen.splitlines()[1:]]):
            seen = lines[number]
            if seen and seen[-1].text == text:
                continue
            if seen:
                seen[-1] = seen[-1]._replace(end=now)
            seen.append(Shown(number, text, now if seen else 0.0, 0.0))
    shown = [one._replace(end=one.end or now + HOLD_SECONDS) for seen in lines.values() for one in seen]
    started = next(one.begin for one in shown if TABLE in one.text)

    def told(at: float) -> float:
        return at * START_SECONDS / started if at < started else at - started + START_SECONDS

    shortened = [one._replace(begin=told(one.begin), end=told(one.end)) for one in shown if one.text.strip()]
    return shortened, told(now)


def svg(seen: Sequence[Shown], took: float) -> str:
    """Draw what was seen."""
    total = took + HOLD_SECONDS
    used = 1 + max(one.line for one in seen)
    width, height = COLUMNS * CELL_WIDTH + 2 * BORDER, used * LINE_HEIGHT + 2 * BORDER
    rules, drawn = [], []
    for number, one in enumerate(seen):
        is_last = one.end >= total
        is_always = is_last and one.begin == 0
        mark = "" if is_always else f' class="k{number}"'
        if not is_always:
            rules.append(_rule(number, one, total, is_last=is_last))
        drawn.append(f"<g{mark}>{''.join(_line(one.text, BORDER + one.line * LINE_HEIGHT))}</g>")
    calm = "@media (prefers-reduced-motion:reduce){g{animation:none!important}}"
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
                f' viewBox="0 0 {width} {height}" xml:space="preserve">'
            ),
            f"<title>{escape(TITLE)}</title>",
            f"<style>{SHEET}",
            *rules,
            f"{calm}</style>",
            f'<rect class="{BACKGROUND}" width="{width}" height="{height}" rx="6"/>',
            f'<g transform="translate({BORDER} 0)">',
            *drawn,
            "</g>",
            "</svg>\n",
        ]
    )


def _rule(number: int, one: Shown, total: float, *, is_last: bool) -> str:
    begin, end = 100 * one.begin / total, 100 * one.end / total
    steps = [(0.0, "hidden"), (begin, "visible")] if begin else [(0.0, "visible")]
    steps += [] if is_last else [(end, "hidden")]
    frames = "".join(f"{at:.2f}%{{visibility:{how}}}" for at, how in [*steps, (100.0, steps[-1][1])])
    still = "visible" if is_last else "hidden"
    return (
        f".k{number}{{visibility:{still};animation:k{number} {total:.2f}s step-end infinite}}"
        f"@keyframes k{number}{{{frames}}}"
    )


def _line(text: str, top: int) -> Iterator[str]:
    console = Console(width=COLUMNS, color_system="standard", force_terminal=True)
    for run in runs(segment for segment in Text.from_ansi(text).render(console) if segment.text != "\n"):
        yield from shapes(run, top)


def main() -> None:
    """Record and draw."""
    seen, took = record()
    PICTURE.write_text(svg(seen, took), encoding="utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: {took:.1f} s, {len(seen)} lines, {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
