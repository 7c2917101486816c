"""``karin dev`` as people run it: the examples' own files, real processes, real messages."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.processes import bare_environ, free_port
from tests.support import short_folder, wait_until
from tests.system.conftest import is_alive
from tests.system.dev import EXAMPLES, Dev, begun, command, needs_node
from tests.system.whole import children_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose name is short enough for a socket."""
    made = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def dev(folder: Path, request: pytest.FixtureRequest) -> Iterator[Dev]:
    """Give a karin dev for a copy of an example, not yet started; its name and arguments are the test's parameter."""
    name, *arguments = request.param
    shutil.copytree(EXAMPLES / name, folder / name)
    made = Dev(folder / name, folder / "state", folder / "output", free_port(), tuple(arguments))
    yield made
    made.clean_up()
    print(made.printed())  # for whoever looks why a test failed


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[Dev]:
    """Run a karin dev of a shell that is told to ask a proxy, which does not answer."""
    with short_folder() as folder:
        shutil.copytree(EXAMPLES / "sam", folder / "sam")
        proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:1")
        made = Dev(folder / "sam", folder / "state", folder / "output", free_port(), variables=proxy)
        with begun(made):
            yield made


SHOP = ("serverless", "--param", "timeout=1", "--param", "visibility=1")


@needs_node
@pytest.mark.parametrize("dev", [SHOP], indirect=True)
def test_a_serverless_project_runs_with_its_urls_order_filters_and_dead_letters(dev: Dev) -> None:
    dev.start()
    # An order by HTTP goes through the function's own SDK to two queues: one FIFO for Node.js, one for Python.
    found = dev.wait_for(r"^  (http://127\.0\.0\.1:\d+)/shop-dev-shop/ -> shop-dev-shop$")
    connection = http.client.HTTPConnection(urlsplit(found[1]).netloc, timeout=30)
    for item in ("tea", "milk", "sugar"):
        connection.request("POST", "/shop-dev-shop/", json.dumps({"customer": "ann", "item": item}))
        answer = connection.getresponse()
        assert (answer.status, "mail" in json.loads(answer.read())) == (202, True), dev.printed()
    connection.close()
    dev.wait_for(r"^[\d:]{8} shop-dev-mailer: mail from shop@shop\.example to ann: thank you$")
    dev.wait_for(r"shop-dev-orders: ann ordered sugar$")
    assert re.findall(r"shop-dev-orders: ann ordered (\w+)", dev.printed()) == ["tea", "milk", "sugar"]
    dev.wait_for(r"scheduler: shop-orders-dev\.fifo -> shop-dev-orders: \d messages?, succeeded in \d+ ms$")

    # What a filter does not match is gone without a call; what fails too often lies among the dead letters.
    dev.send("shop-ledger-dev", {"price": 99})
    dev.send("shop-ledger-dev", {"price": 120})
    dev.send("shop-mails-dev", "nobody: thank you")
    dev.wait_for(r"shop-dev-accountant: booked 120$")
    assert "booked 99" not in dev.printed()
    wait_until(lambda: dev.held("shop-ledger-dev") == 0, "the filtered message is gone")
    wait_until(lambda: dev.held("shop-undelivered-mails-dev") == 1, "the mail nobody takes is a dead letter", 20)

    # Every queue is there as the file says, mapped or not.
    assert dev.attributes("shop-undelivered-mails-dev")["MessageRetentionPeriod"] == "1209600"
    assert dev.attributes("shop-orders-dev.fifo")["ContentBasedDeduplication"] == "true"
    policy = json.loads(dev.attributes("shop-mails-dev")["RedrivePolicy"])
    assert policy["deadLetterTargetArn"] == "arn:aws:sqs:eu-west-1:000000000000:shop-undelivered-mails-dev"

    assert dev.process is not None
    started = children_of(dev.process.pid)
    assert len(started) == 2
    assert dev.stop() == 0
    assert not [pid for pid in started if is_alive(pid)]


@pytest.mark.parametrize("dev", [SHOP], indirect=True)
def test_what_changes_while_it_runs_is_followed_and_what_waits_survives_a_restart(dev: Dev) -> None:
    file, mailer = dev.project / "serverless.yml", dev.project / "mailer.py"
    dev.start()
    dev.send("shop-mails-dev", "ann: one")
    dev.wait_for(r"mail from shop@shop\.example to ann: one$")
    mailer.write_text(mailer.read_text().replace("mail from", "letter from"))
    file.write_text(file.read_text().replace("SENDER: shop@", "SENDER: till@").replace("1209600", "60"))
    dev.wait_for(r"^  changed: function shop-dev-mailer\n  changed: queue shop-undelivered-mails-dev$")
    wait_until(lambda: dev.attributes("shop-undelivered-mails-dev")["MessageRetentionPeriod"] == "60", "it is changed")
    dev.send("shop-mails-dev", "ann: two")
    dev.wait_for(r"letter from till@shop\.example to ann: two$")

    good = file.read_text()
    file.write_text(good.replace("service: shop", "service: [shop"))
    dev.wait_for(r"serverless\.yml:\d+: is not YAML: .*; the deployment goes on as it was$")
    file.write_text(good.replace("handler: shop.take_order", "handler: nowhere.take_order"))
    dev.wait_for(r"serverless\.yml:\d+ functions\.shop\.handler: there is no nowhere\.py in ")
    dev.send("shop-mails-dev", "ann: three", DelaySeconds=8)  # longer than a busy machine takes to end it all
    assert dev.stop() == 0
    assert "Traceback" not in dev.printed()

    dev.start()
    dev.wait_for(r"letter from till@shop\.example to ann: three$")


