"""Reading listings page by page: what is kept of them."""

from typing import Any

import pytest

from karin.aws.catalog import AwsCatalog
from karin.mapping.model import FunctionUrl, LambdaFunction, MappedQueue, Mapping
from tests.unit.aws_catalog.control_plane import (
    ACCOUNT,
    FIRST,
    KMS_KEY,
    MAPPINGS,
    REGION,
    SECOND,
    ControlPlane,
    function,
    function_arn,
    mapping,
    of,
    queue_arn,
    url_entry,
)


def test_pages_are_read_to_the_end_however_short_they_are(aws: ControlPlane) -> None:
    aws.list_functions([function("a"), function("b")], [], [function("c")])
    aws.list_mappings([mapping("1")], [], [mapping("2", "p")], [mapping("3")])

    snapshot = AwsCatalog().read(1_700_000_000_000, REGION)

    assert [found.name for found in snapshot.functions] == ["a", "b", "c"]
    assert [found.uuid for found in snapshot.mappings] == ["1", "2", "3"]
    assert snapshot.queues == tuple(MappedQueue(queue_arn(name), {}, 1_700_000_000_000) for name in "pq")
    assert (snapshot.synced_at_ms, snapshot.region, snapshot.warnings) == (1_700_000_000_000, REGION, ())
    assert not [call for call in aws.calls if "FunctionName=" in call]
    assert len(aws.calls) == 3 + 4 + 2  # a page each, and a queue each: nothing by function


