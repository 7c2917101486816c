"""Reading .env files: NAME=VALUE lines, as the dotenv package writes and reads them."""

import re
from pathlib import Path

_LINE = re.compile(
    r"^\s*(?:export\s+)?([\w.-]+)\s*=[ \t]*(?:'([^']*)'|\"((?:\\.|[^\"\\])*)\"|([^#\r\n]*?))[ \t]*(?:#.*)?$",
    re.MULTILINE,
)


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a file; none when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return {}
    return {name: single or double.replace("\\n", "\n") or bare for name, single, double, bare in _LINE.findall(text)}
