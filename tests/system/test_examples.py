"""The small examples, each as its README has it: one ``karin dev`` that is given one project after the other."""

import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from karin.local.project.choices import Choices
from karin.local.project.reading import find_file, read_project
from tests.processes import bare_environ, free_port
from tests.support import short_folder, wait_until
from tests.system.dev import EXAMPLES, Dev, begun, command, needs_node

ALL = sorted(path.parent.name for path in EXAMPLES.glob("*/*") if path.name in ("serverless.yml", "template.yaml"))
MONTH_SECONDS = 30 * 24 * 60 * 60
PAUSE = ("--param", "pause=3")  # seconds before the next try, instead of ten
SET_ELSEWHERE = {"SOCKETS_ENDPOINT": "http://127.0.0.1:4003/dev"}  # by what runs beside karin dev


class Running(Dev):
    """A karin dev whose project is another example each time."""

    def show(self, name: str) -> None:
        """Make an example the project, and wait until it runs."""
        said = len(self.printed())
        shutil.copytree(EXAMPLES / name, self.project, dirs_exist_ok=True, ignore=_but_code)
        shutil.copy(EXAMPLES / name / "serverless.yml", self.project)
        new = rf"{name}, stage dev: read again\n(?:  .*\n)*  new: mapping"
        wait_until(lambda: re.search(new, self.printed()[said:]), f"{name} runs", 30)

    def post(self, function: str, body: str) -> dict[str, str]:
        """Send a request to a function's URL; return its answer."""
        base = self.wait_for(r"^  (http://\S+)/reminder-dev-remind/ ->")[1]
        with urllib.request.urlopen(f"{base}/{function}/", body.encode(), timeout=30) as answer:
            assert answer.status == 202
            told: dict[str, str] = json.load(answer)
            return told

    def karin(self, *arguments: str) -> str:
        """Run one of karin's commands as in another terminal; return what it prints."""
        home = self.wait_for(r"export KARIN_HOME=(\S+)")[1]
        done = command(bare_environ(KARIN_HOME=home, HOME=str(self.state)), *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lines_of(self, function: str) -> list[str]:
        """Return what a function has printed until now."""
        return re.findall(rf"^[\d:]{{8}} {function}: (.+)$", self.printed(), re.MULTILINE)


def _but_code(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(name).suffix not in (".py", ".mjs")]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with short_folder() as folder:
        shutil.copytree(EXAMPLES / "reminder", folder / "examples")
        longer = {"KARIN_MAX_DELAY_SECONDS": str(MONTH_SECONDS)}
        made = Running(folder / "examples", folder / "state", folder / "output", free_port(), PAUSE, longer)
        with begun(made):
            yield made


def test_a_reminder_rings_when_it_is_due(running: Running) -> None:
    before_ms = datetime.now(UTC).timestamp() * 1000
    answer = running.post("reminder-dev-remind", '{"text": "tea is ready", "seconds": 1}')
    running.wait_for(r"reminder-dev-ring: reminder: tea is ready$")
    assert datetime.now(UTC).timestamp() * 1000 >= before_ms + 1000
    assert int(answer["due"]) >= before_ms // 1000 + 1


def test_a_trial_is_over_after_thirty_days_or_when_someone_says_so(running: Running) -> None:
    running.show("long-delay")
    now_ms = datetime.now(UTC).timestamp() * 1000
    told = running.post("long-delay-dev-begin", "ann")
    (waiting,) = json.loads(running.karin("messages", "trials-dev", "--json"))["messages"]
    assert waiting["message_id"] == told["id"]
    assert 0 <= waiting["due_at_ms"] - now_ms - MONTH_SECONDS * 1000 < 60_000
    running.karin("reschedule", "trials-dev", told["id"], "--now")
    running.wait_for(r"long-delay-dev-end: the trial of ann is over$")


@needs_node
def test_a_payment_is_tried_three_times_and_paid_once_it_is_redriven(running: Running) -> None:
    running.show("retry")
    running.send("payments-dev", "ann 12.50")
    wait_until(lambda: running.held("payments-dead-dev") == 1, "it is a dead letter", 30)
    tries = re.findall(r"ERROR Invoke Error.*the bank is closed, try (\d) for ann 12\.50", running.printed())
    assert tries == ["1", "2", "3"]
    code = running.project / "charge.mjs"
    code.write_text(code.read_text().replace('BANK = "closed"', 'BANK = "open"'))
    running.karin("redrive", "payments-dead-dev", "--yes")
    running.wait_for(r"retry-dev-charge: charged ann 12\.50$")


@needs_node
def test_of_a_batch_only_what_failed_comes_again(running: Running) -> None:
    running.show("partial-failure")
    sqs = running.sqs
    bodies = ['{"item": "tea"}', '{"item"', '{"item": "milk"}']
    sqs.send_message_batch(
        QueueUrl=sqs.get_queue_url(QueueName="lines-dev")["QueueUrl"],
        Entries=[{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)],
    )
    wait_until(lambda: running.held("lines-dead-dev") == 1, "the broken line is a dead letter", 30)
    assert running.held("lines-dev") == 0
    assert sorted(running.lines_of("partial-failure-dev-import")) == [
        'cannot read {"item"', 'cannot read {"item"', "imported milk", "imported tea",
    ]  # fmt: skip


@needs_node
def test_a_users_changes_come_in_order(running: Running) -> None:
    running.show("per-user")
    for user, body in (("ann", "slow: new picture"), ("ann", "new name"), ("bo", "new address"), ("ann", "new city")):
        running.send("changes-dev.fifo", body, MessageGroupId=user)
    running.wait_for(r"per-user-dev-apply: ann: new city$", 30)
    running.wait_for(r"per-user-dev-apply: bo: new address$")
    applied = running.lines_of("per-user-dev-apply")
    assert [line for line in applied if line.startswith("ann")] == [
        "ann: slow: new picture", "ann: new name", "ann: new city",
    ]  # fmt: skip
    assert len(applied) == 4


def test_the_quickstart_leads_to_a_delayed_message(running: Running) -> None:
    page = (EXAMPLES.parent / "docs" / "quickstart.md").read_text(encoding="utf-8")
    files = re.findall(r"^```\w+\n# (app\.py|serverless\.yml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(files) == 2
    said = len(running.printed())
    for name, text in reversed(files):
        (running.project / name).write_text(text)
    wait_until(lambda: "first, stage dev: read again" in running.printed()[said:], "its project runs", 30)
    assert ", due in 5 s" in running.karin("send", "mails", "hello", "--delay", "5")
    running.wait_for(r"first-dev-mailer: mail: hello$", 30)
    running.wait_for(r"mails -> first-dev-mailer: 1 message, succeeded in")


@pytest.mark.parametrize("name", ALL)
def test_an_example_can_be_run_whole_and_its_readme_names_what_is_there(name: str) -> None:
    choices = Choices("http://127.0.0.1:4000", account_id="000000000000", environ=SET_ELSEWHERE)
    reading = read_project(find_file(EXAMPLES / name), choices)
    assert reading.problems == ()
    assert reading.ignored == (("websocket events",) if name == "broadcast" else ())
    readme = (EXAMPLES / name / "README.md").read_text()
    commands = r"karin (?:send|messages|reschedule|redrive) ([\w.-]+)"
    assert set(re.findall(commands, readme)) <= {queue.name for queue in reading.definition.queues}
    urls = re.findall(r"http://127\.0\.0\.1:4001/([\w-]+)/", readme)
    assert set(urls) <= {function.name for function in reading.definition.functions if function.url}
    assert f"[{name}]({name})" in (EXAMPLES / "README.md").read_text()