def test_what_karin_needs_is_kept_and_what_it_does_not_know_is_ignored(aws: ControlPlane) -> None:
    aws.list_functions([
        function(
            "f", Runtime="python3.13", Timeout=900, MemorySize=512, LoggingConfig={"LogGroup": "/mine"}, Surprise={},
            RevisionId="r-1", LastModified="2026-01-01T00:00:00.000+0000",
        ),
        function("g", LoggingConfig={"LogFormat": "JSON"}, LastModified="2026-01-02T00:00:00.000+0000"),
    ])  # fmt: skip
    aws.list_mappings([
        mapping(
            "1", FunctionArn=function_arn("f") + ":live", BatchSize=100, MaximumBatchingWindowInSeconds=5,
            ScalingConfig={"MaximumConcurrency": 2}, FunctionResponseTypes=["ReportBatchItemFailures"],
            FilterCriteria={"Filters": [{"Pattern": '{"body":{"a":[1]}}'}, {"Pattern": '{"body":{"b":[1]}}'}]},
            LastModified=1_700_000_000.5, Surprise=[1],
        ),
        mapping("2", ScalingConfig={}, FilterCriteria={}, State="Disabling"),
        mapping("3", EventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"),
        {"UUID": "4", "SelfManagedEventSource": {"Endpoints": {}}, "State": "Enabled"},
    ])  # fmt: skip
    aws.attributes["q"] = 200, {"Attributes": {"VisibilityTimeout": "60", "Surprise": "1"}}

    snapshot = AwsCatalog().read(1, REGION)

    assert snapshot.functions == (
        LambdaFunction("f", function_arn("f"), "python3.13", 900, 512, "/mine", revision="r-1"),
        LambdaFunction("g", function_arn("g"), "", 3, 128, "/aws/lambda/g", revision="2026-01-02T00:00:00.000+0000"),
    )
    assert snapshot.mappings == (
        Mapping(
            "1", queue_arn("q"), function_arn("f") + ":live", "Disabled", 100, 5, 2, ("ReportBatchItemFailures",),
            ('{"body":{"a":[1]}}', '{"body":{"b":[1]}}'),
        ),
        Mapping("2", queue_arn("q"), function_arn("f"), "Disabling"),
    )  # fmt: skip
    assert snapshot.queues == (MappedQueue(queue_arn("q"), {"VisibilityTimeout": "60", "Surprise": "1"}, 1),)
    assert f"{aws.url}/{ACCOUNT}/q" in aws.calls
    assert snapshot.warnings == ()


def test_a_queue_of_another_region_is_kept_as_aws_has_it(aws: ControlPlane) -> None:
    arn = f"arn:aws:sqs:us-west-2:{ACCOUNT}:far"
    aws.list_mappings([mapping("1", EventSourceArn=arn)])

    snapshot = AwsCatalog().read(1, REGION)

    assert (snapshot.region, snapshot.mappings[0].region, snapshot.queues[0].arn) == (REGION, "us-west-2", arn)


def test_the_account_is_the_one_that_owns_most_mapped_queues(aws: ControlPlane) -> None:
    other = "999999999999"
    catalog = AwsCatalog()
    assert catalog.read(1, REGION).account_id == "000000000000"

    aws.list_functions([function("f")])
    assert catalog.read(1, REGION).account_id == ACCOUNT

    aws.list_mappings([
        mapping("1"),
        mapping("2", EventSourceArn=queue_arn("a", other)),
        mapping("3", EventSourceArn=queue_arn("b", other)),
    ])  # fmt: skip
    assert catalog.read(1, REGION).account_id == other


@pytest.mark.parametrize("criteria", [None, {"Filters": [{"Pattern": None}]}])
@pytest.mark.parametrize("refused", [True, False])
def test_filters_that_stay_encrypted_keep_karin_from_delivering(
    aws: ControlPlane, criteria: dict[str, Any] | None, refused: bool
) -> None:
    entry = mapping(FIRST, KMSKeyArn=KMS_KEY, FilterCriteria=criteria)
    aws.list_mappings([entry])
    if refused:
        aws.refuse(f"{MAPPINGS}/{FIRST}", 403, "AccessDeniedException")
    else:
        aws.answers[f"{MAPPINGS}/{FIRST}"] = [
            (200, {**entry, "FilterCriteriaError": {"ErrorCode": "KMSAccessDeniedException"}})
        ]

    snapshot = AwsCatalog().read(1, REGION)

    assert not snapshot.mappings[0].is_served
    assert not snapshot.mappings[0].filters_readable


def test_encrypted_filters_are_read_where_the_key_may_be_used(aws: ControlPlane) -> None:
    entries = [mapping(FIRST, KMSKeyArn=KMS_KEY), mapping(SECOND, KMSKeyArn=KMS_KEY)]
    aws.list_mappings(entries)
    aws.answers[f"{MAPPINGS}/{FIRST}"] = [
        (200, {**entries[0], "FilterCriteria": {"Filters": [{"Pattern": '{"body":["x"]}'}]}})
    ]
    aws.answers[f"{MAPPINGS}/{SECOND}"] = [(200, entries[1])]

    snapshot = AwsCatalog().read(1, REGION)

    assert [found.filters for found in snapshot.mappings] == [('{"body":["x"]}',), ()]
    assert all(found.is_served for found in snapshot.mappings)


def test_urls_are_read_page_by_page_and_by_function(aws: ControlPlane) -> None:
    aws.list_urls("a", [])
    aws.list_urls("b", [url_entry("https://b/")], [], [url_entry("https://live.b/", "AWS_IAM", ":live")])

    functions, warning = AwsCatalog().read_urls([of("a"), of("b")], 7, REGION)

    assert warning is None
    assert [(found.name, found.urls_read_at_ms) for found in functions] == [("a", 7), ("b", 7)]
    assert functions[0].urls == ()
    assert functions[1].urls == (
        FunctionUrl("https://b/", "NONE", function_arn("b")),
        FunctionUrl("https://live.b/", "AWS_IAM", function_arn("b") + ":live"),
    )


def test_a_function_that_was_deleted_since_it_was_listed_is_no_news(aws: ControlPlane) -> None:
    aws.list_urls("b", [])

    functions, warning = AwsCatalog().read_urls([of("a"), of("b")], 7, REGION)

    assert ([found.name for found in functions], warning) == (["b"], None)
