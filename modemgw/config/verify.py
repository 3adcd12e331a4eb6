"""What a file may say about one-time codes."""

from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.positions import Section
from modemgw.policy.pacing import Window

PREFIX = Window(10, 3600)
_MOST_AFTER_S = 600.0
_LEAST_AFTER_S = 10.0


class VerifyConfig(msgspec.Struct, frozen=True):
    """One-time codes (`POST /v1/verifications`). A number gets 3 in 10 minutes."""

    per_prefix: Annotated[
        Window,
        key(
            "How many codes go to numbers that differ in their last four digits only: "
            "whoever earns on calls to a range asks for many.",
            unit="pace such as 10/hour",
            default="10/hour",
        ),
    ] = PREFIX
    fallback_after: Annotated[
        float,
        key(
            "Without a delivery report for so long the same code is sent once more, by "
            "another SIM. Only of a SIM that asks for reports; a request may say "
            "otherwise.",
            unit="10s to 10min, or off",
            default="off",
        ),
    ] = 0.0


def verify(top: Section) -> VerifyConfig:
    """Read the section, or its defaults where it is not there."""
    section = top.section("verify", VerifyConfig.__struct_fields__)
    if section is None:
        return VerifyConfig()
    return VerifyConfig(
        per_prefix=section.read("per_prefix", values.window, PREFIX),
        fallback_after=section.read("fallback_after", _after, 0.0),
    )


def _after(text: str) -> float:
    seconds = values.duration_or_off(text)
    if seconds and not _LEAST_AFTER_S <= seconds <= _MOST_AFTER_S:
        raise ValueError(f"expected 10s to 10min or off, got {text!r}")
    return seconds
