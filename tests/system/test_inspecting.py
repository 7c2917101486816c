"""``karin messages``, ``invocations`` and ``replay``: as a person reads them, and against a running karin."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from karin.cli.main import main
from karin.cli.printing import width
from karin.clock import SystemClock
from karin.mapping.invocation import Invocation, compress_event, pack_invocation
from karin.mapping.outcome import OutcomeKind
from karin.settings import Settings
from karin.sqs.message import MessageAttribute
from karin.sqs.names import QueueId
from karin.store.inspect import MessageState
from karin.store.store import Store
from tests.processes import bare_environ
from tests.store.support import ACCOUNT, FIFO, QUEUE, claim, create, outgoing, send
from tests.support import wait_until
from tests.system.whole import HANDLER, Karin, definition

HELLO = QueueId(ACCOUNT, "hello")
LONG = QueueId(ACCOUNT, "a-queue-whose-name-is-as-long-as-the-name-of-a-queue-may-be-that-is-80-character")


class Said:
    """What a command printed and how it ended."""

    def __init__(self, exit_code: int, out: str, err: str) -> None:
        self.exit_code, self.out, self.err = exit_code, out, err

    @property
    def json(self) -> Any:
        """Return what was printed as JSON."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """Return the words of each line."""
        return [line.split() for line in self.out.splitlines()]


class CommandLine:
    """The command line in this process."""

    def __init__(self, environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        self._environ = environ
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Said:
        """Run a command."""
        self._capsys.readouterr()
        exit_code = main(arguments, self._environ)
        return Said(exit_code, *self._capsys.readouterr())


@pytest.fixture
def karin_says(
    store_url: str, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Return the command line over the test's store."""
    home = str(tmp_path_factory.mktemp("home"))
    return CommandLine(bare_environ(REDIS_URL=store_url, KARIN_HOME=home), capsys)


@pytest.fixture
def now_ms(store: Store) -> int:
    """Return the instant at which a test begins."""
    return SystemClock().now_ms()


def record(store: Store, started_at_ms: int, id_: str = "11112222-0000", **others: Any) -> Invocation:
    """Record a call that failed, unless said otherwise."""
    facts: dict[str, Any] = {
        "queue": QUEUE,
        "mapping_uuid": "uuid",
        "function_arn": "arn:aws:lambda:us-east-1:000000000000:function:mailer:live",
        "outcome": OutcomeKind.FUNCTION_ERROR,
        "duration_ms": 1_234,
        "lateness_ms": 3,
        "request_id": "r-1",
        "message_ids": ("m-1", "m-2"),
        "attempts": (1, 3),
        "message_count": 2,
        "error_type": "ValueError",
        "error_message": "no \x1b[2J such",
        "log_tail": "START\n\x1b[31mred\x1b[0m\x07\n",
        "compressed_event": compress_event(b'{"Records":[{"messageId":"m-1","price":1.50}]}'),
    }
    one = Invocation(id=id_, started_at_ms=started_at_ms, **facts | others)
    create(store, started_at_ms, one.queue)
    store.messages.settle(one.queue, started_at_ms, [], invocation=pack_invocation(one))
    return one


def test_messages_are_listed_in_columns_that_fit_a_terminal(store: Store, now_ms: int, karin_says: CommandLine) -> None:
    create(store, now_ms, VisibilityTimeout=600)
    send(store, now_ms - 90_000, "taken", group_id="group-" + "x" * 100)
    claim(store, now_ms)
    send(store, now_ms - 65_000, "two\nlines " + "long " * 100)
    send(store, now_ms - 100, "한국어 " * 30, delay_ms=900_000)

    said = karin_says("messages", "work")

    assert said.exit_code == 0
    assert [row[:2] for row in said.rows] == [["DUE", "STATE"], ["1m", "ago"], ["in", "9m"], ["in", "14m"]]
    ready, taken, delayed = said.rows[1:]
    assert (ready[2:4], taken[2:4], delayed[2:4]) == (["ready", "0"], ["leased", "1"], ["delayed", "0"])
    assert (ready[4], taken[4]) == ("1m", "1m")
    assert ready[7:9] == ["two", "lines"]
    assert max(width(line) for line in said.out.splitlines()) == 80


def test_a_long_list_tells_how_to_go_on(store: Store, now_ms: int, karin_says: CommandLine) -> None:
    create(store, now_ms)
    for number in range(5):
        send(store, now_ms + number, str(number))

    said = karin_says("messages", "work", "--limit", "3")
    assert [row[-1] for row in said.rows[1:4]] == ["0", "1", "2"]
    *_, after = said.rows[-1]
    assert said.out.splitlines()[-1].startswith("more: add --after ")
    said = karin_says("messages", "work", "--limit", "3", "--after", after)
    assert [row[-1] for row in said.rows[1:]] == ["3", "4"]
    first = karin_says("messages", "work", "--limit", "4", "--json").json
    rest = karin_says("messages", "work", "--after", first["next"], "--json").json
    assert [one["body_preview"] for one in first["messages"] + rest["messages"]] == ["0", "1", "2", "3", "4"]
    assert rest["next"] is None


