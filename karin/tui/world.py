"""All that the terminal UI knows at one instant: what was read, frozen. Views turn it into rows, and change nothing.

Each part is None until it is read for the first time, and is read only while something shows it.
"""

from collections.abc import Mapping

import msgspec

from karin.budget.levels import Outlook
from karin.doctor.findings import Finding
from karin.mapping.invocation import Invocation
from karin.mapping.pause import Pause
from karin.operations.status import Status
from karin.parts import Parts
from karin.sqs.names import QueueId
from karin.store.agenda import Agenda
from karin.store.inspect import SeenMessage
from karin.store.inspection import StoreFacts


class QueueMessages(msgspec.Struct, frozen=True):
    """The first messages of a queue, bodies cut; ``has_more`` when others follow, ``problem`` when it is gone."""

    queue: QueueId
    messages: tuple[SeenMessage, ...] = ()
    has_more: bool = False
    problem: str = ""


class OneMessage(msgspec.Struct, frozen=True):
    """One message whole; without it, ``problem`` says why: it was received and deleted, say."""

    queue: QueueId
    message_id: str
    seen: SeenMessage | None = None
    problem: str = ""


class LogLine(msgspec.Struct, frozen=True):
    """A line of karin's log. ``origin`` is the process, ``level`` DEBUG to CRITICAL, INFO where a line tells none."""

    at_ms: int
    origin: str
    level: str
    text: str


class Process(msgspec.Struct, frozen=True):
    """A process of the running karin; ``pss_bytes`` is None where the system does not tell."""

    name: str
    pid: int
    pss_bytes: int | None


class Examination(msgspec.Struct, frozen=True):
    """What the doctor found; it looks only when asked. ``problem`` says why it could not look."""

    is_running: bool
    begun_at_ms: int
    findings: tuple[Finding, ...] = ()
    problem: str = ""


class Spending(msgspec.Struct, frozen=True):
    """How many Redis commands this terminal UI has sent since it began."""

    commands: int
    since_ms: int


class World(msgspec.Struct, frozen=True):
    """Everything. ``logs`` are oldest first; ``logs_problem`` says why there are none, such as on another machine."""

    status: Status | None = None
    pauses: Mapping[str, Pause] = {}
    messages: QueueMessages | None = None
    message: OneMessage | None = None
    invocations: tuple[Invocation, ...] | None = None
    agenda: Agenda | None = None
    logs: tuple[LogLine, ...] | None = None
    logs_problem: str = ""
    examination: Examination | None = None
    store: StoreFacts | None = None
    processes: tuple[Process, ...] | None = None
    karin_started_at_ms: int | None = None
    spending: Spending | None = None
    outlook: Outlook | None = None  # of the commands that this machine may spend today; None: without a budget
    parts: Parts | None = None
