"""Twilio's JSON: a message, a page, an account, an error."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from modemgw.api.answers import json_response
from modemgw.api.dialects import desk
from modemgw.api.problems import RequestError
from modemgw.config.money import show_amount
from modemgw.errors import OptedOut
from modemgw.gateway import twilio, views
from modemgw.gateway.shapes import OutboundMessage
from modemgw.gateway.upkeep_resources import BalanceOfSim
from modemgw.store.messages import MessageRow

MORE = "https://www.twilio.com/docs/errors/"
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_BY_STATUS = {
    400: 20001,
    401: 20003,
    403: 20003,
    404: 20404,
    405: 20004,
    408: 20408,
    409: 20409,
    413: 20413,
    415: 20415,
    422: 20001,
    429: 20429,
    503: 20503,
}
_BY_FIELD = {
    "/to": 21211,
    "/text": 21602,
    "/callback_url": 21609,
    "/send_at": 35114,
    "/expires_in": 21625,
    "/route/sim": 21606,
    "/route/pool": 21701,
}


class Wrong(RequestError):
    """An error with the number that Twilio has for it."""

    problem = "bad-request"
    title = "Refused"
    status = 400

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message, status=status)
        self.code = code


def refuse(_: web.Request, error: RequestError) -> web.Response:
    """Write an error as the SDKs read it; never with more fields than these."""
    status = 400 if error.status == 422 else error.status  # noqa: PLR2004
    shown = {
        "code": (code := _code(error)),
        "message": error.detail,
        "more_info": f"{MORE}{code}",
        "status": status,
    }
    headers = {}
    if status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return json_response(msgspec.json.encode(shown), status, headers)


def _code(error: RequestError) -> int:
    if isinstance(error, Wrong):
        return error.code
    if isinstance(error, OptedOut):
        return 21610
    if error.errors and error.errors[0].code == "destination_not_allowed":
        return 21408
    default = _BY_STATUS.get(error.status, 20500)
    return desk.of_fields(error, _BY_FIELD, default)


def is_service(sid: str) -> bool:
    """Tell whether this is the sid of a Messaging Service."""
    return _SERVICE.fullmatch(sid) is not None


def instant(ms: int | None) -> str | None:
    """Write an instant as RFC 2822.

    >>> instant(1_795_341_600_000)
    'Sun, 22 Nov 2026 10:00:00 +0000'
    """
    if ms is None:
        return None
    return format_datetime(datetime.fromtimestamp(ms // 1000, UTC))


def message(row: MessageRow, account: str, currency: str) -> dict[str, object]:
    """Write one message of either direction."""
    shown = views.message(row, currency)  # hides what only its recipient may read
    sid = twilio.message_sid(row.public_id)
    uri = f"/{twilio.API_VERSION}/Accounts/{account}/Messages/{sid}"
    outbound = isinstance(shown, OutboundMessage)
    ours, theirs = row.sim_number or row.sim, row.peer
    code = twilio.error_code(row.state, row.reason)
    return {
        "account_sid": account,
        "api_version": twilio.API_VERSION,
        "body": shown.text or "",
        "date_created": instant(row.created_at),
        "date_sent": instant(row.sent_at if outbound else row.created_at),
        "date_updated": instant(row.final_at or row.sent_at or row.created_at),
        "direction": "outbound-api" if outbound else "inbound",
        "error_code": code,
        "error_message": None if code is None else _why(row),
        "from": ours if outbound else theirs,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(row.segments),
        "price": None if row.cost is None else f"-{show_amount(row.cost)}",
        "price_unit": None if row.cost is None else currency or None,
        "sid": sid,
        "status": twilio.STATUS.get(row.state, row.state),
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "tags": None,
        "to": theirs if outbound else ours,
        "uri": f"{uri}.json",
    }


def _why(row: MessageRow) -> str:
    reason = row.reason or {}
    return str(reason.get("detail") or f"the message is {row.state}")


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page stands; a token is the cursor behind its last message."""

    path: str
    query: Mapping[str, str]
    page: int
    size: int
    token: str | None
    next_token: str | None

    def fields(self, count: int) -> dict[str, object]:
        """Return what the SDKs know as paging, and nothing beside."""
        start = self.page * self.size
        return {
            "page": self.page,
            "page_size": self.size,
            "start": start,
            "end": max(start, start + count - 1),
            "uri": self._uri(self.page, self.token),
            "first_page_uri": self._uri(0, None),
            "next_page_uri": self.next_token
            and self._uri(self.page + 1, self.next_token),
            "previous_page_uri": None,
        }

    def _uri(self, page: int, token: str | None) -> str:
        wanted = {**self.query, "PageSize": str(self.size), "Page": str(page)}
        if token is not None:
            wanted["PageToken"] = token
        return f"{self.path}?{urlencode(wanted)}"


def account(sid: str, name: str) -> dict[str, object]:
    """Write the account of a key."""
    uri = f"/{twilio.API_VERSION}/Accounts/{sid}"
    return {
        "sid": sid,
        "owner_account_sid": sid,
        "friendly_name": name,
        "status": "active",
        "type": "Full",
        "auth_token": None,
        "date_created": None,
        "date_updated": None,
        "uri": f"{uri}.json",
        "subresource_uris": {
            "messages": f"{uri}/Messages.json",
            "balance": f"{uri}/Balance.json",
        },
    }


def balance(
    sid: str, known: Sequence[BalanceOfSim], currency: str
) -> dict[str, object]:
    """Write the sum of what the SIMs have, of those in one currency."""
    wanted = currency or next((one.currency for one in known if one.currency), "")
    amounts = [
        Decimal(one.amount)
        for one in known
        if one.amount is not None and one.currency in (None, wanted)
    ]
    return {
        "account_sid": sid,
        "balance": f"{sum(amounts, Decimal(0)):.2f}",
        "currency": wanted or None,
    }