def test_a_script_gets_every_field_of_a_message(store: Store, now_ms: int, karin_says: CommandLine) -> None:
    create(store, now_ms, FIFO)
    one = outgoing(now_ms, "x" * 300, group_id="a", deduplication_id="d")
    store.messages.send(FIFO, now_ms, [one])
    claim(store, now_ms, queue=FIFO)

    (facts,) = karin_says("messages", "work.fifo", "--state", "leased", "--json").json["messages"]
    assert facts == {
        "message_id": one.message.message_id,
        "state": "leased",
        "due_at_ms": now_ms + 30_000,
        "receive_count": 1,
        "first_received_at_ms": now_ms,
        "sent_at_ms": now_ms,
        "group_id": "a",
        "sequence_number": None,
        "body_bytes": 300,
        "body_preview": "x" * 256,
    }
    whole = karin_says("messages", "work.fifo", "--id", one.message.message_id[:8], "--json").json
    assert (whole["body"], whole["sequence_number"]) == ("x" * 300, "10000000000000000001")
    assert whole["system_attributes"]["MessageDeduplicationId"] == "d"


def test_one_message_is_shown_whole_with_its_json_on_lines(store: Store, now_ms: int, karin_says: CommandLine) -> None:
    create(store, now_ms)
    attributes = {
        "colour": MessageAttribute("String", string_value="blue"),
        "raw": MessageAttribute("Binary", binary_value=b"\x00\x01"),
    }
    body = '{"price": 1.50, "name": "안녕"}'
    message_id = send(store, now_ms, body, delay_ms=60_000, attributes=attributes, trace_header="Root=1")

    said = karin_says("messages", "work", "--id", message_id[:8])

    assert said.exit_code == 0
    assert '{\n  "price": 1.50,\n  "name": "안녕"\n}' in said.out
    for words in (["id", message_id], ["state", "delayed"], ["tries", "0"], ["AWSTraceHeader", "Root=1"]):
        assert words in said.rows
    for words in (["colour", "blue", "(String)"], ["raw", "2", "bytes", "(Binary)"], ["body,", "33", "bytes:"]):
        assert words in said.rows
    send(store, now_ms, "no JSON {")
    (plain,) = karin_says("messages", "work", "--state", "ready", "--json").json["messages"]
    assert karin_says("messages", "work", "--id", plain["message_id"]).out.endswith("body, 9 bytes:\nno JSON {\n")


def test_invocations_are_listed_in_columns_that_fit_a_terminal(
    store: Store, now_ms: int, karin_says: CommandLine
) -> None:
    record(store, now_ms - 125_000)
    long_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{'f' * 64}:{'alias' * 25}"
    record(store, now_ms - 5_000, "33334444-0000", queue=LONG, function_arn=long_arn, message_count=10_000)
    record(store, now_ms - 60_000, "55556666-0000", outcome=OutcomeKind.SUCCEEDED)

    said = karin_says("invocations")

    assert said.rows[0] == ["WHEN", "QUEUE", "FUNCTION", "MSGS", "OUTCOME", "LATE", "TOOK", "ID"]
    assert [row[-1] for row in said.rows[1:]] == ["33334444", "55556666", "11112222"]
    assert said.rows[3] == ["2m", "ago", "work", "mailer:live", "2", "failed", "3ms", "1.2s", "11112222"]
    assert max(map(width, said.out.splitlines())) == 80
    assert [row[-1] for row in karin_says("invocations", "--failed").rows[1:]] == ["33334444", "11112222"]
    assert [row[-1] for row in karin_says("invocations", "work", "--limit", "1").rows[1:]] == ["55556666"]


def test_one_invocation_is_shown_whole_and_commands_no_terminal(
    store: Store, now_ms: int, karin_says: CommandLine
) -> None:
    one = record(store, now_ms)

    said = karin_says("invocations", "--id", "1111")

    for words in (["id", one.id], ["error", "ValueError:", "no", r"\x1b[2J", "such"], ["request", "id", "r-1"]):
        assert words in said.rows
    assert said.rows[said.rows.index(["messages", "2"]) + 1 :][:2] == [["m-1", "try", "1"], ["m-2", "try", "3"]]
    assert "\nlog tail:\nSTART\nred\\x07\n" in said.out
    assert '"price": 1.50' in said.out
    assert "`karin replay 11112222`" in said.out
    record(store, now_ms, "77778888-0000", message_count=500, compressed_event=b"", outcome=OutcomeKind.SUCCEEDED)
    said = karin_says("invocations", "work", "--id", "7777")
    assert ["and", "498", "more"] in said.rows
    assert "event:\nthere is no event of invocation 77778888-0000 to replay: it was too long to be kept" in said.out


