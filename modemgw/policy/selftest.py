"""Self-tests between own SIMs: the text, the pairs, the times, and the verdict.

A self-test is one short text with a random token from one SIM to the number of
another. What came of it is told in legs: the network took it (submit), it arrived
(delivery), and the report came back (report).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from modemgw.policy.correlate import same_recipient

TOKEN_OCTETS = 10  # 80 bits: nobody outside guesses one
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing looks alike
_TEXT = "modemgw self-test "
_WRITTEN = re.compile(rf"\s*{_TEXT}([{_ALPHABET}]{{16}})\s*", re.ASCII)
DAY_MINUTES = 1440


class Leg(Enum):
    """Which step of a self-test failed."""

    SUBMIT = "submit"  # the network, or the modem, did not take it
    DELIVERY = "delivery"  # it did not arrive
    REPORT = "report"  # it arrived, and no delivery report came


class Result(Enum):
    """What came of a self-test."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it could not be tried, or says nothing about the SIMs


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours without self-tests, in minutes of the local day; may cross midnight."""

    start: int
    end: int

    def left(self, minute: int) -> int:
        """Return for how many minutes from `minute` on it is quiet; 0: it is not.

        >>> Quiet(22 * 60, 7 * 60).left(23 * 60), Quiet(22 * 60, 7 * 60).left(12 * 60)
        (480, 0)
        """
        length = (self.end - self.start) % DAY_MINUTES
        passed = (minute - self.start) % DAY_MINUTES
        return length - passed if passed < length else 0

    def __str__(self) -> str:
        """Write it as the configuration does."""
        return "-".join(f"{m // 60:02}:{m % 60:02}" for m in (self.start, self.end))


def token_of(octets: bytes) -> str:
    """Write TOKEN_OCTETS random octets as a token."""
    value = int.from_bytes(octets, "big")
    return "".join(_ALPHABET[value >> 5 * i & 31] for i in range(16))


def text_of(token: str) -> str:
    """Return the text of a self-test: one part, in the default alphabet."""
    return _TEXT + token


def token_in(text: str | None) -> str | None:
    """Return the token of a text that is nothing but a self-test, else None."""
    if text is None or _TEXT not in text[:40]:
        return None
    found = _WRITTEN.fullmatch(text)
    return None if found is None else found[1]


def is_from(sender: str, number: str | None) -> bool:
    """Say whether `sender` may be the SIM that has `number`.

    Without a number only the token speaks, which nobody else knows. A name
    instead of a number is not how one SIM writes to another.
    """
    if number is None:
        return True
    return sender.removeprefix("+").isdigit() and same_recipient(number, sender)


@dataclass(frozen=True, slots=True)
class Station:
    """One SIM that could take part. `free`: it may send now and nobody waits."""

    sim_id: int
    name: str
    number: str | None
    in_service: bool


def auto_pairs(stations: Sequence[Station]) -> list[tuple[Station, Station]]:
    """Return who writes to whom: a ring, so that each sends once and receives once.

    Two SIMs write to each other. Those without a number only send, to the next one
    that has one.
    """
    ring = sorted((s for s in stations if s.in_service), key=lambda one: one.name)
    pairs = []
    for at, sender in enumerate(ring):
        others = (*ring[at + 1 :], *ring[:at])
        to = next((one for one in others if one.number), None)
        if to is not None:
            pairs.append((sender, to))
    return pairs


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one self-test when it is judged. Instants in Unix ms."""

    state: str  # of the message: queued, sending, sent, delivered, in_doubt …
    refused: str | None  # why the network or the modem did not take it
    is_sim_refusal: bool  # the network itself said no
    arrived_at: int | None
    report_wanted: bool
    report: str | None  # delivered, undelivered, None: none came
    receiver_was_there: bool  # the whole time


def judge(  # noqa: PLR0911, PLR0912 - one return per verdict
    seen: Seen, *, final: bool
) -> tuple[Result, Leg | None, str]:
    """Return the verdict, the leg that failed, and a sentence.

    `final`: the time is up, nothing more is waited for.
    """
    if seen.arrived_at is not None:
        if not seen.report_wanted or seen.report == "delivered":
            return Result.PASSED, None, "it arrived"
        if seen.report == "undelivered":
            why = "it arrived, and the report says that it did not"
            return Result.FAILED, Leg.REPORT, why
        if final:
            return Result.FAILED, Leg.REPORT, "it arrived, and no report came"
        return Result.RUNNING, None, "it arrived; the report is waited for"
    if seen.refused is not None:
        if seen.is_sim_refusal:
            return Result.FAILED, Leg.SUBMIT, seen.refused
        return Result.UNKNOWN, None, seen.refused
    if seen.report == "undelivered":
        why = "the network reports that it could not be delivered"
        if not seen.receiver_was_there:
            return Result.UNKNOWN, None, f"{why}; the other SIM was not in service"
        return Result.FAILED, Leg.DELIVERY, why
    if not final:
        return Result.RUNNING, None, "its arrival is waited for"
    if seen.state == "in_doubt":
        return Result.UNKNOWN, None, "the modem fell silent while it was sent"
    if seen.state in ("queued", "scheduled"):
        return Result.UNKNOWN, None, "the SIM had no moment for it"
    if not seen.receiver_was_there:
        return Result.UNKNOWN, None, "the other SIM was not in service all the time"
    if seen.report == "delivered":
        return Result.FAILED, Leg.DELIVERY, "reported as delivered, and never arrived"
    return Result.FAILED, Leg.DELIVERY, "the network took it, and it did not arrive"
