"""Stories: one request after the other to the whole application, from an empty store; each follows from its number.

Some mutate good requests, byte by byte, before or after they are signed. The others make requests from botocore's model
and use again what was answered.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import redis

from karin.sqs.names import QueueId
from karin.store import keys
from tests.fuzz.endpoint import HOST, Endpoint, complaints, cooperative_redis
from tests.fuzz.judging import answers, judge
from tests.fuzz.modelled import Known, Maker
from tests.fuzz.mutation import mutated
from tests.fuzz.spelling import in_json, in_query, written
from tests.fuzz.watch import Watch
from tests.processes import running_store
from tests.support import short_folder
from tests.wire.good_requests import ACTIONS, World, arn, good_request, made_world
from tests.wire.signing import KEY_ID, SECRET, TOKEN, Request, sign

REQUESTS = 60  # of a story
LIMITED = {"SENDER": "send:work*|orders-*", "TAKER": "receive:*", "READER": "read:work", "PART": "all:work|work.fifo"}
KEYS = ",".join([f"{KEY_ID}:{SECRET}", *(f"{key_id}:{SECRET}:{scope}" for key_id, scope in LIMITED.items())])
ODD_LINES = (
    b"SCRIPT_NAME: /a", b"SCRIPT-NAME: /", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip",
    b"Content-Length: 0",
    b"Content-Length: 99999999999", b"Content-Length: 5", b"Expect: 100-continue", b"Expect: x", b"Connection: close",
    b"Upgrade: h2c", b"X-Forwarded-Host: \xe9, b", b"X-Forwarded-Proto: a<b",
    b"X-Forwarded-Prefix: /../%00", b"Host: [",
    b'Host: a b"<', b"X-Amz-Content-Sha256: UNSIGNED-PAYLOAD", b"X-Amz-Target: AmazonSQS.",
    b"Accept: application/json",
    b"X-Amz-Target: AmazonSQS.ListQueues", b"X-Amz-Target: \xff", b"Content-Type: multipart/form-data", b"Date: now",
    b"Content-Encoding: gzip", b"X-Amzn-Trace-Id: " + b"x" * 5_000, b"Origin: http://h", b"Sec-Fetch-Site: cross-site",
    b"Range: bytes=0-1", b"If-None-Match: *", b"Cookie: a=b", b"X-HTTP-Method-Override: DELETE", b'Forwarded: host="',
)  # fmt: skip
GLOBAL_KEYS = {keys.SCHEMA, keys.QUEUES, keys.MOVING, keys.SYNC_ASKED, keys.SCHEDULERS, keys.SNAPSHOT}


@dataclass
class Stage:
    """Where stories are told: endpoints that know nobody, keys, and a token, over one store."""

    open: Endpoint
    keyed: Endpoint
    tokened: Endpoint
    raw: redis.Redis
    heard: list[str]

    def check_after(self) -> None:
        """Assert that the worker serves a plain request, complained of nothing, and left no key of no queue behind."""
        plain = written(Request("POST", "/", {"X-Amz-Target": "AmazonSQS.ListQueues"}, b"{}"))
        (answer,) = answers(self.open.ask(plain))
        assert answer.status == 200, answer
        assert isinstance(judge(answer, "ListQueues", "json"), dict)
        assert not self.heard, self.heard
        found: Any = self.raw.keys("*")
        names: Any = self.raw.zrange(keys.QUEUES, 0, -1)
        allowed = set(GLOBAL_KEYS)
        for name in names:
            allowed |= set(keys.of_queue(QueueId.parse(name)))
        ends = (":sources", ":deleted")  # of a queue that policies still name; and that may not be made anew yet
        strangers = {key for key in found if key not in allowed and not key.endswith(ends)}
        assert not strangers, f"keys of no queue: {strangers}"


@contextmanager
def staged(store_url: str | None = None) -> Iterator[Stage]:
    """Open endpoints in front of a store: a given one, else one of their own."""
    with ExitStack() as stack:
        url = store_url or stack.enter_context(running_store(stack.enter_context(short_folder())))
        stack.enter_context(cooperative_redis())
        raw = redis.Redis.from_url(url, decode_responses=True)
        stack.callback(raw.close)
        doors = [{}, {"KARIN_ACCESS_KEYS": KEYS}, {"KARIN_URL_TOKEN": TOKEN}]
        anyone, keyed, tokened = (stack.enter_context(closing(Endpoint(url, **door))) for door in doors)
        heard = stack.enter_context(complaints())
        yield Stage(anyone, keyed, tokened, raw, heard)


class Failure(AssertionError):  # noqa: N818 - it says what is the case
    """A story went wrong: which request did it, what came back, and what is wrong with that."""


@dataclass(frozen=True)
class Story:
    """A kind of story. ``tell`` yields after each request."""

    name: str
    tell: Callable[[random.Random, Stage, Watch], Iterator[None]]

    def run(self, stage: Stage, seed: int, number: int, watch: Watch) -> None:
        """Tell the story of a number to its end, in an empty store; raises AssertionError."""
        stage.raw.flushall()
        stage.heard.clear()
        for _ in self.tell(random.Random(f"{seed} {self.name} {number}"), stage, watch):
            pass
        stage.check_after()


def _ask(
    endpoint: Endpoint, raw: bytes, watch: Watch, *, action: str | None, protocol: str | None, ends: bool = False
) -> Any:
    """Send a request, judge its answer, and return what botocore reads in it."""
    answer = b""
    try:
        answer = watch.see(lambda: endpoint.ask(raw, ends=ends))
        method = "HEAD" if raw.startswith(b"HEAD ") else "GET"
        found = [judge(one, action, protocol) for one in answers(answer, method)]
        assert ends or len(found) == 1, "one answer for one request"
    except (AssertionError, Exception) as error:
        raise Failure(f"{error!r}\nrequest: {raw[:3000]!r}\nanswer: {answer[:3000]!r}") from error
    return found[0] if found else None


def _mutants(chance: random.Random, stage: Stage, watch: Watch) -> Iterator[None]:
    world = _world(stage)
    seeds: list[bytes] = []
    for _ in range(REQUESTS):
        action = chance.choice(ACTIONS)
        parameters = good_request(action, world)
        request = chance.choice((in_json, in_query))(action, parameters, chance)
        seeds = [*seeds[-20:], request.body or request.target.encode("latin-1")]
        if chance.random() < 0.5:
            raw = written(_signed(_changed(chance, request, seeds), KEY_ID))
            _ask(stage.keyed, raw, watch, action=None, protocol=None)
        else:
            good = written(_signed(request, KEY_ID))
            raw = _with_odd_line(chance, good) if chance.random() < 0.3 else mutated(chance, [good])
            _ask(
                stage.keyed if chance.random() < 0.5 else stage.open, raw, watch, action=None, protocol=None, ends=True
            )
        yield


def _with_odd_line(chance: random.Random, raw: bytes) -> bytes:
    """Return a request with one header more, or with one twice."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    lines.insert(chance.randint(1, len(lines)), chance.choice((*ODD_LINES, *lines[1:])))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _changed(chance: random.Random, request: Request, seeds: list[bytes]) -> Request:
    """Return a request with another body, target or header; it is still to be signed."""
    if request.body and chance.random() < 0.8:
        return request._replace(body=mutated(chance, [request.body, *seeds[-2:]]))
    if chance.random() < 0.5:
        target = mutated(chance, [request.target.encode("latin-1")]).decode("latin-1")
        return request._replace(target="/" + target.lstrip("/")[:7_000])
    if not request.headers:
        return request
    name = chance.choice(list(request.headers))
    value = mutated(chance, [request.headers[name].encode("latin-1")])[:2_000]
    printable = bytes(byte if 32 <= byte < 127 else 46 for byte in value).decode("ascii").strip()
    return request._replace(headers=request.headers | {name: printable})


