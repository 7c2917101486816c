"""Whether karin does its work, in two words: the first thing that every front end says."""

from karin.parts import Parts
from karin.tui.views.listing import Sign
from karin.tui.world import World


def troubles(world: World) -> list[str]:
    """Return what is wrong with karin's parts, each in a few words."""
    parts = world.parts or Parts()
    found = []
    if world.status and world.status.schedulers_alive == 0:
        found.append("no scheduler")
    elif parts.scheduler:  # another one, on another machine, delivers
        found.append(f"scheduler {parts.scheduler}")
    if parts.endpoint:
        found.append(f"endpoint {parts.endpoint}")
    return found


def health(world: World, problem: str | None) -> Sign:
    """Return it as a sign; ``problem`` is why the store cannot be read just now."""
    if problem:
        return Sign("x", "red", "store away")
    if world.status is None:
        return Sign("?", "dim", "connecting")
    count = world.status.schedulers_alive
    wrong = troubles(world)
    if wrong:
        return Sign("!", "red", ", ".join(wrong))
    return Sign("+", "green", "scheduler alive" if count == 1 else f"{count} schedulers alive")
