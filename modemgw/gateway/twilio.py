"""Twilio's names for what we have: sids, tokens, states, codes, status callbacks.

No I/O. The AccountSid of a key is written from its id, and its AuthToken is derived
from the gateway's own secret and from the hash of the key's: nothing of it is stored,
and a rotation of the key is one of the token, too.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from modemgw import ids
from modemgw.gateway.targets import Refusal, parse
from modemgw.store.keys import ID_LENGTH, KeyRow
from modemgw.store.outbox import Request
from modemgw.store.pepper import Pepper

API_VERSION = "2010-04-01"
PURPOSE = "twilio auth token"
TOKEN_OCTETS = 16
NO_SIM_YET = "modemgw"  # never nothing: some receivers drop empty fields unsigned
NAME = "twilio"  # of the dialect, in the options of a message

_HEX = re.compile(r"[0-9a-f]{32}")
_CHECK = b"modemgw account sid"

# API.md, table of states. Twilio knows no in_doubt and no no_report.
STATUS = {
    "scheduled": "scheduled",
    "queued": "queued",
    "sending": "sending",
    "in_doubt": "sending",
    "sent": "sent",
    "no_report": "sent",
    "delivered": "delivered",
    "undelivered": "undelivered",
    "expired": "failed",
    "failed": "failed",
    "blocked": "failed",
    "canceled": "canceled",
    "receiving": "receiving",
    "received": "received",
}

UNKNOWN = 30008
_CODE_OF_STATE = {"expired": 30036, "blocked": 30007, "undelivered": 30003}
_CODE_OF_REASON = {
    "recipient_absent": 30003,
    "recipient_unknown": 30005,
    "recipient_barred": 30006,
    "invalid_number": 30005,
    "opted_out": 21610,
    "policy": 30007,
    "network_rejected": 30007,
    "expired": 30036,
    "unknown": UNKNOWN,
}
_FAILED = frozenset({"undelivered", "expired", "failed", "blocked"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a Twilio client is given instead of a key."""

    account_sid: str
    auth_token: str


def account_sid(public_id: str) -> str:
    """Return the AccountSid of a key: its id, and enough behind it to be one.

    >>> account_sid("Ab3xY_09") == account_sid("Ab3xY_09")
    True
    """
    octets = public_id.encode("ascii")
    check = hashlib.sha256(_CHECK + octets).digest()
    return "AC" + (octets + check)[:16].hex()


def key_of(sid: str) -> str | None:
    """Return the id of the key behind an AccountSid (or SK…), None for another's.

    >>> key_of(account_sid("Ab3xY009")), key_of("AC" + "0" * 32)
    ('Ab3xY009', None)
    """
    prefix, rest = sid[:2], sid[2:]
    if prefix not in ("AC", "SK") or not _HEX.fullmatch(rest):
        return None
    octets = bytes.fromhex(rest)[:ID_LENGTH]
    try:
        public_id = octets.decode("ascii")
    except UnicodeDecodeError:
        return None
    return public_id if account_sid(public_id)[2:] == rest else None


def auth_token(pepper: Pepper, public_id: str, secret_hash: bytes) -> str:
    """Return the AuthToken of a key: 32 hexadecimal digits."""
    octets = pepper.digest(PURPOSE, public_id, secret_hash.hex())
    return octets[:TOKEN_OCTETS].hex()


def credentials(pepper: Pepper, row: KeyRow) -> Credentials:
    """Return what opens this surface for a key."""
    token = auth_token(pepper, row.public_id, row.hash)
    return Credentials(account_sid(row.public_id), token)


def opens(pepper: Pepper, row: KeyRow, token: str, now: int) -> bool:
    """Tell, in constant time, whether a token opens this key at `now`.

    While a rotation overlaps, the token from before it does, too.
    """
    given = token.encode()
    hashes = [row.hash]
    if row.old_hash is not None and now < (row.old_until or 0):
        hashes.append(row.old_hash)
    found = [
        hmac.compare_digest(auth_token(pepper, row.public_id, one).encode(), given)
        for one in hashes
    ]
    return any(found) and row.in_force(now)


def message_sid(public_id: str) -> str:
    """Write our id as a sid: the same 128 bits.

    >>> message_sid("msg_01JD8Z0000000000000000000A")
    'SM019351f000000000000000000000000a'
    """
    return f"SM{ids.decode(public_id.rpartition('_')[2]):032x}"


def message_id(sid: str) -> str | None:
    """Read a sid back; None where it is none.

    >>> message_id(message_sid("msg_01JD8Z0000000000000000000A"))
    'msg_01JD8Z0000000000000000000A'
    """
    if sid[:2] not in ("SM", "MM") or not _HEX.fullmatch(sid[2:]):
        return None
    return f"msg_{ids.encode(int(sid[2:], 16))}"


def error_code(state: str, reason: Mapping[str, Any] | None) -> int | None:
    """Return Twilio's number for why a message did not arrive; None where it may."""
    if state not in _FAILED:
        return None
    code = "" if reason is None else str(reason.get("code", ""))
    return _CODE_OF_REASON.get(code) or _CODE_OF_STATE.get(state, UNKNOWN)


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Sign a request as X-Twilio-Signature: the URL, then each name and value."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.digest(token.encode(), signed.encode("utf-8"), hashlib.sha1)
    return base64.b64encode(digest).decode("ascii")


def callback(data: Mapping[str, Any], account: str, sender: str) -> dict[str, str]:
    """Return the fields of a status callback, made of the data of an event."""
    sid = message_sid(str(data["id"]))
    state = str(data["state"])
    status = STATUS.get(state, state)
    fields = {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "To": str(data["to"]),
        "From": sender,
        "AccountSid": account,
        "ApiVersion": API_VERSION,
    }
    if (code := error_code(state, data.get("reason"))) is not None:
        fields["ErrorCode"] = str(code)
    return fields


def posted(pepper: Pepper, request: Request) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a status callback: a signed form.

    It is signed for the URL as it goes out, which is what the receiver sees.
    """
    key, token = request.key or "", ""
    if request.key_hash is not None:
        token = auth_token(pepper, key, request.key_hash)
    data = msgspec.json.decode(request.data)
    fields = callback(data, account_sid(key), request.sender or NO_SIM_YET)
    target = parse(request.url)
    url = request.url if isinstance(target, Refusal) else str(target.url)
    return urlencode(fields).encode("ascii"), {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signature(token, url, fields),
        "i-twilio-idempotency-token": request.event,
    }


def basic(header: str) -> tuple[str, str] | None:
    """Read user and password of an Authorization header; None where it has none."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon else None
