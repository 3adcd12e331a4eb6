"""What a file may say about administrators: who may command the gateway by SMS."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.positions import Section
from modemgw.config.secret import Secret
from modemgw.policy.admin_sms import COMMANDS

MAX_ADMINS = 20
_SECRETS = Callable[[Section, str, str], Secret | None]


class AdminConfig(msgspec.Struct, frozen=True):
    """A number that may command the gateway by SMS, with a PIN."""

    name: Annotated[
        str,
        key(
            "Who stands in the audit log.",
            unit="up to 32 of A-Z a-z 0-9 . _ -",
            default="required",
        ),
    ]
    number: Annotated[
        str, key("Where the texts come from.", unit="phone number", default="required")
    ]
    pin: Annotated[
        Secret | None,
        key(
            "Begins each text: `123456 status`. The number of a sender can be forged, "
            "so six digits or more are better than four.",
            unit="4 to 8 digits, {file: PATH}, {env: NAME} or {credential: NAME}",
            default="required",
        ),
    ] = None
    may: Annotated[
        tuple[str, ...],
        key(
            "What this number may ask for; help is always answered.",
            unit=f"list of {', '.join(COMMANDS)}",
            default=f"[{', '.join(COMMANDS)}]",
        ),
    ] = COMMANDS


def admins(top: Section, country: str, secret: _SECRETS) -> tuple[AdminConfig, ...]:
    """Read the section `admins`."""
    found: list[AdminConfig] = []
    for entry in top.entries("admins"):
        section = entry.section(AdminConfig.__struct_fields__)
        for needed in ("name", "number", "pin"):
            if entry.is_mapping and section.get(needed) is None:
                entry.fail(f"needs a {needed}")
        may = [one.read(values.one_of(*COMMANDS)) for one in section.entries("may")]
        one = AdminConfig(
            name=section.read("name", values.name, ""),
            number=section.read("number", values.e164(country), ""),
            pin=secret(section, "pin", "pin"),
            may=tuple(word for word in may if word)
            if section.get("may") is not None
            else COMMANDS,
        )
        for other in found:
            if other.number and other.number == one.number:
                (section.get("number") or entry).fail("this number is listed already")
            if other.name and other.name == one.name:
                (section.get("name") or entry).fail(f"there is {one.name!r} already")
        found.append(one)
    if len(found) > MAX_ADMINS and (given := top.get("admins")) is not None:
        given.fail(f"more than {MAX_ADMINS} administrators")
    return tuple(found)
