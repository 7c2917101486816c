"""Draws ratios against the backlog as SVG, a line for each step."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

Lines = dict[str, list[tuple[int, float]]]  # step -> (messages, ratio to the empty store)

PROMISED_RATIO = 1.2
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LABELS = 640, 340, 48, 44, 44, 170
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#7f7f7f", "#17becf")
LABEL_HEIGHT = 14


def draw(kind: str, lines: Lines, path: Path) -> None:
    """Write the picture of one kind of queue; its scale doubles from line to line."""
    highest = max(4, 2 ** math.ceil(math.log2(max(ratio for line in lines.values() for _, ratio in line))))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        "<title>Server time of each step against the backlog, as a ratio to an empty store</title>",
        "<style>text{font:12px sans-serif;fill:#333}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    path.write_text("\n".join([*parts, *_panel(kind, lines, highest), "</svg>\n"]), encoding="utf-8")


def _panel(kind: str, lines: Lines, highest: int) -> list[str]:
    points = [messages for messages, _ in next(iter(lines.values()))]
    right = WIDTH - LABELS
    across = {messages: LEFT + place * (right - LEFT) / (len(points) - 1) for place, messages in enumerate(points)}

    def down(ratio: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - math.log2(2 * ratio) / math.log2(2 * highest))

    parts = [f'<text x="{LEFT}" y="20" font-weight="bold">{kind}: server time, empty store = 1</text>']
    for doublings in range(-1, int(math.log2(highest)) + 1):
        y = down(2**doublings)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{2.0**doublings:g}</text>')
    parts.append(f'<path d="M{LEFT} {down(PROMISED_RATIO):.1f}H{right}" stroke="#333" stroke-dasharray="5 4"/>')
    for messages, x in across.items():
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{messages:,}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">messages in 100 queues</text>')
    for (step, line), colour, label_y in zip(lines.items(), COLOURS, _label_places(lines, down), strict=False):
        corners = " ".join(f"{across[messages]:.1f},{down(ratio):.1f}" for messages, ratio in line)
        parts.append(f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="2"/>')
        text = f"{line[-1][1]:.2f} {step}"
        parts.append(f'<text x="{right + 10}" y="{label_y + 4:.1f}" style="fill:{colour}">{text}</text>')
    return parts


def _label_places(lines: Lines, down: Callable[[float], float]) -> Sequence[float]:
    """Return where each line's label stands: beside its end, pushed down as far as others need room."""
    ends = sorted((down(line[-1][1]), step) for step, line in lines.items())
    lowest = HEIGHT - BOTTOM - LABEL_HEIGHT * (len(ends) - 1)
    places: dict[str, float] = {}
    y = -math.inf
    for count, (wanted, step) in enumerate(ends):
        y = max(y + LABEL_HEIGHT, min(wanted, lowest + LABEL_HEIGHT * count))
        places[step] = y
    return [places[step] for step in lines]
