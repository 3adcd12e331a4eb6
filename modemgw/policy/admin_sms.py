"""What a text of an administrator asks for, and how its PIN is taken out. Pure.

    123456 status        PIN first, then one word
    status 123456        the other way round is understood, too

A text that looks like one keeps nothing of its digits, right or wrong: a typing error
is most of a PIN. Words are compared as keywords are: case and accents do not matter.
"""

import re
from dataclasses import dataclass

from modemgw.policy.phrases import fold

COMMANDS = ("status", "balance", "pause", "resume")
HELP = "help"
WORDS = (*COMMANDS, HELP)
MASK = "****"
FAILURES = 5  # wrong PINs in a row lock the number …
LOCK_MS = (900_000, 3_600_000, 21_600_000, 86_400_000)  # … so long, longer each time
REPLIES_PER_HOUR = 12
STRANGERS_A_DAY = 20  # texts of other numbers that a PIN is looked for in
SHORT = 40  # characters: a shorter text with digits may be a PIN mistyped
# Digits are told however a keyboard writes them; \d takes every script's.
_PIN = re.compile(r"(?<!\w)\d{4,12}(?!\w)")
_DIGITS = re.compile(r"\d(?:[\s._/-]{0,2}\d){3,}")  # as fingers write a PIN
_MAX_TEXT = 160


@dataclass(frozen=True, slots=True)
class Command:
    """A text as an administrator's: `word` None: it is none of ours."""

    word: str | None
    pin: str | None

    def __repr__(self) -> str:
        """Show no PIN: this lands in tracebacks."""
        return f"Command({self.word!r})"


@dataclass(frozen=True, slots=True)
class Lock:
    """Wrong PINs of one number: `failures` in a row, `locks` so far."""

    failures: int = 0
    locks: int = 0
    until_at: int = 0

    def is_shut(self, now: int) -> bool:
        """Say whether nothing is believed at the moment."""
        return now < self.until_at


def read(text: str) -> Command:
    """Take a text apart into its PIN and its word."""
    found = _PIN.search(text)
    rest = text if found is None else text[: found.start()] + " " + text[found.end() :]
    word = fold(rest) if len(text) <= _MAX_TEXT else None
    pin = None if found is None else "".join(str(int(digit)) for digit in found[0])
    return Command(word if word in WORDS else None, pin)


def redacted(text: str) -> str:
    """Return a text without anything that could be a PIN."""
    return _PIN.sub(MASK, text)


def without_digits(text: str) -> str:
    """Return a text without any number of four digits or more, glued or in groups."""
    return _DIGITS.sub(MASK, text)


def wrong(lock: Lock, now: int) -> Lock:
    """Count a wrong PIN; the last one in a row shuts the number out for a time."""
    failures = lock.failures + 1
    if failures < FAILURES:
        return Lock(failures, lock.locks, 0)
    shut = LOCK_MS[min(lock.locks, len(LOCK_MS) - 1)]
    return Lock(0, lock.locks + 1, now + shut)
