"""What would have been right: the choices of a field, the field that was meant.

Looks into the struct that refused a value; runs only where something was wrong.
"""

from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec


def choices(kind: Any, pointer: str) -> str:
    """Return what a field with fixed choices takes: "low, normal or high"; or ''."""
    found = _at(kind, pointer)
    named = [str(choice) for choice in get_args(found)] if _is_literal(found) else []
    return " or ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))


def meant(kind: Any, pointer: str) -> str:
    """Return the name of the field that an unknown one resembles; or ''."""
    above, _, wrong = pointer.rpartition("/")
    found = _at(kind, above)
    known = _fields(found) if _is_struct(found) else {}
    return next(iter(get_close_matches(wrong, known, n=1, cutoff=0.7)), "")


def _at(kind: Any, pointer: str) -> Any:
    """Return the type at a JSON pointer below `kind`; None where there is none."""
    for step in pointer.split("/")[1:]:
        kind = _bare(kind)
        if _is_struct(kind):
            kind = _fields(kind).get(step)
        elif get_origin(kind) is list:
            (kind,) = get_args(kind)
        else:
            return None
    return _bare(kind)


def _bare(kind: Any) -> Any:
    """Take off `Annotated` and `| None`."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        members = [one for one in get_args(kind) if one is not type(None)]
        return _bare(members[0]) if len(members) == 1 else kind
    return kind


def _fields(kind: Any) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal
