"""What the Query protocol needs to know of a shape: its members, their names and kinds. Computed once for each type."""

import types
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from karin.wsgi.shapes.base import Flat

Kind = Literal["scalar", "list", "map"]


class Field(NamedTuple):
    """A member: its name in Python and in JSON, its kind, its Query spelling, and the type of what it holds."""

    attribute: str
    json_name: str
    kind: Kind
    flat: Flat
    item: Any  # of a list its items, of a map its values, of a scalar itself


@cache
def fields_of(shape: type) -> tuple[Field, ...]:
    """Return a shape's members in their order."""
    hints = get_type_hints(shape, include_extras=True)
    return tuple(_field(field.name, field.encode_name, hints[field.name]) for field in msgspec.structs.fields(shape))


def is_structure(item: Any) -> bool:
    """Tell whether a type is a shape of its own."""
    return isinstance(item, type) and issubclass(item, msgspec.Struct)


def _field(attribute: str, json_name: str, hint: Any) -> Field:
    flat = None
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        flat = next((extra for extra in extras if isinstance(extra, Flat)), None)
    inner = _without_none(hint)
    if get_origin(inner) is list:  # Query names the items: StringListValues are StringListValue.1, .2, ...
        return Field(attribute, json_name, "list", flat or Flat(json_name.removesuffix("s")), get_args(inner)[0])
    flat = flat or Flat(json_name)
    if get_origin(inner) is dict:
        return Field(attribute, json_name, "map", flat, get_args(inner)[1])
    return Field(attribute, json_name, "scalar", flat, inner)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    options = [option for option in get_args(hint) if option is not types.NoneType]
    return options[0] if len(options) == 1 else hint
