"""What is said when AWS refuses a part of the listings, throttles them, or never ends."""

import pytest
from botocore.retries.standard import ExponentialBackoff

from karin.aws.catalog import AwsCatalog
from karin.aws.unavailable import CatalogUnavailable
from tests.unit.aws_catalog.control_plane import (
    FUNCTIONS,
    MAPPINGS,
    REGION,
    ControlPlane,
    function,
    of,
    refusal,
    url_entry,
    urls_path,
)


def test_function_urls_that_may_not_be_listed_cost_one_warning(aws: ControlPlane) -> None:
    aws.refuse(urls_path("a"), 403, "AccessDeniedException")
    aws.list_urls("b", [url_entry("https://b/")])
    aws.refuse(urls_path("c"), 403, "AccessDeniedException")

    functions, warning = AwsCatalog().read_urls([of("a"), of("b"), of("c")], 7, REGION)

    assert [found.name for found in functions] == ["b"]
    assert warning is not None
    assert "AccessDeniedException: allow lambda:ListFunctionUrlConfigs" in warning


def test_a_throttled_listing_is_tried_again(aws: ControlPlane) -> None:
    aws.list_functions([function("f")])
    aws.throttled = 1

    snapshot = AwsCatalog().read(1, REGION)

    assert [found.name for found in snapshot.functions] == ["f"]


def test_too_many_requests_for_long_end_a_sync_in_one_line(aws: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    aws.throttled = 5

    with pytest.raises(CatalogUnavailable) as caught:
        AwsCatalog().read(1, REGION)

    said = "ListFunctions in eu-west-1: TooManyRequestsException: too many requests, try again in a minute"
    assert str(caught.value) == said
    assert len(aws.calls) == 5


def test_urls_that_are_throttled_are_left_for_the_next_sync(aws: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    aws.throttled = 5

    functions, warning = AwsCatalog().read_urls([of("a"), of("b"), of("c")], 7, REGION)

    assert functions == ()
    assert warning is not None
    assert "TooManyRequestsException" in warning
    assert len(aws.calls) == 5


@pytest.mark.parametrize("path", [FUNCTIONS, MAPPINGS])
@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDeniedException", "AccessDeniedException: allow lambda:List"),
        (403, "UnrecognizedClientException", "renew AWS_ACCESS_KEY_ID"),
        (403, "ExpiredTokenException", "renew AWS_ACCESS_KEY_ID"),
        (400, "InvalidParameterValueException", "InvalidParameterValueException: no"),
    ],
)
def test_a_refused_listing_makes_the_catalog_unavailable(
    aws: ControlPlane, path: str, status: int, code: str, said: str
) -> None:
    aws.list_functions([function("f")])
    aws.refuse(path, status, code)

    with pytest.raises(CatalogUnavailable) as caught:
        AwsCatalog().read(1, REGION)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_listing_refused_on_a_later_page_is_never_a_part_of_a_snapshot(aws: ControlPlane) -> None:
    aws.list_functions([function("f")], [])
    aws.answers[FUNCTIONS][1] = 403, refusal("AccessDeniedException")

    with pytest.raises(CatalogUnavailable, match="ListFunctions in eu-west-1"):
        AwsCatalog().read(1, REGION)


def test_an_endpoint_that_repeats_its_marker_for_ever_is_unavailable(aws: ControlPlane) -> None:
    aws.answers[FUNCTIONS] = [(200, {"Functions": [], "NextMarker": "0"})]

    with pytest.raises(CatalogUnavailable, match="PaginationError"):
        AwsCatalog().read(1, REGION)
