"""Syncing through a real ``karin sync`` against a real control plane: moto's server in a process of its own."""

from collections.abc import Iterator

import pytest

from karin.operations.context import Context
from karin.sqs.names import QueueId
from karin.tui.actions.action import DeedFailed, Done
from karin.tui.actions.syncing import Sync
from karin.tui.views.listing import Subject
from karin.tui.world import World
from tests.aws_environ import point_aws_at
from tests.processes import bare_environ
from tests.system.moto import ACCOUNT, REGION, Deployment, empty, running_moto
from tests.tui.actions.support import means_of, now_of

SYNC = Sync()


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    with running_moto() as url:
        yield url


@pytest.fixture
def environ(moto_url: str, store_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return an environment in which karin finds the store, and an empty AWS that lets everyone in."""
    empty(moto_url)
    point_aws_at(monkeypatch, LAMBDA=moto_url, SQS=moto_url, IAM=moto_url)
    return bare_environ(
        REDIS_URL=store_url, AWS_REGION=REGION, AWS_ENDPOINT_URL_LAMBDA=moto_url, AWS_ENDPOINT_URL_SQS=moto_url
    )


def sync(context: Context, environ: dict[str, str]) -> Done:
    return SYNC.do(means_of(context, environ), Subject(), {}, World())


def test_it_is_for_everything_and_asks_nothing(context: Context) -> None:
    assert SYNC.applies(Subject(), World())
    assert SYNC.ask(Subject(), World(), now_of(context)) is None


def test_what_changed_is_told_line_by_line(context: Context, environ: dict[str, str]) -> None:
    deployment = Deployment()
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work")

    first, second = sync(context, environ), sync(context, environ)

    assert first.text == second.text == f"1 function, 1 mapping in {REGION}"
    assert first.lines[:2] == ("new: jobs -> work", f"new queue: {ACCOUNT}/jobs")
    assert second.lines[0] == "nothing changed"
    assert all(line.startswith("warning: function URLs") for line in (*first.lines[2:], *second.lines[1:]))
    snapshot = context.store.deployment.snapshot()
    assert snapshot
    assert [mapping.queue for mapping in snapshot.mappings] == [QueueId(ACCOUNT, "jobs")]


def test_an_aws_that_cannot_be_read_is_said_in_one_line(context: Context, environ: dict[str, str]) -> None:
    nowhere = "http://127.0.0.1:9"
    with pytest.raises(DeedFailed) as failed:
        sync(context, environ | {"AWS_ENDPOINT_URL_LAMBDA": nowhere})
    assert f"no answer from {nowhere}" in str(failed.value)
    assert len(str(failed.value).splitlines()) == 1
    assert context.store.deployment.snapshot() is None
