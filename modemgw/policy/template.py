"""A pattern that a person writes for an operator's answer, without regular expressions.

    Guthaben: {amount} EUR*bis {date}

Letters stand for themselves, in either case; any run of spaces fits any other;
`*` stands for anything. The fields are {amount} (with an optional minus),
{currency}, {date}, {number} and {word}. Each piece between two `*` is put as far to
the left as it fits and fields are as long as they can be: nothing is ever tried
again, so a text of n characters takes at most n steps for each piece, whatever the
network sends. That is why this is no regular expression.
"""

import re
from dataclasses import dataclass, replace

from modemgw.policy.amounts import NUMBER

MAX_PATTERN = 200  # characters
FIELDS = {
    "amount": re.compile(rf"-?(?:{NUMBER.pattern})"),
    "currency": re.compile(r"[^\W\d_]{1,8}[.$¢₵]?|[^\w\s.,;:*#+-]"),
    "date": re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}"),
    "number": re.compile(r"\d{1,20}"),
    "word": re.compile(r"[^\s]{1,40}"),
}
_PIECES = re.compile(r"(\*+|\{[^{}]*\}|[{}]| +)")


@dataclass(frozen=True, slots=True)
class Found:
    """What the fields of a pattern held."""

    amount: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern, taken apart: pieces that stars stood between."""

    text: str
    pieces: tuple[tuple[str, ...], ...]  # of each: "{field}", " " or letters

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Take a pattern apart. Raises ValueError with a sentence."""
        if len(text) > MAX_PATTERN:
            raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
        pieces: list[list[str]] = [[]]
        fields: list[str] = []
        for bit in filter(None, _PIECES.split(" ".join(text.split()))):
            if bit[0] == "*":
                pieces.append([])
            elif bit[0] == "{" and bit[-1] == "}":
                if bit[1:-1] not in FIELDS:
                    known = ", ".join(f"{{{name}}}" for name in FIELDS)
                    raise ValueError(f"{bit} is no field; there are {known}")
                fields.append(bit)
                pieces[-1].append(bit)
            elif bit in "{}":
                raise ValueError("a brace without its other half")
            else:
                pieces[-1].append(" " if bit.isspace() else bit.casefold())
        if fields.count("{amount}") != 1:
            raise ValueError("a pattern needs {amount}, once")
        return cls(text, tuple(tuple(piece) for piece in pieces))

    def match(self, text: str) -> Found | None:
        """Return what the fields hold; None where the pattern does not fit.

        The pattern may begin and end anywhere in the text.
        """
        folded = text.casefold()
        if len(folded) != len(text):
            folded = text.lower() if len(text.lower()) == len(text) else text
        found, at = Found(), 0
        for piece in self.pieces:
            for start in range(at, len(text) + 1):
                placed = _place(piece, text, folded, start, found)
                if placed is not None:
                    at, found = placed
                    break
            else:
                return None
        return found


def _place(
    piece: tuple[str, ...], text: str, folded: str, at: int, found: Found
) -> tuple[int, Found] | None:
    """Put one piece at one place; return where it ends and what it holds."""
    for bit in piece:
        if bit == " ":
            end = at
            while end < len(text) and text[end].isspace():
                end += 1
            if end == at:
                return None
            at = end
        elif bit[0] == "{":
            name = bit[1:-1]
            held = FIELDS[name].match(text, at)
            if held is None:
                return None
            at = held.end()
            if name == "amount":
                found = replace(found, amount=held[0])
            elif name == "currency":
                found = replace(found, currency=held[0])
        elif folded.startswith(bit, at):
            at += len(bit)
        else:
            return None
    return at, found
