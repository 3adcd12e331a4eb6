"""Rules for received texts, and the guard that keeps machines from talking."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.answering import Echo, Rule, check_reply, fill, fitting
from modemgw.policy.phrases import fold
from modemgw.policy.places import places
from modemgw.policy.reply_guard import (
    FORWARD_HEAD,
    HOUR_MS,
    MACHINE,
    MUTE_MS,
    QUICK_MS,
    QUICK_TURNS,
    Answered,
    Ledger,
    Limits,
    is_forwarded,
    what_is_no_question,
    who_is_no_person,
)
from modemgw.policy.selftest import text_of

ALICE, BOB = "+4915112345678", "+4366412345678"


def rule(match: str = "keyword", *words: str, **more: Any) -> Rule:
    return Rule(1, match, tuple(map(fold, words)), **more)


@pytest.mark.parametrize(
    ("one", "text", "fits"),
    [
        pytest.param(rule("keyword", "HOURS"), "hours", True, id="lower case"),
        pytest.param(rule("keyword", "HOURS"), "Hours? thanks", True, id="first word"),
        pytest.param(rule("keyword", "HOURS"), "your hours", False, id="second word"),
        pytest.param(rule("keyword", "HOURS"), "HOURSX", False, id="longer word"),
        pytest.param(rule("keyword", "HOURS", "OPEN"), "open?", True, id="another"),
        pytest.param(rule("keyword", "Öffnung"), "OFFNUNG", True, id="accents"),
        pytest.param(rule("keyword", "HOURS"), "👍", False, id="no word"),
        pytest.param(rule("prefix", "order-"), "ORDER-991", True, id="prefix"),
        pytest.param(rule("prefix", "order"), "order991 now", True, id="glued prefix"),
        pytest.param(rule("prefix", "order"), "my order", False, id="not the begin"),
        pytest.param(rule("any"), "", True, id="any"),
        pytest.param(
            rule("any", senders=places("+49")), "hi", True, id="prefix of sender"
        ),
        pytest.param(
            rule("any", senders=places("AT")), "hi", False, id="other country"
        ),
        pytest.param(rule("any", names=frozenset({"bank"})), "hi", False, id="name"),
        pytest.param(rule("any", sims=frozenset({"red"})), "hi", True, id="sim"),
        pytest.param(
            rule("any", sims=frozenset({"blue"})), "hi", False, id="other sim"
        ),
    ],
)
def test_a_rule_fits(one: Rule, text: str, fits: bool) -> None:
    assert one.fits(text, ALICE, "red") is fits


def test_a_name_is_a_sender_in_any_case() -> None:
    assert rule("any", names=frozenset({"mybank"})).fits("code 1", "MyBank", None)


def test_the_first_rule_that_says_stop_is_the_last() -> None:
    on, off, last = (
        Rule(1, "any", stop=False),
        Rule(2, "keyword", ("hours",)),
        Rule(3, "any"),
    )
    assert fitting([on, off, last], "hours", ALICE, None) == [on, off]
    assert fitting([on, off, last], "price", ALICE, None) == [on, last]


@pytest.mark.parametrize(
    "text",
    ["", "  ", "{text}", "{from", "from}", "{from.__class__}", "{}", "{0}", "{{}}"],
)
def test_a_reply_that_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_reply(text)


@given(st.dictionaries(st.sampled_from(["from", "sim", "keyword"]), st.text()))
def test_what_a_field_holds_is_not_looked_at_again(values: dict[str, str]) -> None:
    text = "{from}|{sim}|{keyword}"
    filled = fill(text, values)
    assert filled == "|".join(
        values.get(n, f"{{{n}}}") for n in ("from", "sim", "keyword")
    )


def test_texts_of_our_own_are_known_again() -> None:
    echo = Echo(["Hello {from}, we are open 9-18", "OK"])
    assert echo.knows("hello +49 151, WE ARE OPEN 9-18!!")
    assert not echo.knows("hello, are you open?")
    assert not echo.knows("ok")  # too short to be sure


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        (ALICE, None),
        ("+491511111111", "the sender is a SIM of ours"),
        ("01511111111", "the sender is a SIM of ours"),
        ("MyBank", "the sender is a name and no number"),
        ("Info24", "the sender is a name and no number"),
        ("", "the sender is a name and no number"),
        ("80888", "the sender is a short code"),
        ("110", "the sender is a short code"),
        ("٠١٢٣٤٥٦٧٨", "the sender is a name and no number"),
    ],
)
def test_who_is_never_answered(sender: str, why: str | None) -> None:
    assert who_is_no_person(sender, ["+491511111111"], Limits()) == why


def test_short_codes_are_answered_where_somebody_says_so() -> None:
    assert who_is_no_person("80888", [], Limits(short_codes=True)) is None


@pytest.mark.parametrize(
    "text",
    [
        "I'm out of the office until Monday.",
        "Automatic reply: thank you for your message",
        "AUTO-REPLY I am driving",
        "Auto reply: busy",
        "You have been unsubscribed. You will receive no further messages.",
        "Reply STOP to opt out",
        "Sie wurden abgemeldet.",
        "Abwesenheitsnotiz: bin bis Montag nicht im Büro",
        "Automatische Antwort: Danke",
        "Réponse automatique : je suis absent",
        "Respuesta automática: estoy fuera de la oficina",
        "Risposta automatica",
        "Автоответ: я в отпуске",
        "Automatyczna odpowiedź",
        "Do not reply to this message",
        "This mailbox is not monitored",
        "SMS from +4915112345678 2026-11-22 10:00: hours",
        text_of("0123456789ABCDEF"),
        "",
        "👍👍👍",
        "...",
    ],
)
def test_what_is_never_answered(text: str) -> None:
    assert what_is_no_question(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "HOURS",
        "When are you open?",
        "Is the office open?",
        "Can you answer automatically next time?",
        "I replied yesterday",
        "stop",
        "Please stop by at 5",
        "sms fromage",
        "Danke!",
    ],
)
def test_what_a_person_may_have_written(text: str) -> None:
    assert what_is_no_question(text) is None


def test_a_forwarded_text_is_known() -> None:
    assert is_forwarded(f"{FORWARD_HEAD} MyBank 2026-11-22 10:00: code 1234")
    assert not is_forwarded("smsfrom x")


def test_so_many_answers_an_hour_and_then_more() -> None:
    ledger = Ledger(Limits(per_number=2, in_all=3))
    slow = 10 * 60_000
    for at in (0, slow):
        assert ledger.why_not(ALICE, at, at) is None
        ledger.note(Answered(ALICE, at, at))
    assert "2 answers" in (ledger.why_not(ALICE, 2 * slow, 2 * slow) or "")
    assert ledger.why_not(BOB, 2 * slow, 2 * slow) is None
    ledger.note(Answered(BOB, 2 * slow, 2 * slow))
    assert "3 answers" in (ledger.why_not("+431", 2 * slow, 2 * slow) or "")
    assert ledger.why_not(ALICE, HOUR_MS, HOUR_MS) is None


def ping_pong(
    ledger: Ledger, gap_ms: int, turns: int, start: int = 0
) -> list[str | None]:
    """Let somebody write `gap_ms` behind each answer of ours."""
    now, said = start, []
    for _ in range(turns):
        why = ledger.why_not(ALICE, now, now)
        said.append(why)
        if why is None or why == MACHINE:
            ledger.note(Answered(ALICE, now, now + 500, muted=why == MACHINE))
        now += 500 + gap_ms
    return said


def test_a_machine_is_found_by_its_pace() -> None:
    ledger = Ledger(Limits(per_number=60))
    said = ping_pong(ledger, 4000, 10)
    assert said == [None] * QUICK_TURNS + [MACHINE] * (10 - QUICK_TURNS)


def test_a_machine_stays_mute_for_hours_and_over_a_restart() -> None:
    ledger = Ledger(Limits(per_number=60))
    ping_pong(ledger, 4000, 4)
    again = Ledger(Limits(per_number=60))
    again.load(list(ledger._given))
    later = 5 * HOUR_MS
    assert again.why_not(ALICE, later, later) == MACHINE
    assert again.why_not(BOB, later, later) is None
    free = MUTE_MS + HOUR_MS
    assert again.why_not(ALICE, free, free) is None


def test_a_person_is_no_machine() -> None:
    ledger = Ledger(Limits(per_number=60))
    assert ping_pong(ledger, QUICK_MS + 1000, 20) == [None] * 20


@given(st.lists(st.integers(0, 5 * QUICK_MS), max_size=60), st.integers(1, 10))
def test_no_hour_has_more_than_allowed(gaps: list[int], most: int) -> None:
    ledger = Ledger(Limits(per_number=most, in_all=1000))
    now, given_at = 0, []
    for gap in gaps:
        now += gap
        if ledger.why_not(ALICE, now, now) is None:
            ledger.note(Answered(ALICE, now, now))
            given_at.append(now)
    for at in given_at:
        assert sum(at - HOUR_MS < one <= at for one in given_at) <= most


@given(
    st.lists(st.tuples(st.sampled_from([ALICE, BOB, "+431"]), st.integers(0, 60_000)))
)
def test_the_ledger_is_bounded(asked: list[tuple[str, int]]) -> None:
    ledger, now = Ledger(Limits(per_number=2, in_all=4)), 0
    for peer, gap in asked:
        now += gap
        if ledger.why_not(peer, now, now) is None:
            ledger.note(Answered(peer, now, now))
    assert len(ledger._given) <= 4 * (MUTE_MS // HOUR_MS + 1)
