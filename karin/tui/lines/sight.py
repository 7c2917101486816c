"""What a person at a pipe knows of karin: read when it is asked for, and kept while the store is away."""

from msgspec.structs import replace

from karin.store.connection import StoreUnavailable
from karin.tui.actions.action import Means
from karin.tui.reading.examining import examine
from karin.tui.reading.gathering import Cost, Gatherer
from karin.tui.reading.interest import Interest
from karin.tui.world import Spending, World


class Sight:
    """The world as it was read last, and why it could not be read since, empty when it could."""

    def __init__(self, gatherer: Gatherer, means: Means) -> None:
        self.world = World(spending=Spending(0, gatherer.now_ms()))
        self.problem = ""
        self._gatherer = gatherer
        self._means = means

    def now_ms(self) -> int:
        """Return the current instant in ms."""
        return self._gatherer.now_ms()

    def look(self, interest: Interest) -> None:
        """Read the status and what else is worth reading."""
        self.world = self._gatherer.local(self.world, interest)
        self.problem = ""
        try:
            self._take(*self._gatherer.status(self.world, with_deployment=True))
            self._take(*self._gatherer.needed(self.world, interest))
        except StoreUnavailable as error:
            self.problem = str(error)

    def examine(self) -> None:
        """Let the doctor look; it takes some seconds."""
        self.world = replace(self.world, examination=examine(self._means.karin, self.now_ms()))

    def _take(self, world: World, cost: Cost) -> None:
        spent = world.spending or Spending(0, self.now_ms())
        self.world = replace(world, spending=replace(spent, commands=spent.commands + cost))