def _modelled(wildness: float) -> Callable[[random.Random, Stage, Watch], Iterator[None]]:
    def tell(chance: random.Random, stage: Stage, watch: Watch) -> Iterator[None]:
        known = _queues(stage)
        maker = Maker(chance, known, wildness)
        door = chance.choice(("open", "open", "open", "open", "open", "keyed", "limited", "token"))
        for _ in range(REQUESTS):
            action = maker.action()
            request = chance.choice((in_json, in_query))(action, maker.parameters(action), chance)
            protocol = "json" if "X-Amz-Target" in request.headers else "query"
            protocol = "query-json" if "Accept" in request.headers else protocol
            endpoint, request = _through(chance, door, stage, request)
            known.learn(_ask(endpoint, written(request), watch, action=action, protocol=protocol))
            yield

    return tell


def _through(chance: random.Random, door: str, stage: Stage, request: Request) -> tuple[Endpoint, Request]:
    if door == "open":
        return stage.open, request
    if door == "token":
        return stage.tokened, request._replace(target=f"/{TOKEN}{request.target}")
    return stage.keyed, _signed(request, KEY_ID if door == "keyed" else chance.choice((KEY_ID, *LIMITED)))


def _signed(request: Request, key_id: str) -> Request:
    return sign(request, f"http://{HOST}", key_id=key_id, secret=SECRET)


def _world(stage: Stage) -> World:
    return made_world("", lambda action, parameters: _plain(stage, action, parameters))


def _queues(stage: Stage) -> Known:
    """Return what is known of an empty store once it has a few queues."""
    known = Known()
    for name, target in (("dead", ""), ("work", "dead"), ("dead.fifo", ""), ("work.fifo", "dead.fifo")):
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
        if target:
            attributes["RedrivePolicy"] = f'{{"deadLetterTargetArn":"{arn(target)}","maxReceiveCount":2}}'
        known.learn(_plain(stage, "CreateQueue", {"QueueName": name, "Attributes": attributes}))
    return known


def _plain(stage: Stage, action: str, parameters: Any) -> Any:
    """Ask what is always the same; it does not count as an input."""
    raw = written(in_json(action, parameters, random.Random(0)))
    return _ask(stage.open, raw, Watch(), action=action, protocol="json")


STORIES = (
    Story("mutated requests", _mutants),
    Story("modelled requests", _modelled(1.0)),
    Story("sequences of requests", _modelled(0.15)),
)
