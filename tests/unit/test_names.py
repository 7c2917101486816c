"""Queue names, ARNs and URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.names import QueueId, queue_id_from_arn, queue_id_from_url, region_from_arn, validate_queue_name

ACCOUNT = "000000000000"
OTHER = "123456789012"


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 80])
def test_a_good_name_is_accepted(name: str) -> None:
    assert validate_queue_name(name, fifo=False) == name


@pytest.mark.parametrize("name", ["a.fifo", "x" * 75 + ".fifo"])
def test_a_good_name_of_a_fifo_queue_is_accepted(name: str) -> None:
    assert validate_queue_name(name, fifo=True) == name


@pytest.mark.parametrize("name", ["x" * 81, "a b", "a.b", "a.fifo", "a\n", "큐", "/", "a/b", "{a}"], ids=ascii)
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        validate_queue_name(name, fifo=False)
    assert (
        caught.value.message == "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    )


@pytest.mark.parametrize(
    "name", ["a", ".fifo", "a.b.fifo", "a.fifo\n", "a.FIFO", "a.fifo.fifo", "x" * 76 + ".fifo"], ids=ascii
)
def test_a_bad_name_of_a_fifo_queue_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        validate_queue_name(name, fifo=True)
    assert caught.value.message.startswith("The name of a FIFO queue can only include alphanumeric characters,")


@pytest.mark.parametrize("name", [None, ""])
@pytest.mark.parametrize("fifo", [True, False])
def test_a_missing_name_is_refused(name: str | None, fifo: bool) -> None:
    with pytest.raises(InvalidParameterValue):
        validate_queue_name(name, fifo=fifo)


def test_a_queue_is_written_as_account_and_name() -> None:
    queue = QueueId(OTHER, "work.fifo")

    assert str(queue) == f"{OTHER}/work.fifo"
    assert QueueId.parse(str(queue)) == queue
    assert queue.is_fifo
    assert not QueueId(OTHER, "work").is_fifo


@pytest.mark.parametrize("text", ["", "work", f"{OTHER}/"])
def test_other_text_is_no_queue(text: str) -> None:
    with pytest.raises(ValueError, match="is not account/name"):
        QueueId.parse(text)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_an_arn_is_read_in_any_partition(partition: str) -> None:
    assert queue_id_from_arn(f"arn:{partition}:sqs:eu-west-1:{OTHER}:work.fifo") == QueueId(OTHER, "work.fifo")


def test_an_arn_is_read_back() -> None:
    queue = QueueId(OTHER, "work")

    assert queue.arn("eu-west-1") == f"arn:aws:sqs:eu-west-1:{OTHER}:work"
    assert queue_id_from_arn(queue.arn("eu-west-1")) == queue
    assert region_from_arn(queue.arn("eu-west-1")) == "eu-west-1"


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "work",
        f"arn:aws:sns:eu-west-1:{OTHER}:work",
        f"arn:aws:sqs:eu-west-1:{OTHER}:",
        f"arn:aws:sqs:eu-west-1:{OTHER}:a b",
        f"arn:aws:sqs:eu-west-1:{OTHER}:a:b",
        f"arn:aws:sqs::{OTHER}:work",
        "arn:aws:sqs:eu-west-1:1:work",
        f"arn:aws:sqs:eu-west-1:{OTHER}:work\n",
    ],
)
def test_another_arn_names_no_queue(arn: str) -> None:
    assert queue_id_from_arn(arn) is None


def test_the_region_of_what_is_no_arn_is_empty() -> None:
    assert region_from_arn("work") == ""


@pytest.mark.parametrize(
    ("url", "queue"),
    [
        ("work", QueueId(ACCOUNT, "work")),
        ("/work", QueueId(ACCOUNT, "work")),
        (f"https://sqs.eu-west-1.amazonaws.com/{OTHER}/work", QueueId(OTHER, "work")),
        (f"http://localhost:4000/prefix/{OTHER}/work/", QueueId(OTHER, "work")),
        (f"//host/{OTHER}/work", QueueId(OTHER, "work")),
        (f"{OTHER}/work", QueueId(OTHER, "work")),
        (f"{OTHER}/work?x=y#z", QueueId(OTHER, "work")),
        ("https://host/prefix/work", QueueId(ACCOUNT, "work")),
        ("https://host/12345678901/work", QueueId(ACCOUNT, "work")),
        (f"https://host/{OTHER}", QueueId(ACCOUNT, OTHER)),
        (f"https://host/{OTHER}/a%2Db", QueueId(OTHER, "a-b")),
    ],
)
def test_only_the_last_segments_of_a_url_count(url: str, queue: QueueId) -> None:
    assert queue_id_from_url(url, ACCOUNT) == queue


@pytest.mark.parametrize(
    "url", ["", "/", "//", "http://host", "http://host/", "http://[", "http://[::1/x", "http://\u2100/x"], ids=ascii
)
def test_a_url_without_a_path_names_no_queue(url: str) -> None:
    assert queue_id_from_url(url, ACCOUNT) is None


@given(st.text())
def test_any_text_may_be_given_for_a_url(url: str) -> None:
    queue = queue_id_from_url(url, ACCOUNT)

    assert queue is None or queue.name


@given(st.from_regex(r"[A-Za-z0-9_-]{1,80}", fullmatch=True))
def test_every_good_name_is_found_in_its_url(name: str) -> None:
    assert queue_id_from_url(f"http://host/{OTHER}/{name}", ACCOUNT) == QueueId(OTHER, name)
    assert queue_id_from_url(name, ACCOUNT) == QueueId(ACCOUNT, name)
