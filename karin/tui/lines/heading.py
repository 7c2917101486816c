"""The first lines: is karin alive, where is it, which view is this."""

from collections.abc import Sequence

from rich.cells import cell_len

from karin.operations.wording import relative
from karin.tui.times import Now
from karin.tui.views.fitting import cut
from karin.tui.views.health import health
from karin.tui.views.listing import View
from karin.tui.world import World

BAR = " | "


def heading(world: World, problem: str, place: tuple[str, str], now: Now, width: int) -> list[str]:
    """Return a line on karin, and one on a store that is away; ``place`` is the endpoint's URL and the store's name."""
    url, store = place
    sign = health(world, problem)
    alive = f"{sign.character} {sign.meaning}"
    fullest, *shorter = (
        BAR.join([alive, endpoint, store_name])
        for endpoint, store_name in (
            (f"endpoint {url}", f"store {store}"),
            (url, f"store {store}"),
            (url.partition("://")[2], store),
        )
    )
    fitting = next((line for line in (fullest, *shorter) if cell_len(line) <= width), cut(shorter[-1], width))
    if not problem:
        return [fitting]
    read = f"what follows was read {relative(world.status.now_ms, now.ms)}" if world.status else "nothing was read yet"
    return [fitting, f"x {problem}: {read}; Enter tries again"]


def tabs(views: Sequence[View], current: str) -> str:
    """Return the views with their keys, the current one in brackets."""
    titles = ((view.name, f"{number} {view.title}") for number, view in enumerate(views, 1))
    return " ".join(f"[{title}]" if name == current else title for name, title in titles)
