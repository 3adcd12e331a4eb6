"""What a person probably meant who wrote a value that cannot be read.

Each function returns `; did you mean …?` for the end of a message, or nothing.
"""

import difflib
import ipaddress
import re
from collections.abc import Iterable

MAX_PORT = 65_535
IPV6 = 6


def number(text: str, low: int, high: int) -> str:
    """Return `; did you mean '1000'?` for `1 000`, `1e3`, `1.000`, `1k`."""
    plain = re.sub(r"(?<=\d)[ .,'_](?=\d{3}\b)", "", text.strip().lower())
    plain = re.sub(r"(?<=\d)k$", "000", plain)
    try:
        value = float(plain)
    except ValueError:
        return ""
    if not low <= value <= high or value != int(value):
        return ""
    return f"; did you mean '{int(value)}'?"


def unit(text: str, known: Iterable[str]) -> str:
    """Return `; did you mean '30s'?` for a number without a unit, or a wrong one."""
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*([a-z]*)\.?", text.strip().lower())
    if match is None:
        return ""
    count = match[1].replace(",", ".")
    if not match[2]:
        return f"; did you mean '{count}s'?"
    close = difflib.get_close_matches(match[2], known, n=1, cutoff=0.6)
    return f"; did you mean '{count} {close[0]}'?" if close else ""


def listen(text: str) -> str:
    """Return `; did you mean '127.0.0.1:8080'?` for an address without a port."""
    if text.isascii() and text.isdigit() and int(text) <= MAX_PORT:
        return f"; did you mean '127.0.0.1:{text}'?"
    host = text.strip("[]")
    try:
        host = f"[{host}]" if ipaddress.ip_address(host).version == IPV6 else host
    except ValueError:
        if host != "localhost":
            return ""
    return f"; did you mean '{host}:8080'?"
