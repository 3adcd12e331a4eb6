"""How destinations are written in the file."""

import re

from modemgw.config import values
from modemgw.policy.places import SHORT


def place(text: str) -> str:
    """A destination: `+49151`, `AT`, `80888` or `short`."""
    word = text.strip()
    if word.lower() == SHORT:
        return SHORT
    if word.isalpha() and word.isascii():
        return values.country(word)
    plain = re.sub(r"[\s().-]", "", word)
    if not re.fullmatch(r"\+[1-9]\d{0,14}|[1-9]\d{0,5}", plain, re.ASCII):
        raise ValueError(
            f"expected a prefix (+49151), a country (AT) or a short code, got {text!r}"
        )
    return plain
