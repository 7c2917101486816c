"""Reading Markdown as GitHub shows it: links, headings and their anchors (https://github.github.com/gfm)."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNSEEN = {"node_modules", "build", "dist"}  # folders of others' pages; hidden ones are left out as well
FENCED = re.compile(r"^( *)(```+|~~~+).*?^\1\2[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
IN_HTML = re.compile(r"<(?:a|img|source)\s[^>]*?(?:href|src|srcset)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:")


def pages() -> list[Path]:
    """Return every Markdown file of the checkout, relative to it."""
    return sorted(_pages(ROOT))


def _pages(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name not in UNSEEN and not path.name.startswith("."):
            yield from _pages(path)
        elif path.suffix == ".md":
            yield path.relative_to(ROOT)


def links(text: str) -> list[str]:
    """Return the targets of all links and pictures, those in code left out."""
    prose = CODE.sub("code", FENCED.sub("", text))
    return [match[1] for pattern in (LINK, IN_HTML) for match in pattern.finditer(prose)]


def anchors(text: str) -> set[str]:
    """Return what may stand behind a # to lead to a heading of a page."""
    seen: Counter[str] = Counter()
    return set(_anchors(FENCED.sub("", text), seen))


def _anchors(text: str, seen: Counter[str]) -> Iterator[str]:
    yield from re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)
    for title in HEADING.findall(text):
        shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1


def dead(page: Path) -> list[str]:
    """Return what is wrong with a page's links: files and anchors that are not there. Nothing is asked of a network."""
    problems = []
    for link in links((ROOT / page).read_text(encoding="utf-8")):
        if OUTSIDE.match(link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists():
            problems.append(f"{link}: there is no {path}")
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target.read_text(encoding="utf-8"))):
            problems.append(f"{link}: {path or page} has no heading for #{anchor}")
    return problems
