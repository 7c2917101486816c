"""What it saves that karin serves a mapping: AWS's poller asks an idle queue around the clock, and SQS bills it."""

from collections.abc import Iterable
from typing import NamedTuple

from karin.mapping.model import Mapping

IDLE_REQUESTS_A_MONTH = 648_000  # of one idle mapping: 5 pollers, each with 3 long polls a minute, 30 days
POLLING_COST = f"about {IDLE_REQUESTS_A_MONTH:,} billed requests a month"
FREE_REQUESTS_A_MONTH = 1_000_000  # of an account, whatever makes them (Amazon SQS pricing)
DOLLARS_PER_MILLION = 0.40  # standard queues, in most regions (Amazon SQS pricing)


class Saving(NamedTuple):
    """How many requests a month are not made, and what they would have cost if the account made no others."""

    requests: int
    dollars: float


def monthly_saving(mappings: Iterable[Mapping]) -> Saving:
    """Return what is saved with those of the mappings that karin serves and AWS does not poll."""
    idle = sum(mapping.is_served and not mapping.is_delivered_twice for mapping in mappings)
    requests = idle * IDLE_REQUESTS_A_MONTH
    return Saving(requests, max(0, requests - FREE_REQUESTS_A_MONTH) * DOLLARS_PER_MILLION / 1_000_000)
