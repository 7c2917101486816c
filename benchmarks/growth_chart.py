"""Draws ratios against the backlog as SVG: one panel for each kind of queue, a line for each step."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Lines = dict[str, list[tuple[int, float]]]  # step -> (messages, ratio to the empty store)

PROMISED_RATIO = 1.2
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LABELS = 620, 340, 48, 44, 44, 160
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#7f7f7f", "#17becf")
LABEL_HEIGHT = 14


def draw(panels: Mapping[str, Lines], path: Path) -> None:
    """Write the picture."""
    top = max(ratio for lines in panels.values() for line in lines.values() for _, ratio in line)
    highest = max(1.6, math.ceil(top * 5 + 0.5) / 5)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(panels)} {HEIGHT}">',
        "<title>Server time of each step against the backlog, as a ratio to an empty store</title>",
        "<style>text{font:12px sans-serif;fill:#333}</style>",
        f'<rect width="{WIDTH * len(panels)}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for place, (kind, lines) in enumerate(panels.items()):
        parts += [f'<g transform="translate({place * WIDTH} 0)">', *_panel(kind, lines, highest), "</g>"]
    path.write_text("\n".join([*parts, "</svg>\n"]), encoding="utf-8")


def _panel(kind: str, lines: Lines, highest: float) -> list[str]:
    points = [messages for messages, _ in next(iter(lines.values()))]
    right = WIDTH - LABELS
    across = {messages: LEFT + place * (right - LEFT) / (len(points) - 1) for place, messages in enumerate(points)}

    def down(ratio: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - ratio / highest)

    parts = [f'<text x="{LEFT}" y="20" font-weight="bold">{kind}: server time, empty store = 1</text>']
    for tick in range(int(highest / 0.2) + 1):
        y = down(tick / 5)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick / 5:.1f}</text>')
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
