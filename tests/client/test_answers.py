"""When a request is repeated, and when not any more."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.client import BadAnswer, Refused, Unreachable
from modemgw.client.answers import LONGEST_PAUSE_S, Patience, retry_after

GONE = Unreachable("gone", sent=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("", None), ("7", 7.0), (" 7 ", 7.0), ("-7", None), ("soon", None),
     ("7.5", None), ("\u0667", None), ("9" * 400, 999_999_999.0),
     ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
     ("Thu, 99999999999999999999 Jan 2026 00:00:00 GMT", None),
     ("Thu, 01 Jan 2026 00:00:00 +99999999999999999999", None)],
)  # fmt: skip
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_retry_after_may_be_a_date() -> None:
    found = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=90)))
    assert found is not None
    assert 85 < found <= 90


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ \S+"))
def test_whatever_stands_there_is_no_crash(text: str) -> None:
    found = retry_after(text)
    assert found is None or found >= 0


def test_pauses_grow_and_the_time_ends() -> None:
    patience = Patience(is_repeatable=True, seconds=60.0, now=100.0)
    now, pauses = 100.0, []
    while (pause := patience.pause(GONE, now)) is not None:
        pauses.append(pause)
        now += pause
    assert 155 <= now < 160
    assert pauses[0] <= 0.2
    assert max(pauses) <= LONGEST_PAUSE_S
    assert len(pauses) < 40


@pytest.mark.parametrize(("wanted", "pause"), [(5.0, 5.0), (59.0, 59.0), (61.0, None)])
def test_what_the_gateway_asks_for_is_obeyed(
    wanted: float, pause: float | None
) -> None:
    patience = Patience(is_repeatable=False, seconds=60.0, now=0.0)
    full = {"type": "https://modemgw.dev/problems/queue-full"}
    assert patience.pause(Refused(503, dict(full), retry_after=wanted), 0.0) == pause


def test_what_is_no_answer_is_not_asked_for_again() -> None:
    patience = Patience(is_repeatable=True, seconds=60.0, now=0.0)
    assert patience.pause(BadAnswer("redirect"), 0.0) is None


def test_without_time_nothing_is_repeated() -> None:
    assert Patience(is_repeatable=True, seconds=0, now=0.0).pause(GONE, 0.0) is None
