"""Whether a budget is kept: for a store elsewhere, which may turn out to have one, or by the setting."""

import hashlib

from karin.budget.ledger import Ledger
from karin.clock import Clock
from karin.settings import Settings, mask_url

FOLDER = "budget"  # in KARIN_HOME; within it each store has its own, since another one is another plan


def open_ledger(settings: Settings, clock: Clock) -> Ledger | None:
    """Return the ledger of a karin; None for a store on this machine without a budget, for which nothing is counted."""
    if settings.store_url.startswith("unix:") and settings.redis_budget is None:
        return None
    store = hashlib.sha256(mask_url(settings.store_url).encode()).hexdigest()[:12]
    return Ledger(settings.home / FOLDER / store, settings.redis_budget, clock)
