"""What a file may say about voice calls that come in."""

from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.positions import Section


class Calls(msgspec.Struct, frozen=True):
    """Voice calls that come in; each is told as the event call.incoming."""

    hang_up: Annotated[
        bool,
        key(
            "Hang up, so that a caller does not hold up messages. off: let it ring.",
            unit="on or off",
            default="off",
        ),
    ] = False


def calls(top: Section) -> Calls:
    """Read the section, or its defaults where it is not there."""
    section = top.section("calls", Calls.__struct_fields__)
    if section is None:
        return Calls()
    return Calls(hang_up=section.read("hang_up", values.boolean, default=False))
