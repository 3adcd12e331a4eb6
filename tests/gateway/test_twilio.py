"""Twilio's names: sids that lead back, tokens that do not, codes for every state."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import ids
from modemgw.gateway import twilio
from modemgw.policy.message import MessageState
from modemgw.store.pepper import Pepper

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEYS = st.text(alphabet=BASE62, min_size=8, max_size=8)


@given(st.integers(0, 2**128 - 1))
def test_a_sid_leads_back_to_its_message(value: int) -> None:
    public_id = f"msg_{ids.encode(value)}"
    sid = twilio.message_sid(public_id)
    assert len(sid) == 34
    assert twilio.message_id(sid) == public_id


@given(KEYS, KEYS)
def test_an_account_sid_leads_back_to_its_key(one: str, other: str) -> None:
    sid = twilio.account_sid(one)
    assert len(sid) == 34
    assert twilio.key_of(sid) == one
    assert (sid == twilio.account_sid(other)) is (one == other)


@given(
    st.text(max_size=40) | st.from_regex(r"(AC|SK|SM|MM)[0-9a-f]{32}", fullmatch=True)
)
def test_other_sids_lead_nowhere(text: str) -> None:
    found = twilio.key_of(text)
    assert found is None or twilio.account_sid(found)[2:] == text[2:]
    message = twilio.message_id(text)
    assert message is None or twilio.message_sid(message)[2:] == text[2:]


def test_tokens_differ_by_installation_key_and_secret(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    here, there = Pepper(tmp_path / "a"), Pepper(tmp_path / "b")
    token = twilio.auth_token(here, "Ab3xY009", b"hash")
    assert len(token) == 32
    assert token == twilio.auth_token(Pepper(tmp_path / "a"), "Ab3xY009", b"hash")
    others = {
        twilio.auth_token(there, "Ab3xY009", b"hash"),
        twilio.auth_token(here, "Ab3xY008", b"hash"),
        twilio.auth_token(here, "Ab3xY009", b"hasH"),
    }
    assert len(others | {token}) == 4


def test_every_state_has_a_status() -> None:
    assert set(twilio.STATUS) == {state.value for state in MessageState}


@pytest.mark.parametrize(
    ("state", "reason", "code"),
    [
        ("delivered", None, None),
        ("queued", None, None),
        ("canceled", {"code": "canceled"}, None),
        ("undelivered", {"code": "recipient_absent"}, 30003),
        ("undelivered", {"code": "recipient_unknown"}, 30005),
        ("undelivered", {"code": "unknown"}, 30008),
        ("undelivered", None, 30003),
        ("failed", {"code": "modem_error"}, 30008),
        ("failed", None, 30008),
        ("expired", {"code": "expired"}, 30036),
        ("blocked", {"code": "opted_out"}, 21610),
        ("blocked", {"code": "quota"}, 30007),
    ],
)
def test_error_codes(
    state: str, reason: dict[str, str] | None, code: int | None
) -> None:
    assert twilio.error_code(state, reason) == code


def test_the_signature_is_that_of_twilios_own_example() -> None:
    """The worked example of Twilio's documentation on request validation."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.signature("12345", url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
