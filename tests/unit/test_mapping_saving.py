"""What it saves that AWS polls nothing: in requests, and in dollars beyond the million that is free."""

import pytest

from karin.mapping.model import Mapping
from karin.mapping.saving import Saving, monthly_saving


def mapping(state: str = "Disabled", *, served_anyway: bool = False) -> Mapping:
    return Mapping("id", "arn:aws:sqs:us-east-1:123456789012:jobs", "f", state=state, served_anyway=served_anyway)


@pytest.mark.parametrize(
    ("count", "requests", "cents"),
    [(0, 0, 0), (1, 648_000, 0), (2, 1_296_000, 12), (5, 3_240_000, 90), (10, 6_480_000, 219)],
)
def test_idle_mappings_save_requests_and_dollars_beyond_the_first_million(
    count: int, requests: int, cents: int
) -> None:
    saving = monthly_saving([mapping()] * count)
    assert (saving.requests, round(saving.dollars * 100)) == (requests, cents)


def test_what_aws_polls_saves_nothing_whether_karin_serves_it_or_not() -> None:
    assert monthly_saving([mapping("Enabled"), mapping("Enabled", served_anyway=True)]) == Saving(0, 0)
