"""The pages that karin itself shows of functions: no script, nothing from elsewhere, everything escaped."""

import base64
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from urllib.parse import quote

from karin.wsgi.functions.known import Reachable

STYLE = """\
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#667;--line:#dde1e6;--paper:#fff;--link:#0b5fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--soft:#9aa4ae;--line:#333a41;--paper:#15181b;--link:#7fb0ff}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2.5rem 1.25rem;max-width:46rem;font:1rem/1.5 system-ui,sans-serif;\
color:var(--ink);background:var(--paper)}
h1{font-size:1.4rem;margin:0 0 1.5rem}
h2{font-size:.85rem;font-weight:600;color:var(--soft);margin:2rem 0 .25rem}
ul{list-style:none;margin:0;padding:0}
li{padding:.7rem 0;border-bottom:1px solid var(--line)}
a{color:var(--link);text-decoration:none}
a:hover,a:focus{text-decoration:underline}
.name{font-weight:600;overflow-wrap:anywhere}
.url{display:block;color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}
p{margin:.5rem 0;color:var(--soft)}
"""
_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def index(found: Sequence[Reachable]) -> str:
    """Return the list of all functions that have a URL."""
    groups = [
        *_group("Public", "", [one for one in found if one.is_open]),
        *_group(
            "Signed requests only",
            "AWS asks for a signature at these URLs (AWS_IAM). karin does not forward to them.",
            [one for one in found if not one.is_open],
        ),
    ]
    return _page("Functions", groups or ["<p>No function has a URL, as of the last <code>karin sync</code>.</p>"])


def unknown(found: Iterable[Reachable]) -> str:
    """Return what is said of a name that no function has."""
    items = [_item(one) for one in found if one.is_open]
    others = ["<h2>These are there</h2>", "<ul>", *items, "</ul>"] if items else []
    return _page("No such function", ["<p>No function with this name has a URL.</p>", *others])


def sentence(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _page(title, [f"<p>{escape(text)}</p>"])


def _group(title: str, text: str, found: Sequence[Reachable]) -> list[str]:
    if not found:
        return []
    note = [f"<p>{escape(text)}</p>"] if text else []
    return [f"<h2>{escape(title)}</h2>", *note, "<ul>", *map(_item, found), "</ul>"]


def _item(one: Reachable) -> str:
    name, url = escape(one.name), escape(one.url.url)
    if not one.is_open:
        return f'<li><span class="name">{name}</span><span class="url">{url}</span></li>'
    here = f"/f/{quote(one.name, safe=':')}/"
    is_web = one.url.url.startswith(("https://", "http://"))
    there = f'<a class="url" href="{url}">{url}</a>' if is_web else f'<span class="url">{url}</span>'
    return f'<li><a class="name" href="{escape(here)}">{name}</a>{there}</li>'


def _page(title: str, body: Iterable[str]) -> str:
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
    )
    return "\n".join([head, f"<h1>{escape(title)}</h1>", *body, "</body></html>\n"])
