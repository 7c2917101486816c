"""Whether karin does its work, in two words: the first thing that every front end says."""

from karin.tui.views.listing import Sign
from karin.tui.world import World


def health(world: World, problem: str | None) -> Sign:
    """Return it as a sign; ``problem`` is why the store cannot be read just now."""
    if problem:
        return Sign("x", "red", "store away")
    if world.status is None:
        return Sign("?", "dim", "connecting")
    count = world.status.schedulers_alive
    if count == 0:
        return Sign("!", "red", "no scheduler")
    return Sign("+", "green", "scheduler alive" if count == 1 else f"{count} schedulers alive")
