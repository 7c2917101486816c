"""What a reading is given besides the file: the command line, the environment, and where karin will listen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from karin.local.definition import DEFAULT_REGION

DEFAULT_STAGE = "dev"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user chose. None, and an empty account: as the file has it."""

    endpoint_url: str  # of karin's own SQS, for queue URLs
    stage: str | None = None
    region: str | None = None
    account_id: str = ""
    params: Mapping[str, str] = field(default_factory=dict)  # ${param:...}, and a template's Parameters
    options: Mapping[str, str] = field(default_factory=dict)  # ${opt:...}
    imports: Mapping[str, str] = field(default_factory=dict)  # what other stacks export
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def default_region(self) -> str:
        """Return the region for a file that names none."""
        environ = self.environ
        return self.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
