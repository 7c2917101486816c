"""A child as the loop sees it."""

from karin.supervisor.children import ChildSpec
from karin.supervisor.process import Process, describe_exit
from karin.supervisor.restart import ChildState, Phase, why_beyond_repair


class Child:
    """What a child should be, its history, and its process while there is one."""

    def __init__(self, spec: ChildSpec) -> None:
        """Know a child that has not been started."""
        self.spec = spec
        self.state = ChildState(probed=spec.probe is not None)
        self.process: Process | None = None
        self.last_line = ""

    @property
    def is_up(self) -> bool:
        """Say whether it runs and, if there is a way to tell, answers."""
        return self.state.phase is Phase.RUNNING and (self.state.up or not self.state.probed)

    def why_given_up(self) -> str:
        """Return one line that names the child, how it ended last, why it is not started again, and what it said."""
        how = describe_exit(self.state.exit_status or 0)
        said = f"its last line was: {self.last_line}" if self.last_line else "it wrote nothing"
        return f"{self.spec.name} is beyond repair ({how}): {why_beyond_repair(self.state)}; {said}"
