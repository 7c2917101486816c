"""Whether a budget is kept: for a store that is not karin's own, which may turn out to have one, or by the setting."""

from karin.budget.ledger import Ledger
from karin.clock import Clock
from karin.settings import Settings


def open_ledger(settings: Settings, clock: Clock) -> Ledger | None:
    """Return the ledger of a karin; None for its own store without a budget, for which nothing is counted."""
    is_own = settings.store_url == f"unix://{settings.socket_path}"
    if is_own and settings.redis_budget is None:
        return None
    return Ledger(settings.home, settings.redis_budget, clock)
