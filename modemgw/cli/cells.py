"""Text in the cells of a terminal: what came from the air cannot steer it.

This file does no I/O. Widths are cells, not characters: 漢 takes two, an accent none.
"""

import unicodedata
from collections.abc import Sequence

from modemgw.cli.output import printable

GAP = "  "


def width_of(text: str) -> int:
    """Return how many cells a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clean(cell: object, most: int = 500) -> str:
    """Write a value so that it stays on its line; a long one is cut before."""
    text = "" if cell is None else str(cell)[:most]
    return printable(text) if text else ""


def cut(text: str, width: int) -> str:
    """Cut a printable text to so many cells; `…` says that there was more."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return text
    taken, used = [], 0
    for character in text:
        used += _cells(character)
        if used > width - 1:
            break
        taken.append(character)
    return "".join(taken) + "…"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Cut or fill a printable text to exactly so many cells."""
    text = cut(text, width)
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def columns(rows: Sequence[Sequence[object]], most: int = 0) -> list[str]:
    """Align rows; each column as wide as its widest cell, none wider than `most`."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [
        min(max(map(width_of, column)), most or 1000)
        for column in zip(*cells, strict=True)
    ]
    return [
        GAP.join(pad(c, w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def masked(peer: object) -> str:
    """Write the other end of a message; the middle of a number is hidden."""
    from modemgw.number import mask  # noqa: PLC0415 (its tables take a while)

    text = clean(peer)
    return mask(text) if text.removeprefix("+").isdigit() else text
