"""What could not be read: each problem is one line that names file, line and place, and says what to do."""

from types import TracebackType

from karin.local.project.document import Document, Place


class Unresolved(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A value is known only once it has been deployed, or is not what it must be; the message says what to do."""


class Problems:
    """Collects the problems of one reading, each once, in the order in which they were met."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lines: list[str] = []

    def add(self, place: Place, text: str) -> None:
        """Note a problem with a value of the file."""
        line = self._document.line(place)
        where = f"{self._document.path.name}:{line}" if line else self._document.path.name
        problem = f"{where} {written(place)}: {text}" if place else f"{where}: {text}"
        if problem not in self._lines:
            self._lines.append(problem)

    def of(self, place: Place) -> "Noting":
        """Turn what could not be resolved within a block into a problem; the block then ends early."""
        return Noting(self, place)

    def all(self) -> tuple[str, ...]:
        """Return the problems as lines."""
        return tuple(self._lines)


class Noting:
    """A block in which Unresolved becomes a problem."""

    def __init__(self, problems: Problems, place: Place) -> None:
        self._problems = problems
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Unresolved):
            self._problems.add(self._place, str(error))
            return True
        if isinstance(error, RecursionError):
            self._problems.add(self._place, "it refers to itself")
            return True
        return False


def written(place: Place) -> str:
    """Return a place as people write it: ``functions.mailer.events[0].sqs``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
