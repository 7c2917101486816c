"""Whether a page of another site made a browser send a request: what is open on loopback is so for no such page.

Clients of AWS send none of the headers that tell. Source: "Origin" and "Sec-Fetch-Site" in the Fetch standard.
"""

from urllib.parse import urlsplit

from karin.settings import is_loopback


def sent_by_another_site(origin: str | None, sec_fetch_site: str | None) -> bool:
    """Tell by the two headers, None where a request lacks them, whether a page from elsewhere sent it."""
    if origin is None:
        return sec_fetch_site in ("cross-site", "same-site")
    return not is_loopback(_host_of(origin))


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
