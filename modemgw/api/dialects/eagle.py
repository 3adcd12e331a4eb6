"""What both versions of SMSEagle's API mean: recipients, times, validity, modems."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from modemgw.api.dialects import desk
from modemgw.api.problems import RequestError, field_error
from modemgw.gateway.accept import MAX_REFERENCE, MAX_VALIDITY_S
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Draft
from modemgw.store import messages as rows
from modemgw.store import waiting

SURFACE = "smseagle"
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
VALIDITY = {
    "5m": 5 * MINUTE,
    "10m": 10 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "2d": 2 * DAY,
    "5d": 5 * DAY,
    "1w": WEEK,
    "2w": 2 * WEEK,
    "4w": 4 * WEEK,
    "max": MAX_VALIDITY_S,
}
NO_SIGNAL = -1
_WEAKEST, _STRONGEST = -113, -51  # dBm; 27.007, 8.5
_FIRST_YEAR = 1971  # in any zone
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")


def draft(
    gateway: Gateway, wish: Mapping[str, Any], to: str, text: str, *, high: bool
) -> Draft:
    """Return one message as the fields that both versions share describe it."""
    timezone = ZoneInfo(gateway.config.timezone)
    now_ms = gateway.clock.now_ms()
    return Draft(
        to=to,
        text=desk.plain(text),
        priority="high" if high else "normal",
        flash=flag(wish, "flash"),
        send_at=_send_at(wish, timezone, now_ms),
        expires_in=_validity(wish),
        modem=_modem(gateway, wish),
        reference=_oid(wish),
        metadata={"surface": SURFACE},
    )


def words(wish: Mapping[str, Any], name: str) -> str | None:
    """Return a text of a request, None where it is absent or empty."""
    value = wish.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise field_error(f"/{name}", "wrong_type", "expected a text")
    return str(value)


def flag(wish: Mapping[str, Any], name: str) -> bool:
    """Return a switch: 0 or 1, as a number, a text or a truth value."""
    value = wish.get(name)
    if value in (None, "", 0, "0", False, "false"):
        return False
    if value in (1, "1", "true"):  # True is 1
        return True
    raise field_error(f"/{name}", "invalid_value", "expected 0 or 1")


def recipients(found: Sequence[str]) -> list[str]:
    """Return every number once, as written."""
    numbers = list(dict.fromkeys(one.strip() for one in found if one.strip()))
    if not numbers:
        raise field_error("/to", "required", "is required")
    return numbers


def signal(gateway: Gateway, wanted: int | None) -> int:
    """Return the signal of a modem (the first one) in percent, -1 without any."""
    modems = gateway.modems()
    index = 0 if wanted is None else wanted - 1
    if not 0 <= index < len(modems):
        raise field_error("/modem_no", "invalid_value", f"there is no modem {wanted}")
    dbm = modems[index].signal_dbm
    if dbm is None:
        return NO_SIGNAL
    share = (dbm - _WEAKEST) / (_STRONGEST - _WEAKEST)
    return round(100 * min(max(share, 0), 1))


def number(text: str | None) -> int | None:
    """Read a number of a modem or a message."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004
        raise field_error("", "invalid_value", f"expected a number, got {text[:20]!r}")
    return int(text)


def queue_length(db: sqlite3.Connection) -> int:
    """Return how many messages wait."""
    return waiting.count_open(db)


async def row_ids(gateway: Gateway, public_ids: Sequence[str]) -> list[int]:
    """Return the numbers that messages have in the database: SMSEagle's ids."""
    return await gateway.store.read(
        lambda db: [rows.id_of(db, one) or 0 for one in public_ids]
    )


def wrong(error: RequestError) -> str:
    """Say what is wrong in words, with the name of the parameter."""
    if not error.errors:
        return error.detail
    first = error.errors[0]
    name = first.pointer.rpartition("/")[2] or first.pointer
    return f"{name}: {first.detail}" if name else first.detail


def _send_at(wish: Mapping[str, Any], timezone: ZoneInfo, now_ms: int) -> int | None:
    """Read `date` (YYYYmmDDHHMM) or `send_after` (HH:MM), in the gateway's zone."""
    if (text := words(wish, "date")) is not None:
        try:
            when = datetime.strptime(text, "%Y%m%d%H%M")  # noqa: DTZ007 - zone below
        except ValueError:
            raise field_error(
                "/date", "invalid_value", "expected YYYYmmDDHHMM"
            ) from None
        return unix_ms(when.replace(tzinfo=timezone), "/date")
    if (text := words(wish, "send_after")) is not None:
        found = _TIME.fullmatch(text)
        if found is None or int(found[1]) > 23 or int(found[2]) > 59:  # noqa: PLR2004
            raise field_error("/send_after", "invalid_value", "expected HH:MM")
        now = datetime.fromtimestamp(now_ms / 1000, timezone)
        when = now.replace(
            hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0
        )
        return unix_ms(when, "/send_after") if when > now else None
    return None


def unix_ms(when: datetime, pointer: str) -> int:
    """Return an instant of our years; raises FieldError."""
    if when.year < _FIRST_YEAR:
        raise field_error(pointer, "invalid_value", "is too long ago")
    return round(when.timestamp() * 1000)


def _validity(wish: Mapping[str, Any]) -> int | None:
    text = words(wish, "validity")
    if text is None:
        return None
    if text not in VALIDITY:
        known = ", ".join(VALIDITY)
        raise field_error("/validity", "invalid_value", f"expected one of {known}")
    return VALIDITY[text]


def _modem(gateway: Gateway, wish: Mapping[str, Any]) -> str | None:
    """Return the name of the modem with this number: 1 is the first by name."""
    wanted = number(words(wish, "modem_no"))
    if wanted is None:
        return None
    modems = gateway.modems()
    if not 1 <= wanted <= len(modems):
        raise field_error("/modem_no", "invalid_value", f"there is no modem {wanted}")
    return modems[wanted - 1].name


def _oid(wish: Mapping[str, Any]) -> str | None:
    """Return the client's own id, kept as the reference of the message."""
    text = words(wish, "oid")
    if text is not None and len(text) > MAX_REFERENCE:
        raise field_error("/oid", "too_long", f"is longer than {MAX_REFERENCE}")
    return None if text is None else desk.plain(text, "/oid")
