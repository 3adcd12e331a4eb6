"""Unsolicited lines that come before, behind and within an answer."""

from collections.abc import Sequence

Lines = Sequence[str]  # one line, or a header and what belongs to it


def mixed(info: list[Lines], others: list[Lines], turn: int) -> list[Lines]:
    """Put lines before, behind and into the information, in turn.

    A header is never parted from what belongs to it: TS 27.005 has no such
    modem, and the listings of those that do it cannot be read at all.
    """
    units: list[list[str]] = []
    for line in (line for lines in info for line in lines):
        waits = bool(units) and len(units[-1]) == 1 and _has_text(units[-1][0])
        if waits or (units and not line.startswith(("+", "^"))):
            units[-1].append(line)
        else:
            units.append([line])
    place = (0, len(units), len(units) // 2)[turn % 3]
    return [*units[:place], *others, *units[place:]]


def _has_text(header: str) -> bool:
    """Say whether the line behind this one belongs to it, whatever it is."""
    return header.startswith(("+CMGL:", "+CMGR:", "+CMT:"))
