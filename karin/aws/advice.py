"""What a person should know about the mappings of a deployment: each warning says what happens and what to do."""

from collections.abc import Iterable, Iterator

from karin.mapping.model import IDLE_STATES, POLLING_STATES, Mapping


def mapping_warnings(mappings: Iterable[Mapping]) -> Iterator[str]:
    """Yield a sentence for everything that keeps karin from delivering for a mapping as its owner expects."""
    for mapping in mappings:
        subject = f"mapping {mapping.queue.name} -> {mapping.function_name}"
        if mapping.state in POLLING_STATES:
            yield (
                f"{subject}: AWS polls this queue itself ({mapping.state}): about 648,000 billed requests a month,"
                " and what is sent to both is delivered twice; karin leaves it alone: deploy it with enabled: false"
            )
        elif mapping.state not in IDLE_STATES:
            yield (
                f"{subject}: AWS is changing it (state {mapping.state});"
                " karin delivers for it once it is Disabled: sync again then"
            )
        if not mapping.filters_readable:
            yield (
                f"{subject}: its filters are encrypted and karin cannot read them, so it delivers nothing for it:"
                " allow lambda:GetEventSourceMapping and kms:Decrypt on its key"
            )
        if mapping.filters:
            yield f"{subject}: karin does not apply filters yet and delivers nothing for it: enable it in AWS"
        if mapping.max_concurrency is not None:
            yield f"{subject}: its MaximumConcurrency of {mapping.max_concurrency} is not held yet"
