"""What a person should know about the mappings of a deployment: each warning says what happens and what to do."""

from collections.abc import Iterable, Iterator

from karin.mapping.changes import title
from karin.mapping.model import IDLE_STATES, POLLING_STATES, Mapping
from karin.mapping.saving import POLLING_COST


def mapping_warnings(mappings: Iterable[Mapping]) -> Iterator[str]:
    """Yield a sentence for everything that keeps karin from delivering for a mapping as its owner expects."""
    for mapping in mappings:
        subject = f"mapping {title(mapping)}"
        if mapping.state in POLLING_STATES:
            polling = f"{subject}: AWS polls this queue itself ({mapping.state}): {POLLING_COST}"
            if mapping.served_anyway:
                yield (
                    f"{polling}; karin delivers for it all the same, as you said: what is sent to both is delivered"
                    f" twice; `karin serve {mapping.queue.name} --undo` ends that"
                )
            else:
                yield (
                    f"{polling}, and what is sent to both would be delivered twice; karin leaves it alone: deploy it"
                    f" with enabled: false, or say `karin serve {mapping.queue.name}`"
                )
        elif mapping.state not in IDLE_STATES and not mapping.served_anyway:
            yield (
                f"{subject}: AWS is changing it (state {mapping.state});"
                " karin delivers for it once it is Disabled: sync again then"
            )
        if not mapping.filters_readable:
            yield (
                f"{subject}: its filters are encrypted and karin cannot read them, so it delivers nothing for it:"
                " allow lambda:GetEventSourceMapping and kms:Decrypt on its key"
            )
        elif mapping.filter_fault:
            yield (
                f"{subject}: a filter is invalid ({mapping.filter_fault}), so karin delivers nothing for it: correct it"
                " and deploy it again"
            )