@pytest.mark.parametrize("dev", [("sam", "--param", "Greeting=Hi")], indirect=True)
def test_a_sam_template_runs_and_nothing_survives_a_karin_dev_that_is_killed(dev: Dev) -> None:
    template = dev.project / "template.yaml"
    template.write_text(template.read_text().replace("Type: AWS::SQS::Queue\n\n", "Type: AWS::SNS::Topic\n\n", 1))
    dev.start()
    printed = dev.printed()
    assert re.search(
        r"^template\.yaml:\d+ Resources\.Names\.Properties\.RedrivePolicy: Nameless\.Arn", printed, re.MULTILINE
    )
    assert re.search(
        r"^  names-dev    -> Greeter     python3\.11, up to 5, at most 2 at once, filtered$", printed, re.MULTILINE
    )
    assert re.search(r"^  greeted-dev  \(no function\)$", printed, re.MULTILINE)
    dev.send("names-dev", {"name": "Bo"})
    dev.wait_for(r"Greeter: Hi Bo$")
    wait_until(lambda: dev.held("greeted-dev") == 1, "the function's own message is in its queue")

    assert dev.process is not None
    second = subprocess.run(
        [sys.executable, "-m", "karin", "dev", str(dev.project)],
        env=bare_environ(XDG_STATE_HOME=str(dev.state), HOME=str(dev.state)),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert second.returncode == 1
    assert re.fullmatch(r"karin: karin already runs in \S+ \(pid \d+\): stop it, .*\n", second.stderr)

    started = children_of(dev.process.pid)
    started += [pid for child in started for pid in children_of(child)]
    dev.process.kill()
    dev.process.wait()
    wait_until(lambda: not [pid for pid in started if is_alive(pid)], "everything has ended with it", 40)


def test_an_address_that_another_karin_has_is_said_to_be_in_use(behind_proxy: Dev) -> None:
    dev = behind_proxy
    environ = bare_environ(XDG_STATE_HOME=str(dev.state), HOME=str(dev.state))
    shutil.copytree(dev.project, dev.project.with_name("another"))
    refused = command(environ | {"KARIN_BIND": f"127.0.0.1:{dev.port}"}, "dev", str(dev.project.with_name("another")))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"KARIN_BIND=127.0.0.1:{dev.port} is already in use" in refused.stderr


def test_a_proxy_is_not_asked_for_what_runs_here(behind_proxy: Dev) -> None:
    behind_proxy.send("names-dev", {"name": "Al"})
    behind_proxy.wait_for(r"names-dev -> Greeter: 1 message, succeeded")


def test_commands_given_its_home_never_ask_aws_itself(behind_proxy: Dev) -> None:
    """The last one that has it: it ends it."""
    dev = behind_proxy
    elsewhere = bare_environ(XDG_STATE_HOME=str(dev.state), HOME=str(dev.state))
    missed = command(elsewhere, "status")
    assert missed.returncode == 1
    told = re.search(r"for the `karin dev` that runs: `(export KARIN_HOME=(\S+))`\n$", missed.stderr)
    assert told, missed.stderr
    assert f"    {told[1]}\n" in dev.printed()

    # What a shell of someone with an account of AWS has: none of it must be used.
    real = {
        "AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "real", "AWS_REGION": "eu-west-3", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1",
    }  # fmt: skip
    environ = elsewhere | real | {"KARIN_HOME": told[2]}
    found = re.search(r"^    \S*karin (send \S+ hello)$", dev.printed(), re.MULTILINE)
    assert found, dev.printed()
    assert command(environ, *found[1].split()).returncode == 0
    dev.wait_for(r"names-dev -> Greeter: 1 message filtered out$")
    dev.send("names-dev", {"name": "Bo"})
    dev.wait_for(r"names-dev -> Greeter: 1 message, succeeded")
    called = json.loads(command(environ, "invocations", "--json").stdout)
    call = next(one for one in called if one["outcome"] == "succeeded")
    replayed = command(environ, "replay", call["id"], "--yes", "--json")
    assert (replayed.returncode, json.loads(replayed.stdout)["outcome"]) == (0, "succeeded")
    synced = command(environ, "sync")
    assert (synced.returncode, synced.stdout.splitlines()[0]) == (0, "1 function, 1 mapping in us-east-1")
    doctored = command(environ, "doctor", "--json")
    assert doctored.returncode == 0, doctored.stdout
    assert dev.stop() == 0
    assert not (Path(told[2]) / "aws.json").exists()


@pytest.mark.parametrize(
    ("text", "exit_code", "said"),
    [
        (None, 2, r"karin: {folder}: there is neither serverless\.yml nor template\.yaml: name the file"),
        ("a: [", 2, r"karin: {folder}/serverless\.yml:\d+: is not YAML: .*"),
        ("service: a", 2, r"karin: --param b: write NAME=VALUE"),
    ],
)
def test_what_cannot_start_is_one_line(folder: Path, text: str | None, exit_code: int, said: str) -> None:
    if text:
        (folder / "serverless.yml").write_text(text)
    arguments = ["--param", "b"] if text == "service: a" else []
    answered = subprocess.run(
        [sys.executable, "-m", "karin", "dev", str(folder), *arguments],
        env=bare_environ(HOME=str(folder)),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert answered.returncode == exit_code
    assert re.fullmatch(said.replace("{folder}", str(folder)) + r"\n", answered.stderr)
