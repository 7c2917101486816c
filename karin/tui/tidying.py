"""Keeping the memory of a terminal UI that stays open for weeks where it was in its first minute."""

import gc
from typing import Any

from rich.cells import cached_cell_len
from textual._styles_cache import StylesCache
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip

MOST_CACHED = 512  # results: about what a screen full of texts and styles needs

_GROWING: tuple[Any, ...] = (cached_cell_len, Strip.render_ansi, Region.intersection, Region.translate)


def set_apart_what_stays() -> None:
    """Let the garbage collector look no more at modules and classes, a quarter of a million objects.

    It looks at everything only once a quarter more has come than was left the last time: without this, closed dialogs
    and details would add up to megabytes before that.
    """
    gc.collect()
    gc.freeze()
    gc.collect()


def free_closed_screens(app: App[Any]) -> None:
    """Free what screens that were closed took: they are knots of references, and the next one needs as much.

    Textual keeps two things besides. The drawn lines of the last 1,024 widgets, in a cache whose key holds the widget's
    own: 0.2 MB for each dialog that was ever open. And whoever watched a value of the app, until that value changes.
    """
    StylesCache.get_inner_outer.cache_clear()
    for watchers in getattr(app, "__watchers", {}).values():
        watchers[:] = [(node, watch) for node, watch in watchers if not node._closing]  # noqa: SLF001
    gc.collect()


def bound_caches() -> None:
    """Empty those of Rich's and Textual's caches that grow with all that was ever shown.

    They are made for large machines: the widths of 4,096 texts may take 1 MB, the codes of 16,384 styles 8 MB (where
    a text stands is part of its style), and the overlaps of 4,096 regions 1 MB.
    """
    for cache in _GROWING:
        if cache.cache_info().currsize > MOST_CACHED:
            cache.cache_clear()
