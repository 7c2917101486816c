"""What a reader of deployments raises; whoever only hears of it need not load botocore."""


class CatalogUnavailable(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """AWS did not list the functions or the mappings; the message is one line that says why and what to do."""
