"""Which commands a person may type, and which not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.guard import ALLOWED, BLOCKED, parts, prefixes, refusal


@pytest.mark.parametrize(
    "line",
    [
        *("AT", "ATI", "at+csq", "AT+CSQ;+COPS?", "AT&V", "ATH", "AT+CMGS=?"),
        *("AT+CPIN?", "AT^HCSQ?", "AT+CRSM=176,28486,0,0,17", "AT+COPS=?"),
        *("AT+CMGR=1", "AT+CLAC", 'AT+CPBF="a;+CFUN=1,1"', "AT + C S Q", "AT!GSTATUS?"),
    ],
)
def test_reading_is_allowed(line: str) -> None:
    assert refusal(line) is None


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("ATD0900123;", "money"),
        ("ATI;D0900123;", "money"),
        ("ATE0D0900", "relies"),
        ("ATA", "money"),
        ("AT+CMSS=1", "money"),
        ("AT+CMGD=1,4", "lost"),
        ('AT+CLCK="SC",1,"1234"', "lock"),
        ('AT+CPWD="SC","1234","4321"', "lock"),
        ('AT+CPIN="1234"', "lock"),
        ("AT+CSIM=14,A0D6", "lock"),
        ("AT+CRSM=214,28486,0,0,1,00", "lock"),
        ('AT+EGMR=1,7,"350000000000000"', "lock"),
        ("AT+CFUN=1,1", "restarts"),
        ("AT+C FUN=1,1", "restarts"),
        ("AT^RESET", "restarts"),
        ("ATZ", "default"),
        ("AT&F", "default"),
        ("AT&W", "for good"),
        ("AT+IPR=9600", "for good"),
        ('AT+QCFG="usbnet",1', "for good"),
        ("AT+CNMI=2,2", "relies"),
        ("AT+CMGF=1", "relies"),
        ('AT+CPMS="SM"', "relies"),
        ("AT+CSQ;+CNMI=0,0", "relies"),
        ("AT+COPS=2", "network"),
        ('AT+CUSD=1,"*100#"', "sims ussd"),
        ("ATS3=10", "line"),
        ("AT^ANYTHING", "harmless"),
        ("AT+ANYTHING=1", "harmless"),
        ("AT+CSQ,+CFUN=1", "not understood"),
        ("AT+CSQ=?1;+CFUN=1", "restarts"),
    ],
)
def test_what_bills_bricks_or_breaks_is_refused_with_its_reason(
    line: str, word: str
) -> None:
    why = refusal(line)
    assert why is not None and word in why
    assert refusal(line, unsafe=True) is None


@pytest.mark.parametrize(
    "line",
    [
        *("", "A/", "+++", "hello", "AT+CSQ\r", "AT+CSQ\x1a", "ATü", "AT" + "0" * 400),
        *("AT+CMGS=12", "AT+CMGW=12", "AT+CMGS=?;+CMGS=12", "AT+C MGS=12", "ATO"),
        *("AT+CNMA", 'AT+CPBF="x', "AT(", "AT+CSQ;)"),
    ],
)
def test_what_no_wish_lets_through(line: str) -> None:
    assert refusal(line) is not None
    assert refusal(line, unsafe=True) is not None


def test_the_table_does_not_contradict_itself() -> None:
    assert not ALLOWED & set(BLOCKED)


def test_what_answers_begin_with() -> None:
    assert prefixes("AT+CSQ;+COPS?") == ("+CSQ:", "+COPS:")
    assert prefixes("ATI") == prefixes("what") == ()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_no_line_hides_a_command_behind_another(rest: str) -> None:
    """Whatever stands in front: a call is seen where the line is understood."""
    line = f"AT{rest};+CFUN=1,1"
    found = parts(line)
    if found is not None and rest.count('"') % 2 == 0 and "D" not in rest.upper():
        assert refusal(line) is not None


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    refusal(text)
    refusal("AT" + text)
