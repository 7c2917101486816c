"""Reading a deployment that real boto3 made in a real control plane, moto's server in a process of its own."""

import json
import socket
from pathlib import Path

import pytest

from karin.aws.catalog import AwsCatalog
from karin.aws.unavailable import CatalogUnavailable
from karin.mapping.advice import mapping_warnings
from karin.mapping.model import LambdaFunction, Mapping
from karin.operations.context import Context
from karin.operations.syncing import sync
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.aws_environ import point_aws_at
from tests.clocks import ManualClock
from tests.system.moto import ACCOUNT, REGION, Deployment, ask_moto, empty

NOW_MS = 1_700_000_000_000


@pytest.fixture
def moto(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Empty the control plane, open it to everyone and point the environment at it."""
    empty(moto_url)
    point_aws_at(monkeypatch, LAMBDA=moto_url, SQS=moto_url, IAM=moto_url)
    return moto_url


def without_url_warning(warnings: tuple[str, ...]) -> list[str]:
    """Return the warnings but for the one that moto earns, which does not list function URLs."""
    return [warning for warning in warnings if not warning.startswith("function URLs: ")]


def test_a_deployment_is_read_as_it_was_made(moto: str) -> None:
    deployment = Deployment()
    function_arn = deployment.function("work", Timeout=7, MemorySize=256)
    queue_arn = deployment.queue("jobs", VisibilityTimeout="42")
    uuid = deployment.mapping(
        queue_arn,
        "work",
        BatchSize=50,
        MaximumBatchingWindowInSeconds=2,
        ScalingConfig={"MaximumConcurrency": 3},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        FilterCriteria={"Filters": [{"Pattern": '{"body":{"kind":["job"]}}'}]},
    )

    snapshot = AwsCatalog().read(NOW_MS, REGION)

    assert (snapshot.synced_at_ms, snapshot.account_id, snapshot.region) == (NOW_MS, ACCOUNT, REGION)
    [found] = snapshot.functions
    assert found.revision
    assert found == LambdaFunction(
        "work", function_arn, "python3.12", 7, 256, "/aws/lambda/work", revision=found.revision
    )
    assert snapshot.mappings == (
        Mapping(
            uuid, queue_arn, function_arn, "Disabled", 50, 2, 3, ("ReportBatchItemFailures",),
            ('{"body":{"kind":["job"]}}',),
        ),
    )  # fmt: skip
    assert snapshot.mappings_of(QueueId(ACCOUNT, "jobs")) == snapshot.mappings
    assert snapshot.queues[0].attributes is not None
    assert snapshot.queues[0].attributes["VisibilityTimeout"] == "42"
    assert snapshot.warnings == ()


def test_a_fifo_queue_and_its_dead_letter_queue_are_taken_over(moto: str, store: Store, clock: ManualClock) -> None:
    deployment = Deployment()
    deployment.function("work")
    dead_arn = deployment.queue("dead.fifo", FifoQueue="true", MessageRetentionPeriod="1209600")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    queue_arn = deployment.queue(
        "jobs.fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="42", RedrivePolicy=policy
    )
    deployment.mapping(queue_arn, "work")
    settings = Settings(home=Path("/nonexistent"), region=REGION)

    report = sync(Context.of(store, clock, settings), AwsCatalog())

    assert without_url_warning(report.warnings) == []
    jobs, dead = QueueId(ACCOUNT, "jobs.fifo"), QueueId(ACCOUNT, "dead.fifo")
    assert store.queues.names() == [dead, jobs]
    assert report.snapshot.mappings_of(jobs)
    assert report.snapshot.mappings_of(dead) == ()
    stored = store.queues.describe(jobs, clock.now_ms()).attributes
    assert (stored["ContentBasedDeduplication"], stored["VisibilityTimeout"]) == ("true", "42")
    assert json.loads(stored["RedrivePolicy"]) == json.loads(policy)
    assert store.queues.describe(dead, clock.now_ms()).attributes["MessageRetentionPeriod"] == "1209600"


def test_a_mapping_that_aws_polls_is_not_served(moto: str) -> None:
    deployment = Deployment()
    deployment.function("work")
    queue_arn = deployment.queue("jobs")
    deployment.mapping(queue_arn, "work", Enabled=True)

    snapshot = AwsCatalog().read(NOW_MS, REGION)

    assert snapshot.mappings_of(QueueId(ACCOUNT, "jobs")) == ()
    [warning] = mapping_warnings(snapshot.mappings)
    assert warning.startswith("mapping jobs -> work: AWS polls this queue itself")


def test_a_large_deployment_is_read_whole(moto: str) -> None:
    deployment = Deployment()
    names = [f"work-{number}" for number in range(60)]
    for name in names:
        deployment.function(name)
    for number in range(110):
        deployment.mapping(deployment.queue(f"jobs-{number}"), names[number % 60])

    snapshot = AwsCatalog().read(NOW_MS, REGION)

    assert sorted(function.name for function in snapshot.functions) == sorted(names)
    assert (len(snapshot.mappings), len(snapshot.queues)) == (110, 110)
    assert all(queue.attributes for queue in snapshot.queues)


def test_function_urls_that_the_control_plane_does_not_list_cost_one_warning(moto: str) -> None:
    deployment = Deployment()
    deployment.function("a")
    deployment.function("b")

    catalog = AwsCatalog()
    functions, warning = catalog.read_urls(catalog.read(NOW_MS, REGION).functions, NOW_MS, REGION)

    assert functions == ()
    assert warning is not None
    assert warning.startswith("function URLs: AWS did not list all of them")
    assert "<" not in warning


def test_a_queue_that_was_deleted_leaves_its_mapping_with_defaults(moto: str) -> None:
    deployment = Deployment()
    deployment.function("work")
    queue_arn = deployment.queue("jobs")
    deployment.mapping(queue_arn, "work")
    deployment.sqs.delete_queue(QueueUrl=deployment.sqs.get_queue_url(QueueName="jobs")["QueueUrl"])

    snapshot = AwsCatalog().read(NOW_MS, REGION)

    assert [queue.attributes for queue in snapshot.queues] == [None]
    [warning] = snapshot.warnings
    assert "deploy the queue or remove its mapping" in warning
    assert warning.endswith("karin uses SQS defaults")


def test_a_queue_that_may_not_be_read_leaves_its_mapping_with_defaults(moto: str) -> None:
    deployment = Deployment()
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work")
    # moto answers the two listings, then it starts to ask for keys that it has issued.
    ask_moto(moto, "reset-auth", b"2")

    snapshot = AwsCatalog().read(NOW_MS, REGION)

    assert [queue.attributes for queue in snapshot.queues] == [None]
    [warning] = snapshot.warnings
    assert warning.startswith(f"queue {ACCOUNT}/jobs: AWS did not tell its attributes (")
    assert "AWS_ACCESS_KEY_ID" in warning


def test_keys_that_aws_does_not_know_make_the_catalog_unavailable(moto: str) -> None:
    ask_moto(moto, "reset-auth", b"0")

    with pytest.raises(CatalogUnavailable, match="ListFunctions in eu-west-1: HTTP 403: check AWS_ACCESS_KEY_ID"):
        AwsCatalog().read(NOW_MS, REGION)


def test_missing_keys_name_the_variables_to_set(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(CatalogUnavailable, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        AwsCatalog().read(NOW_MS, REGION)


def test_an_endpoint_that_does_not_answer_is_named(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", address)

    with pytest.raises(CatalogUnavailable) as caught:
        AwsCatalog().read(NOW_MS, REGION)

    assert f"no answer from {address} (EndpointConnectionError)" in str(caught.value)


def test_an_unreachable_sqs_is_waited_for_only_once(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment()
    deployment.function("work")
    for name in ("a", "b", "c"):
        deployment.mapping(deployment.queue(name), "work")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{unused.getsockname()[1]}")

    snapshot = AwsCatalog().read(NOW_MS, REGION)

    assert [queue.attributes for queue in snapshot.queues] == [None, None, None]
    assert len(snapshot.warnings) == 3
