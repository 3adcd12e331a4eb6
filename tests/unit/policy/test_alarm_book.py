"""The alarm engine: what lasts is told once, again later, and when it is over."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.segment import segment
from modemgw.policy import alarm_text
from modemgw.policy.alarm_book import (
    CLEAR_AFTER_MS,
    NEVER_MS,
    Alarm,
    Step,
    Terms,
    is_done,
    look,
    news,
)
from modemgw.policy.alarm_text import Notice
from modemgw.policy.trouble import KINDS, Trouble

MINUTE = 60_000
START = 1_795_341_600_000
TERMS = Terms({"modem_lost": 5 * MINUTE, "sim_benched": 0}, 60 * MINUTE)


def ids() -> Iterator[str]:
    count = 0
    while True:
        count += 1
        yield f"alm_{count}"


def lost(name: str = "front", at: int = START, what: str = "lost") -> Trouble:
    return Trouble("modem_lost", name, what, "look", at)


class Book:
    """Looks minute by minute; tells over one way, as the gateway does."""

    def __init__(self, terms: Terms = TERMS) -> None:
        self.terms = terms
        self.open: list[Alarm] = []
        self.steps: list[tuple[int, Step, str]] = []
        self.told: list[tuple[int, Step, str]] = []
        self._ids = ids()

    def at(self, now: int, *troubles: Trouble, tells: bool = True) -> None:
        current = [one for one in self.open if one.cleared_at is None]
        past = [one for one in self.open if one.cleared_at is not None]
        seen = [replace(one, lasts_ms=now - one.since_at) for one in troubles]
        found = look(current, seen, self.terms, now, lambda: next(self._ids))
        self.steps += [(now, step, one.key) for step, one in found if step]
        self.open = past + [one for _, one in found]
        if tells:
            for index, one in enumerate(self.open):
                if (step := news(one, one.told_sms)) is not None:
                    self.told.append((now, step, one.key))
                self.open[index] = replace(one, told_sms=one.stage, told_mail=one.stage)
        self.open = [one for one in self.open if not is_done(one)]


def test_what_lasts_is_raised_reminded_and_cleared() -> None:
    book = Book()
    for minute in range(140):
        book.at(START + minute * MINUTE, *([lost()] if minute < 130 else []))
    assert [(at - START) // MINUTE for at, *_ in book.told] == [5, 65, 125, 131]
    assert [step for _, step, _ in book.told] == [
        *(Step.RAISED, Step.REMINDED, Step.REMINDED, Step.CLEARED)
    ]
    assert book.told == book.steps
    assert book.open == []


def test_what_flickers_is_one_alarm() -> None:
    book = Book()
    for step in range(0, 120):
        flicker = step % 4 != 3  # away for a quarter of a minute now and then
        book.at(START + step * 15_000, *([lost()] if flicker or step < 40 else []))
    assert [step for _, step, _ in book.steps] == [Step.RAISED]


def test_who_never_heard_of_it_hears_nothing_of_its_end() -> None:
    book = Book()
    book.at(START + 6 * MINUTE, lost(), tells=False)
    book.at(START + 7 * MINUTE, tells=False)
    book.at(START + 9 * MINUTE)
    assert book.told == []
    assert [step for _, step, _ in book.steps] == [Step.RAISED, Step.CLEARED]


@pytest.mark.parametrize(
    ("kind", "after", "raised"),
    [("modem_lost", NEVER_MS, 0), ("unknown", 0, 0), ("sim_benched", 0, 1)],
)
def test_a_kind_that_is_off_is_no_alarm(kind: str, after: int, raised: int) -> None:
    book = Book(Terms({"modem_lost": after, "sim_benched": 0}))
    for minute in range(100):
        book.at(START + minute * MINUTE, Trouble(kind, "", "x", "y", START))
    assert len(book.steps) == raised


def test_a_clock_that_goes_back_makes_no_storm() -> None:
    book = Book()
    book.at(START + 6 * MINUTE, lost())
    for minute in range(30):
        book.at(START - 10**9 + minute * MINUTE, lost())
    assert len(book.told) == 1
    for minute in range(3):
        book.at(START - 10**9 + (30 + minute) * MINUTE)
    assert [step for _, step, _ in book.told] == [Step.RAISED, Step.CLEARED]


names = st.sampled_from(["a", "b", "c"])
minutes = st.lists(st.frozensets(names, max_size=3), min_size=1, max_size=120)


@given(minutes, st.frozensets(st.integers(0, 119)), st.integers(0, 20))
def test_every_alarm_is_told_in_order_and_ends(
    story: list[frozenset[str]], deaf: frozenset[int], patience: int
) -> None:
    """Whatever comes and goes, and however often nobody can be told."""
    book = Book(Terms({"modem_lost": patience * MINUTE}, 30 * MINUTE))
    began: dict[str, int] = {}
    for minute, sick in enumerate(story):
        now = START + minute * MINUTE
        began = {name: began.get(name, now) for name in sick}
        wrong = [lost(name, began[name]) for name in sorted(sick)]
        book.at(now, *wrong, tells=minute not in deaf)
    end = START + len(story) * MINUTE
    for minute in range(3):
        book.at(end + minute * CLEAR_AFTER_MS)
    assert book.open == []
    for name in ("a", "b", "c"):
        for found in (book.steps, book.told):
            steps = [step for _, step, key in found if key == f"modem_lost:{name}"]
            assert _is_well_formed(steps), steps
    raised = Counter(key for _, step, key in book.steps if step is Step.RAISED)
    cleared = Counter(key for _, step, key in book.steps if step is Step.CLEARED)
    assert raised == cleared
    assert len(book.told) <= len(book.steps)


def _is_well_formed(steps: Sequence[Step]) -> bool:
    """RAISED, any number of REMINDED, CLEARED; and so on."""
    is_open = False
    for step in steps:
        if is_open == (step is Step.RAISED):
            return False
        is_open = step is not Step.CLEARED
    return not is_open


# -- what is written ----------------------------------------------------------


def alarm(what: str = "modem front is absent", subject: str = "front") -> Alarm:
    return Alarm("alm_1", "modem_lost", subject, what, "modemgw doctor", START, START)


def notice(*alarms: Alarm, step: Step = Step.RAISED) -> Notice:
    return Notice([(step, one) for one in alarms], UTC)


def test_a_text_says_what_since_when_and_what_to_do() -> None:
    assert alarm_text.sms(notice(alarm())) == (
        "modemgw: modem front is absent (since 22 Nov 10:00). Do: modemgw doctor"
    )
    assert alarm_text.sms(notice(alarm(), step=Step.CLEARED)) == (
        "modemgw: over: modem front is absent"
    )


def test_many_are_counted_by_kind() -> None:
    many = [alarm(f"modem m{n} lost", f"m{n}") for n in range(40)]
    benched = replace(alarm("SIM red benched", "red"), kind="sim_benched")
    told = alarm_text.sms(notice(*many, benched))
    assert told == (
        "modemgw: 41 alarms: 40 modems lost (m0, m1, m2, m3...), "
        "1 SIM benched (red). Do: modemgw status"
    )
    assert alarm_text.subject(notice(*many)) == (
        "modemgw: 40 alarms: 40 modems lost (m0, m1, m2, m3...)"
    )
    assert alarm_text.subject(notice(*many, step=Step.CLEARED)).startswith(
        "modemgw: over: 40 modems lost"
    )


@given(st.text(max_size=400), st.text(max_size=80), st.integers(1, 60))
def test_nothing_from_a_modem_makes_a_text_long_or_a_header_two(
    what: str, name: str, count: int
) -> None:
    told = notice(*[alarm(what, name)] * count)
    assert len(segment(alarm_text.sms(told))) <= alarm_text.SEGMENTS
    subject = alarm_text.subject(told)
    assert len(subject) <= 200
    assert subject == " ".join(subject.split())
    assert "\r" not in alarm_text.body(told)


def test_every_kind_has_its_words() -> None:
    assert {*alarm_text._SEVERAL, *alarm_text._SINGLE} == {*KINDS}
