"""Writes the tables of docs/metrics.md from karin.metrics.catalog: ``make docs``.

With ``--check`` it writes nothing, and fails when the tables are not what it would write.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from karin.metrics.catalog import COUNTED, SEEN, Metric

PAGE = Path(__file__).parent / "metrics.md"
TABLES = {"counted": COUNTED, "seen": SEEN}


def page(text: str) -> str:
    """Return the page with its tables as they should be."""
    for name, metrics in TABLES.items():
        begin, end = f"<!-- {name}: by make docs -->\n", f"<!-- end of {name} -->\n"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}{_table(metrics)}{end}{after}"
    return text


def _table(metrics: Sequence[Metric]) -> str:
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        bounds = f" Buckets up to {', '.join(f'{bound:g}' for bound in metric.bounds)} s." if metric.bounds else ""
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help}{bounds} |")
    return "\n".join(rows) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with --check tell whether it is up to date."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text)
    if "--check" not in arguments:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if text == wanted:
        return 0
    print("docs/metrics.md is out of date: run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
