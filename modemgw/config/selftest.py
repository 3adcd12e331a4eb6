"""What a file may say about self-tests between own SIMs."""

import re
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.off import is_off
from modemgw.config.positions import Section
from modemgw.policy.selftest import DAY_MINUTES, Quiet

LEAST_S = 600.0
WITHIN_S = 300.0
_LONGEST_S = 31 * 86_400.0
_MOST_WITHIN_S = 3600.0
_QUIET = re.compile(r"(\d{1,2}):(\d{2}) ?[-–] ?(\d{1,2}):(\d{2})")  # noqa: RUF001
_PAIR = 2

Pair = tuple[str, str]


class SelftestConfig(msgspec.Struct, frozen=True):
    """Texts from own SIM to own SIM, to know that both work."""

    every: Annotated[
        float,
        key(
            "How often each SIM sends one. off: only when a person, or a benched SIM, "
            "asks for it.",
            unit="10min to 31 days, or off",
            default="off",
        ),
    ] = 0.0
    pairs: Annotated[
        tuple[Pair, ...],
        key(
            "Who writes to whom; both ways. auto: every SIM in service, in a ring. The "
            "receiver needs a `number`.",
            unit="auto, or a list such as [[red, blue]]",
            default="auto",
        ),
    ] = ()
    paid: Annotated[
        bool,
        key(
            "Send them even where a part costs money, or where nobody told what it "
            "costs. off: only where the tariff of the SIM says 0.",
            unit="on or off",
            default="off",
        ),
    ] = False
    quiet: Annotated[
        Quiet | None,
        key(
            "No scheduled self-tests between these times, in `timezone`.",
            unit="from-until such as 22:00-07:00",
            default="none",
        ),
    ] = None
    within: Annotated[
        float,
        key(
            "How long arrival and report are waited for before a self-test has failed.",
            unit="30s to 1h",
            default="5min",
        ),
    ] = WITHIN_S


def selftest(top: Section) -> SelftestConfig:
    """Read the section, or its defaults where it is not there."""
    value = top.get("selftest")
    section = top.section("selftest", SelftestConfig.__struct_fields__)
    if value is None or section is None:
        return SelftestConfig()
    return SelftestConfig(
        every=section.read("every", _every, 0.0),
        pairs=_pairs(section),
        paid=section.read("paid", values.boolean, default=False),
        quiet=section.read("quiet", quiet, None),
        within=section.read("within", _within, WITHIN_S),
    )


def _every(text: str) -> float:
    if is_off(text):
        return 0.0
    seconds = values.duration(text)
    if not LEAST_S <= seconds <= _LONGEST_S:
        raise ValueError(f"expected 10min to 31 days or off, got {text!r}")
    return seconds


def _within(text: str) -> float:
    seconds = values.duration(text)
    if not 30 <= seconds <= _MOST_WITHIN_S:  # noqa: PLR2004 - half a minute
        raise ValueError(f"expected 30s to 1h, got {text!r}")
    return seconds


def quiet(text: str) -> Quiet:
    """`22:00-07:00`; may cross midnight."""
    found = _QUIET.fullmatch(text.strip())
    if found is not None:
        start, end = (
            int(found[at]) * 60 + int(found[at + 1]) if int(found[at + 1]) < 60 else -1  # noqa: PLR2004
            for at in (1, 3)
        )
        if 0 <= start < DAY_MINUTES and 0 <= end < DAY_MINUTES and start != end:
            return Quiet(start, end)
    raise ValueError(f"expected two times such as 22:00-07:00, got {text!r}")


def _pairs(section: Section) -> tuple[Pair, ...]:
    value = section.get("pairs")
    if value is None or not (value.is_list or value.is_mapping):
        section.read("pairs", values.one_of("auto"), "auto")
        return ()
    pairs: list[Pair] = []
    for entry in value.entries():
        names = [one.read(values.name) for one in entry.entries()]
        if len(names) != _PAIR:
            entry.fail("expected two names of SIMs, such as [red, blue]")
        elif names[0] is not None and names[1] is not None:
            if names[0] == names[1]:
                entry.fail("a SIM cannot write to itself")
            pairs.append((names[0], names[1]))
    if not pairs and not value.entries():
        value.fail("an empty list; write auto")
    return tuple(pairs)
