"""Webhooks are verified as the reference library of Standard Webhooks does it."""

import string
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from modemgw.client import NotGenuine, verify_webhook
from modemgw.gateway import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification
OTHER = "whsec_" + "A" * 32
BODY = (
    b'{"type":"message.delivered","timestamp":"2026-11-22T10:00:09Z",'
    b'"data":{"id":"msg_1","state":"delivered","sequence":4}}'
)
NOW = 1_795_341_600


def headers(*secrets: str, at: int = NOW, body: bytes = BODY) -> dict[str, str]:
    return signing.headers(secrets, "evt_1", at, body)


def test_what_the_gateway_signs_is_genuine() -> None:
    event = verify_webhook(headers(SECRET), BODY, SECRET, now=NOW)
    assert (event.id, event.type) == ("evt_1", "message.delivered")
    assert event.timestamp == datetime(2026, 11, 22, 10, 0, 9, tzinfo=UTC)
    assert event.data["sequence"] == 4


def test_now_is_the_clock_of_this_machine() -> None:
    assert verify_webhook(headers(SECRET, at=int(time.time())), BODY, SECRET).id


@pytest.mark.parametrize(
    ("signed_with", "known"),
    [
        pytest.param([SECRET, OTHER], SECRET, id="the-old-one"),
        pytest.param([SECRET, OTHER], OTHER, id="the-new-one"),
        pytest.param([SECRET], [OTHER, SECRET], id="the-receiver-knows-both"),
        pytest.param([SECRET], SECRET.removeprefix("whsec_"), id="without-prefix"),
    ],
)
def test_rotation(signed_with: list[str], known: Any) -> None:
    assert verify_webhook(headers(*signed_with), BODY, known, now=NOW).id == "evt_1"


@pytest.mark.parametrize("name", ["Webhook-Id", "WEBHOOK-ID", "webhook-id"])
def test_header_names_have_no_case(name: str) -> None:
    given_ = headers(SECRET)
    given_[name] = given_.pop("webhook-id")
    assert verify_webhook(given_, BODY.decode(), SECRET, now=NOW).id == "evt_1"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"webhook-id": "evt_2"}, "no signature fits", id="id"),
        pytest.param({"webhook-timestamp": str(NOW + 1)}, "no signature", id="time"),
        pytest.param({"webhook-timestamp": "soon"}, "no Unix time", id="no-time"),
        pytest.param({"webhook-timestamp": f" {NOW}"}, "no Unix time", id="blank"),
        pytest.param({"webhook-timestamp": "9" * 5000}, "no Unix time", id="long"),
        pytest.param({"webhook-signature": "v1,"}, "no signature fits", id="empty"),
        pytest.param({"webhook-signature": "v1,ü"}, "no signature fits", id="ascii"),
        pytest.param({"webhook-signature": "v1"}, "no signature fits", id="no-comma"),
        pytest.param({"webhook-id": ""}, "is missing", id="no-id"),
        pytest.param({"webhook-timestamp": ""}, "is missing", id="no-timestamp"),
        pytest.param({"webhook-signature": ""}, "is missing", id="no-signature"),
    ],
)
def test_what_was_changed_is_not_genuine(change: dict[str, str], why: str) -> None:
    with pytest.raises(NotGenuine, match=why):
        verify_webhook({**headers(SECRET), **change}, BODY, SECRET, now=NOW)


def test_another_version_of_a_signature_does_not_count() -> None:
    given_ = headers(SECRET)
    given_["webhook-signature"] = given_["webhook-signature"].replace("v1,", "v2,")
    with pytest.raises(NotGenuine):
        verify_webhook(given_, BODY, SECRET, now=NOW)


def test_a_flood_of_signatures_ends() -> None:
    given_ = headers(SECRET)
    flood = "v1,AAAA " * 100_000
    given_["webhook-signature"] = flood + given_["webhook-signature"]
    with pytest.raises(NotGenuine):
        verify_webhook(given_, BODY, SECRET, now=NOW)


@pytest.mark.parametrize(
    ("off", "tolerance", "is_good"),
    [(300, 300, True), (301, 300, False), (-300, 300, True), (-301, 300, False),
     (10, 5, False), (10**6, 10**7, True)],
)  # fmt: skip
def test_tolerance(off: int, tolerance: float, is_good: bool) -> None:
    given_ = headers(SECRET, at=NOW + off)
    if is_good:
        found = verify_webhook(given_, BODY, SECRET, tolerance=tolerance, now=NOW)
        assert found.id == "evt_1"
        return
    with pytest.raises(NotGenuine, match="are both clocks right"):
        verify_webhook(given_, BODY, SECRET, tolerance=tolerance, now=NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"type": "x"}'])
def test_a_signed_body_that_is_no_event(body: bytes) -> None:
    given_ = headers(SECRET, body=body)
    with pytest.raises(NotGenuine, match="the body is no event"):
        verify_webhook(given_, body, SECRET, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ä", "whsec_!!!!", []])
def test_a_secret_that_is_none_is_the_mistake_of_the_receiver(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        verify_webhook(headers(SECRET), BODY, secret, now=NOW)
    assert "!!!!" not in str(caught.value)


_words = st.text(string.printable, max_size=12)


@given(
    event_id=st.sampled_from(["evt_1", "evt_2", "", "evt_1 "]),
    off=st.integers(-400, 400),
    signature=st.one_of(
        st.sampled_from(["good", "good v1,AAAA", "v1,AAAA good", "v2,x good", ""]),
        _words,
    ),
    body=st.sampled_from([BODY, BODY + b" ", BODY[:-1]]),
)
@example(event_id="evt_1", off=0, signature="good", body=BODY)
def test_we_never_take_what_the_reference_refuses(
    event_id: str, off: int, signature: str, body: bytes
) -> None:
    at = int(time.time()) + off
    good = signing.signature([SECRET], "evt_1", at, BODY)
    given_ = {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature.replace("good", good),
    }
    try:
        theirs = Webhook(SECRET).verify(body, given_)
    except (WebhookVerificationError, ValueError):  # ValueError: of what is no base64
        theirs = None
    try:
        ours = verify_webhook(given_, body, SECRET)
    except NotGenuine:
        ours = None
    if ours is not None:
        assert theirs is not None
        assert ours.data == theirs["data"]
    is_plain = set(signature.split()) <= {"good", "v1,AAAA", "v2,x"}
    if theirs is not None and is_plain:
        assert ours is not None
    if abs(off) < 290 and event_id == "evt_1" and body == BODY and is_plain:
        assert (ours is not None) == ("good" in signature.split())


@pytest.mark.parametrize(
    ("what", "absent"),
    [
        pytest.param(
            "import modemgw.client",
            ["msgspec", "aiohttp", "http.client", "asyncio", "ssl", "json"],
            id="the-package",
        ),
        pytest.param(
            "from modemgw.client import Client, verify_webhook",
            ["aiohttp", "asyncio", "sqlite3", "yaml", "phonenumbers", "modemgw.config"],
            id="the-synchronous-client",
        ),
    ],
)
def test_imports_stay_cheap(what: str, absent: list[str]) -> None:
    program = f"{what}; import sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-c", program],
        capture_output=True,
        check=True,
        text=True,
    )
    assert not set(absent) & set(done.stdout.splitlines())


def test_everything_offered_is_there() -> None:
    import modemgw.client as package  # noqa: PLC0415

    for name in package.__all__:
        assert getattr(package, name).__doc__, name
    assert dir(package) == sorted(package.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing
