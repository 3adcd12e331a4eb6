"""How an answer is judged: its value, an error, and whether to ask once more.

This file does no I/O and no waiting: both clients call it, and do the rest.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar

import msgspec

from modemgw.client.calls import Call
from modemgw.client.errors import BadAnswer, ClientError, Refused, Unreachable

T = TypeVar("T")

MAX_ANSWER = 64 << 20  # octets of a body; the longest page of messages has some 10 MiB
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
_BROKEN_ON_THE_WAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def value_of(call: Call[T], answer: Answer) -> T:
    """Return what the call asked for; raises Refused or BadAnswer."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        try:
            return call.decode(answer.body)
        except (msgspec.DecodeError, ValueError) as exc:
            why = f"HTTP {answer.status} with what is no answer of a gateway: {exc}"
            raise BadAnswer(why) from None
    if answer.status < HTTPStatus.BAD_REQUEST:
        raise BadAnswer(f"HTTP {answer.status}: redirects are not followed")
    raise refusal(answer)


def refusal(answer: Answer) -> Refused:
    """Make the error of an answer that says no."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    return Refused(
        answer.status,
        found if isinstance(found, dict) else {},
        request_id=answer.headers.get("x-request-id"),
        retry_after=retry_after(answer.headers.get("retry-after")),
    )


def retry_after(text: str | None) -> float | None:
    """Read Retry-After, seconds or a date, as seconds from now; None: not there."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


class Patience:
    """How one call is repeated: never where that could do something twice."""

    def __init__(self, is_repeatable: bool, seconds: float, now: float) -> None:
        self._is_repeatable = is_repeatable
        self._until = now + seconds
        self._pause = FIRST_PAUSE_S

    def pause(self, error: ClientError, now: float) -> float | None:
        """Return how long to wait before the next try; None: give up.

        `now` is monotonic time. A Retry-After beyond what is left means to give
        up at once, and not to try before it.
        """
        if not self._helps(error):
            return None
        wanted = error.retry_after if isinstance(error, Refused) else None
        if wanted is None:
            wanted = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        return wanted if now + wanted < self._until else None

    def _helps(self, error: ClientError) -> bool:
        if isinstance(error, Unreachable):
            return self._is_repeatable or not error.sent
        if not isinstance(error, Refused):
            return False
        if error.problem:  # the gateway's own word: it did nothing, and says until when
            later = error.status in _LATER and error.retry_after is not None
            running = error.problem == "idempotency-in-progress"
            return later or (running and self._is_repeatable)
        # A proxy before the gateway, which need not know what the gateway did.
        is_passing = error.status in _LATER | _BROKEN_ON_THE_WAY
        return is_passing and self._is_repeatable
