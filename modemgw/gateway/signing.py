"""Standard Webhooks: secrets, and the signature over id, timestamp and body.

This file does no I/O. The signature is HMAC-SHA256 over `id.timestamp.body`
with the octets behind `whsec_`, so a receiver proves three things at once: who
sent it, that nothing was changed, and that it is not a recording.

Spec: https://www.standardwebhooks.com, "Signature scheme".
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
NEW_SECRET_OCTETS = 32
SHORTEST, LONGEST = 24, 64  # octets of a secret that the specification accepts


def new_secret() -> str:
    """Make a secret: `whsec_` and base64 of random octets."""
    octets = secrets.token_bytes(NEW_SECRET_OCTETS)
    return PREFIX + base64.b64encode(octets).decode("ascii")


def secret_octets(secret: str) -> bytes:
    """Return the key of `whsec_…`.

    Raises ValueError with a sentence for people, which never repeats the secret.
    """
    if not secret.startswith(PREFIX):
        raise ValueError(f"a webhook secret begins with {PREFIX}")
    text = secret.removeprefix(PREFIX)
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ValueError(f"behind {PREFIX} comes base64") from None
    if not SHORTEST <= len(octets) <= LONGEST:
        raise ValueError(
            f"a webhook secret has {SHORTEST} to {LONGEST} octets, not {len(octets)}"
        )
    return octets


def signature(
    secrets_: Iterable[str], webhook_id: str, timestamp: int, body: bytes
) -> str:
    """Sign one request; `timestamp` is Unix time in seconds.

    One `v1,…` per secret, separated by spaces: during a rotation a receiver
    that knows either secret accepts the request.
    """
    signed = f"{webhook_id}.{timestamp}.".encode("ascii") + body
    return " ".join(
        "v1," + base64.b64encode(_hmac(secret, signed)).decode("ascii")
        for secret in secrets_
    )


def headers(
    secrets_: Iterable[str], webhook_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the three headers of a signed request.

    A retry is signed anew: receivers refuse a timestamp older than five minutes,
    while the id and the body stay as they were.
    """
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets_, webhook_id, timestamp, body),
    }


def _hmac(secret: str, signed: bytes) -> bytes:
    return hmac.digest(secret_octets(secret), signed, hashlib.sha256)
