"""Checks that a webhook was sent by the gateway, lately, and as it arrived.

Spec: https://www.standardwebhooks.com, "Signature scheme". This file does no I/O.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

import msgspec

from modemgw.client.errors import NotGenuine
from modemgw.client.models import Event
from modemgw.clock import SystemClock

TOLERANCE_S = 300  # that a timestamp may be off, either way
MAX_SIGNATURES = 20  # a rotation makes two; more is somebody trying
_PREFIX = "whsec_"
_TIME_DIGITS = 15  # of a Unix time in seconds; longer is no time


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes | str,
    secret: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE_S,
    now: float | None = None,
) -> Event:
    """Return the event of a webhook request; raises NotGenuine where it is not one.

    `body` is what arrived, octet for octet, before any JSON parser touched it.
    `secret` is the endpoint's `whsec_…`, or several of them during a rotation.
    `tolerance` is in seconds, `now` the Unix time to compare with, if not this
    moment's. An event may be pushed twice: drop an `id` that you have seen.
    """
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise ValueError("no secret was given")
    octets = body.encode() if isinstance(body, str) else bytes(body)
    found = {name.lower(): value for name, value in headers.items()}
    event_id, written, signatures = (
        found.get(f"webhook-{name}") or "" for name in ("id", "timestamp", "signature")
    )
    if not (event_id and written and signatures):
        raise NotGenuine("one of webhook-id, -timestamp and -signature is missing")
    _check_time(written, tolerance, _now() if now is None else now)
    signed = f"{event_id}.{written}.".encode() + octets
    expected = [hmac.digest(key, signed, "sha256") for key in keys]
    if not _any_matches(expected, signatures):
        raise NotGenuine("no signature fits: another secret, or the body was changed")
    try:
        event = _event.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotGenuine("the signature fits, and the body is no event") from None
    return msgspec.structs.replace(event, id=event_id)


_event = msgspec.json.Decoder(Event)


def _now() -> float:
    return SystemClock().now_ms() / 1000


def _key(secret: str) -> bytes:
    """Return the octets of `whsec_…`; ValueError never repeats the secret."""
    text = secret.removeprefix(_PREFIX)
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        octets = b""
    if not octets:
        raise ValueError(f"the secret of a webhook is {_PREFIX} and base64")
    return octets


def _check_time(written: str, tolerance: float, now: float) -> None:
    # int() takes more than digits: blanks, underscores, a sign.
    if not (written.isascii() and written.isdigit() and len(written) <= _TIME_DIGITS):
        raise NotGenuine("webhook-timestamp is no Unix time")
    off = int(written) - now
    if abs(off) > tolerance:
        when = "in the future" if off > 0 else "old"
        raise NotGenuine(
            f"the request is {abs(off):.0f} s {when}; are both clocks right?"
        )


def _any_matches(expected: list[bytes], signatures: str) -> bool:
    """Compare every signature with every key, and stop at nothing on the way."""
    matches = False
    for one in signatures.split(" ")[:MAX_SIGNATURES]:
        version, _, text = one.partition(",")
        try:
            given = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        for ours in expected:
            matches |= hmac.compare_digest(given, ours) and version == "v1"
    return matches
