"""Our signatures, judged by the reference implementation."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from modemgw.gateway import signing


def now() -> int:
    """The verifiers take only what was signed within five minutes."""
    return int(datetime.now(UTC).timestamp())


def secret_of(octets: bytes) -> str:
    return signing.PREFIX + base64.b64encode(octets).decode()


@given(
    st.binary(min_size=24, max_size=64),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1),
    st.text(),
)
def test_the_reference_library_computes_the_same(
    key: bytes, webhook_id: str, body: str
) -> None:
    raw = body.encode("utf-8", "replace")
    sent_at = now()
    at = datetime.fromtimestamp(sent_at, UTC)
    ours = signing.signature([secret_of(key)], webhook_id, sent_at, raw)
    assert ours == Webhook(secret_of(key)).sign(webhook_id, at, raw.decode())


def test_during_a_rotation_either_secret_verifies() -> None:
    new, old = signing.new_secret(), signing.new_secret()
    body = b'{"type":"test.ping"}'
    headers = signing.headers([new, old], "evt_1", now(), body)
    for secret in (new, old):
        assert Webhook(secret).verify(body, headers) == {"type": "test.ping"}
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(body, headers)


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body"])
def test_a_changed_request_is_refused(change: str) -> None:
    secret, body = signing.new_secret(), b'{"a":1}'
    headers = signing.headers([secret], "evt_1", now(), body)
    if change == "body":
        body = b'{"a":2}'
    else:
        headers[change] = {"webhook-id": "evt_2"}.get(change, str(now() + 1))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_new_secrets_differ_and_are_as_long_as_the_specification_wants() -> None:
    made = {signing.new_secret() for _ in range(20)}
    assert len(made) == 20
    assert {len(signing.secret_octets(secret)) for secret in made} == {32}


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        pytest.param("hunter2hunter2", "begins with whsec_", id="no-prefix"),
        pytest.param("whsec_", "24 to 64 octets", id="empty"),
        pytest.param(secret_of(b"x" * 23), "24 to 64 octets", id="too-short"),
        pytest.param(secret_of(b"x" * 65), "24 to 64 octets", id="too-long"),
        pytest.param("whsec_not base64 at all!", "base64", id="not-base64"),
        pytest.param("whsec_ä", "base64", id="not-ascii"),
    ],
)
def test_a_bad_secret_is_named_but_never_shown(secret: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        signing.secret_octets(secret)
    if shown := secret.removeprefix(signing.PREFIX):
        assert shown not in str(caught.value)


def test_padding_may_be_left_out() -> None:
    secret = secret_of(b"x" * 25)
    assert signing.secret_octets(secret.rstrip("=")) == b"x" * 25