def test_a_script_gets_every_field_of_an_invocation(store: Store, now_ms: int, karin_says: CommandLine) -> None:
    one = record(store, now_ms)
    fields = msgspec.structs.asdict(one) | {"queue": "work", "account": ACCOUNT, "outcome": "function_error"}
    del fields["compressed_event"]
    plain = json.loads(json.dumps(fields))

    assert karin_says("invocations", "--json").json == [plain | {"has_event": True}]
    event = {"Records": [{"messageId": "m-1", "price": 1.5}]}
    assert karin_says("invocations", "--id", "11112222", "--json").json == plain | {"event": event}


def test_where_there_is_nothing_a_person_is_told_what_to_do(store: Store, now_ms: int, karin_says: CommandLine) -> None:
    create(store, now_ms)
    for arguments, words in (
        (("messages", "work"), "no messages in work: `karin send work BODY` sends one"),
        (("messages", "work", "--state", "leased"), "no leased messages in work: `karin messages work` shows all"),
        (("invocations",), "no invocations yet: `karin send` to a mapped queue makes one"),
        (("invocations", "work"), "no invocations of work yet: `karin send` to a mapped queue makes one"),
        (("invocations", "--failed"), "no failed invocations among those that are kept"),
    ):
        said = karin_says(*arguments)
        assert (said.exit_code, said.out) == (0, f"{words}\n")
    assert karin_says("messages", "work", "--json").json == {"messages": [], "next": None}
    assert karin_says("invocations", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("messages", "nowhere"), 1, "there is no queue nowhere"),
        (("messages", "work", "--id", "ffffffff"), 1, "work has none whose id is, or begins with, ffffffff"),
        (("messages", "work", "--id", ""), 1, "too short for an id"),
        (("messages", "work", "--after", "there"), 2, "not a cursor"),
        (("messages", "work", "--limit", "0"), 2, "between 1 and 1000"),
        (("invocations", "nowhere"), 1, "there is no queue nowhere"),
        (("invocations", "--limit", "1001"), 2, "between 1 and 1000"),
        (("invocations", "--id", "ffffffff"), 1, "no invocation that is kept"),
        (("replay", "ffffffff"), 1, "no invocation that is kept"),
        (("replay", "", "--yes"), 1, "too short for an id"),
        (("replay", "1111"), 1, "1111 is ambiguous"),
        (("replay", "11110000", "--yes"), 1, "it was too long to be kept"),
        (("replay", "11112222"), 2, "--yes"),
    ],
)
def test_what_cannot_be_shown_or_replayed_is_said_in_one_line(
    store: Store, now_ms: int, karin_says: CommandLine, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    record(store, now_ms)
    record(store, now_ms, "11110000-0000", compressed_event=b"")

    said = karin_says(*arguments)

    assert (said.exit_code, said.out) == (exit_code, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_what_failed_is_seen_and_works_again_once_the_function_is_mended(
    plain_karin: Karin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    karin, path = plain_karin, definition(tmp_path)
    karin.sqs.set_queue_attributes(QueueUrl="hello", Attributes={"VisibilityTimeout": "600"})
    store = Store.open(Settings(home=karin.home).store_url, max_connections=1)
    karin_says = CommandLine(karin.environ, capsys)
    sent = karin_says("send", "hello", "fail: 안녕", "--json").json
    (failed,) = wait_until(lambda: store.views.invocations([HELLO]), "the call is recorded")

    shown = karin_says("invocations", "--id", failed.id[:8])
    assert (shown.exit_code, shown.err) == (0, "")
    for words in ("ValueError: the body said so", "Traceback", '"body": "fail: 안녕"'):
        assert words in shown.out
    (message,) = store.views.messages(HELLO, SystemClock().now_ms(), most=9).messages
    assert (message.message.message_id, message.state) == (sent["message_id"], MessageState.LEASED)

    again = karin.command("replay", failed.id[:8], "--yes")
    assert again.returncode == 1, again.stderr
    assert "error       ValueError: the body said so" in again.stdout
    assert "\nlog tail:\nSTART RequestId: " in again.stdout

    (tmp_path / "handler.py").write_text(HANDLER.replace("the body said so", "").replace("raise ValueError", "print"))
    karin.redeploy(path)
    mended = karin.command("replay", failed.id, "--yes", "--json")
    assert mended.returncode == 0, mended.stderr
    facts = json.loads(mended.stdout)
    assert (facts["id"], facts["outcome"], facts["failed_ids"]) == (failed.id, "succeeded", [])
    assert "fail: 안녕\n" in facts["log_tail"]

    assert store.views.messages(HELLO, SystemClock().now_ms(), most=9).messages == (message,), "it was not touched"
    assert store.views.invocations([HELLO]) == [failed]
    karin.sqs.purge_queue(QueueUrl="hello")
