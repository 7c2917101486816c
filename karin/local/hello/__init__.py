"""The function that ``karin demo`` calls: a deployment as small as one can be."""

from pathlib import Path

DEFINITION = Path(__file__).with_name("definition.json")
