"""Texts of administrators: what they ask for, and that nothing of a PIN stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.segment import segment
from modemgw.policy import admin_text
from modemgw.policy.admin_sms import (
    FAILURES,
    LOCK_MS,
    MASK,
    WORDS,
    Lock,
    read,
    redacted,
    wrong,
)
from modemgw.policy.admin_text import SimLine

NOW = 1_795_341_600_000


@pytest.mark.parametrize(
    ("text", "pin", "word"),
    [
        ("1234 status", "1234", "status"),
        ("12345678 Pause!", "12345678", "pause"),
        ("Status  1234", "1234", "status"),
        ("\n1234\nresume\n", "1234", "resume"),
        ("١٢٣٤ status", "1234", "status"),  # digits of another keyboard
        ("1234", "1234", None),
        ("1234 statsu", "1234", None),
        ("1234 status now", "1234", None),
        ("123 status", None, None),  # no PIN is so short
        ("status", None, "status"),
        ("x1234 status", None, None),
        ("", None, None),
        ("1234 status" + " " * 160, "1234", None),
    ],
)
def test_a_text_is_taken_apart(text: str, pin: str | None, word: str | None) -> None:
    found = read(text)
    assert (found.pin, found.word) == (pin, word)
    assert "1234" not in repr(found)


@given(
    st.from_regex(r"\d{4,8}", fullmatch=True),
    st.sampled_from(WORDS),
    st.sampled_from(["{} {}", "{}\t{}!", "  {}, {}", "{}\n{}"]),
)
def test_a_pin_is_found_and_gone(pin: str, word: str, form: str) -> None:
    text = form.format(pin, word)
    found = read(text)
    assert found.word == word
    assert found.pin is not None
    masked = redacted(text)
    assert pin not in masked
    assert MASK in masked
    assert read(masked).pin is None


def test_wrong_pins_lock_for_longer_each_time() -> None:
    lock, spans = Lock(), []
    for _ in range(FAILURES * (len(LOCK_MS) + 2)):
        lock = wrong(lock, NOW)
        if lock.is_shut(NOW):
            spans.append(lock.until_at - NOW)
    assert spans == [*LOCK_MS, LOCK_MS[-1], LOCK_MS[-1]]
    assert not Lock(until_at=NOW).is_shut(NOW)


@given(st.text(max_size=300), st.integers(0, 40))
def test_every_answer_is_one_part_of_gsm_characters(name: str, count: int) -> None:
    sims = [SimLine(name, True, name, True, name)] * count
    status = admin_text.status(
        level="works", sims=sims, queued=None, outcomes={name: 1}, troubles=[name] * 3
    )
    for text in (status, admin_text.balance(sims), admin_text.help_text([name])):
        assert len(segment(text)) == 1
    fixed = (
        admin_text.paused(),
        admin_text.resumed(10**9),
        admin_text.locked(1440),
        admin_text.balance([]),
    )
    for text in fixed:
        parts = segment(text)
        assert (len(parts), parts.alphabet.value) == (1, "gsm7")
        assert not text.endswith("...")  # nothing had to be cut
