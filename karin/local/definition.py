"""What a local deployment consists of: functions, queues and the mappings between them, read from a JSON file.

Names and ranges are AWS's own (Lambda API reference: CreateFunction, CreateEventSourceMapping). Knows nothing of
processes or HTTP.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from karin.sqs.errors import SqsError
from karin.sqs.limits import DELAY_SECONDS
from karin.sqs.names import FIFO_SUFFIX, QueueId
from karin.sqs.queue_attributes import check_attributes, defaults_for

DEFAULT_ACCOUNT_ID = "000000000000"
DEFAULT_REGION = "us-east-1"
LATEST = "$LATEST"

FunctionName = Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
FunctionReference = Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}(:(\$LATEST|[a-zA-Z0-9_-]+))?$")]
QueueName = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)$")]


class DefinitionError(ValueError):
    """A definition is wrong; the message is one line that names the file and what is wrong in it."""


class Cors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which other origins may call a function's URL from a browser; by default as the Serverless Framework has it."""

    origins: tuple[str, ...] = ("*",)
    methods: tuple[str, ...] = ("*",)
    headers: tuple[str, ...] = ("Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key", "X-Amz-Security-Token")
    exposed: tuple[str, ...] = ()
    credentials: bool = False


class FunctionUrl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A function's own URL. Signatures are not asked for here, whatever ``auth_type`` says."""

    auth_type: Literal["NONE", "AWS_IAM"] = "NONE"
    cors: Cors | None = None


class Python(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Python that runs functions; ``awslambdaric`` is where it finds that package when it has none itself."""

    executable: str
    awslambdaric: str = ""


class Function(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A function and where its code lies; ``code`` is relative to the definition file until it has been loaded."""

    name: FunctionName
    runtime: str
    code: str
    handler: str = ""
    environment: dict[str, str] = {}
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=900)] = 3
    memory_mb: Annotated[int, msgspec.Meta(ge=128, le=10_240)] = 128
    url: FunctionUrl | None = None


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A queue and those of its attributes that differ from SQS's defaults, as SQS spells them."""

    name: QueueName
    attributes: dict[str, str] = {}

    @property
    def is_fifo(self) -> bool:
        """Tell whether the queue keeps order; SQS decides that by the name's suffix alone."""
        return self.name.endswith(FIFO_SUFFIX)

    def all_attributes(self) -> dict[str, str]:
        """Return the attributes with SQS's defaults; raises SqsError when one of them is none or out of range."""
        checked = check_attributes(
            self.attributes, fifo=self.is_fifo, creating=True, max_delay_seconds=DELAY_SECONDS[1]
        )
        return defaults_for(fifo=self.is_fifo) | {name: value for name, value in checked.items() if value}


class QueueMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event source mapping; ``function`` is a name, or ``name:alias``. ``enabled`` would mean: AWS polls."""

    queue: str
    function: FunctionReference
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    window_seconds: Annotated[int, msgspec.Meta(ge=0, le=300)] = 0
    max_concurrency: Annotated[int, msgspec.Meta(ge=2, le=1_000)] | None = None
    function_response_types: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    enabled: bool = False


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole local deployment, in one account and region.

    ``sqs_endpoint`` is where the functions' own SDKs find SQS, if anywhere but on AWS; ``python`` runs those written in
    Python, if not the one that runs this.
    """

    functions: tuple[Function, ...] = ()
    queues: tuple[Queue, ...] = ()
    mappings: tuple[QueueMapping, ...] = ()
    account_id: Annotated[str, msgspec.Meta(pattern=r"^\d{12}$")] = DEFAULT_ACCOUNT_ID
    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = DEFAULT_REGION
    sqs_endpoint: str = ""
    python: Python | None = None

    def function(self, name: str) -> Function | None:
        """Return the function of that name, or None."""
        return next((function for function in self.functions if function.name == name), None)

    def queue(self, name: str) -> Queue | None:
        """Return the queue of that name, or None."""
        return next((queue for queue in self.queues if queue.name == name), None)

    def function_arn(self, reference: str) -> str:
        """Return the ARN of a function, given its name or ``name:alias``."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{reference}"

    def queue_arn(self, name: str) -> str:
        """Return the ARN of a queue."""
        return QueueId(self.account_id, name).arn(self.region)


def load_definition(path: Path) -> Definition:
    """Read a definition and make its code directories absolute; raises DefinitionError when it cannot be used."""
    try:
        definition = msgspec.json.decode(path.read_bytes(), type=Definition)
    except OSError as error:
        raise DefinitionError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path}: {error}") from error
    functions = tuple(
        msgspec.structs.replace(function, code=str((path.parent / function.code).resolve()))
        for function in definition.functions
    )
    definition = msgspec.structs.replace(definition, functions=functions)
    for problem in _problems(definition):
        raise DefinitionError(f"{path}: {problem}")
    return definition


def _problems(definition: Definition) -> Iterable[str]:
    """Yield what the types cannot say: doubled names, missing directories, mappings that lead nowhere."""
    yield from _doubled("function", [function.name for function in definition.functions])
    yield from _doubled("queue", [queue.name for queue in definition.queues])
    for function in definition.functions:
        if not Path(function.code).is_dir():
            yield f"function {function.name}: its code directory {function.code} does not exist"
        if function.runtime.startswith("python") and "." not in function.handler:
            yield f"function {function.name}: handler {function.handler!r} is not written module.function"
    for queue in definition.queues:
        try:
            queue.all_attributes()
        except SqsError as error:
            yield f"queue {queue.name}: {error}"
    for mapping in definition.mappings:
        if definition.queue(mapping.queue) is None:
            yield f"a mapping reads queue {mapping.queue!r}, which is not among the queues"
        if definition.function(mapping.function.partition(":")[0]) is None:
            yield f"a mapping calls function {mapping.function!r}, which is not among the functions"
    pairs = [f"{mapping.queue} -> {mapping.function}" for mapping in definition.mappings]
    yield from _doubled("mapping", pairs)


def _doubled(kind: str, names: list[str]) -> Iterable[str]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{kind} {name} is defined twice"
