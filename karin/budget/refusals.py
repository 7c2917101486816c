"""What a store says of its plan when it refuses. Its words are Upstash's: "max daily request limit exceeded. Limit:
10000, Usage: 10001", "max requests limit exceeded. Limit: 500000, Usage: 500000", of which the second is of a month.
"""

import re

LONGEST_MONTH_DAYS = 31
_LIMIT = re.compile(r"limit: *(\d{1,15})", re.IGNORECASE)


def told_budget(said: str) -> int | None:
    """Return the commands of a day that a refusal tells; None if it does not."""
    found = _LIMIT.search(said)
    if found is None:
        return None
    limit = int(found[1])
    return (limit if "daily" in said.lower() else limit // LONGEST_MONTH_DAYS) or None
