"""How a caller names a function: its name, a partial ARN or a whole one, with or without a qualifier."""

import re

import msgspec

from karin.local.definition import Definition, Function
from karin.local.errors import FunctionNotFoundError, ValidationError

PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)  # the API's own constraint on FunctionName
_REFERENCE = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?",
    re.ASCII,
)


class Target(msgspec.Struct, frozen=True):
    """The function a reference means, and the ARN it was asked for by (with the qualifier, if one was given)."""

    function: Function
    arn: str


def resolve(definition: Definition, reference: str, qualifier: str | None = None) -> Target:
    """Find the function that a reference means, whatever its qualifier.

    Raises ValidationError when the reference is none, FunctionNotFoundError when no function answers to it.
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ValidationError(
            f"1 validation error detected: Value '{reference}' at 'functionName' failed to satisfy constraint:"
            f" Member must satisfy regular expression pattern: {PATTERN}"
        )
    region, account = found["region"] or definition.region, found["account"] or definition.account_id
    qualifier = found["qualifier"] or qualifier
    arn = f"arn:aws:lambda:{region}:{account}:function:{found['name']}" + (f":{qualifier}" if qualifier else "")
    function = definition.function(found["name"])
    if function is None or (region, account) != (definition.region, definition.account_id):
        raise FunctionNotFoundError(arn)
    return Target(function, arn)
