"""What clients may say about the events they want."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from modemgw.api.problems import field_error
from modemgw.api.schema import EventQuery

MAX_PATTERNS = 50
_PATTERN = re.compile(r"\*|[a-z_]+(\.[a-z_]+)*(\.\*)?")


class ListenQuery(EventQuery):
    """Which events to read, oldest first; or, in a stream, as they happen."""

    ticket: (
        Annotated[
            str,
            Meta(max_length=64, description="instead of a key, for browsers; one use"),
        ]
        | None
    ) = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What opens one stream instead of a key: `?ticket=tkt_…`."""

    ticket: str
    expires_in: int  # seconds
    scope: Literal["events:read"] = "events:read"


def patterns(given: list[str], pointer: str) -> tuple[str, ...]:
    """Check patterns such as `message.*`; raises FieldError at `pointer`."""
    if len(given) > MAX_PATTERNS:
        raise field_error(pointer, "invalid_value", f"at most {MAX_PATTERNS} patterns")
    for index, pattern in enumerate(given):
        if _PATTERN.fullmatch(pattern) is None:
            where = pointer if pointer.startswith("?") else f"{pointer}/{index}"
            raise field_error(
                where,
                "invalid_value",
                f"{pattern!r} is no event type; write message.sent, message.* or *",
            )
    return tuple(dict.fromkeys(given))
