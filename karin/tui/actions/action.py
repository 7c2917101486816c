"""What an action is, for every front end: a key, a question if it needs one, and the deed. Knows no widget."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import ClassVar

import msgspec

from karin.operations.context import Context
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World


class DeedFailed(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A deed could not be done; the message is one line that says why, and what to do."""


class Field(msgspec.Struct, frozen=True):
    """Something to be typed; ``is_long`` for texts of several lines, ``hint`` stands there while it is empty."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    is_long: bool = False


class Ask(msgspec.Struct, frozen=True):
    """What a person is asked before a deed. Cancelling is the default.

    With ``must_type`` that text has to be typed before the deed is done. ``yes`` names the deed, such as
    ``Delete messages``.
    """

    title: str
    text: str
    yes: str
    fields: tuple[Field, ...] = ()
    must_type: str = ""


class Done(msgspec.Struct, frozen=True):
    """What a deed came to: one line, and details line by line."""

    text: str
    lines: tuple[str, ...] = ()


class Means(msgspec.Struct, frozen=True):
    """What a deed is done with.

    ``karin`` runs one of karin's own commands in a process of its own, given its arguments, and returns what it
    printed; it raises DeedFailed with the one line that it had to say. For what needs boto3: 40 MB that are gone again
    afterwards. What a command printed as JSON is returned whatever its exit code. ``zone`` is the one in which a person
    types times.
    """

    context: Context
    karin: Callable[[Sequence[str]], str]
    zone: tzinfo = UTC


class Action(ABC):
    """One thing a person can do. ``key`` is Textual's name of it; ``label`` one or two words for the footer.

    ``in_footer`` keeps the footer at what is used most. ``changes`` is False for what --readonly allows.
    """

    name: ClassVar[str]
    key: ClassVar[str]
    label: ClassVar[str]
    explanation: ClassVar[str]
    in_footer: ClassVar[bool] = True
    changes: ClassVar[bool] = True
    shows_outcome: ClassVar[bool] = False  # in a dialog that stays until it is closed: there is more than one line

    @abstractmethod
    def applies(self, subject: Subject, world: World) -> bool:
        """Tell whether it can be done to what is under the cursor."""

    @abstractmethod
    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:
        """Return what to ask first; None when it may be done at once."""

    @abstractmethod
    def begin(self, subject: Subject) -> str:
        """Return what is being done while it lasts: ``deleting the messages of orders``."""

    @abstractmethod
    def do(self, means: Means, subject: Subject, answers: Mapping[str, str], world: World) -> Done:
        """Do it; ``answers`` are by the names of fields, and ``world`` is the one that was asked with.

        Raises DeedFailed, SqsError, StoreUnavailable.
        """
