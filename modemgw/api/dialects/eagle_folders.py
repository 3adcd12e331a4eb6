"""SMSEagle's folders, for programs that poll them: inbox, outbox, sentitems.

Names and values of the fields are those of its database, which is that of gammu.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from modemgw.api.dialects import eagle
from modemgw.api.problems import field_error
from modemgw.gateway import views
from modemgw.gateway.gateway import Gateway
from modemgw.store import messages as rows
from modemgw.store.messages import Filter, MessageRow

OUTBOX = ("scheduled", "queued", "sending")
SENT = (
    "sent",
    "delivered",
    "undelivered",
    "no_report",
    "in_doubt",
    "expired",
    "failed",
)
FOLDERS = ("inbox", "outbox", "sentitems")
MOST = 100  # in one answer
STATUS = {
    "sent": "SendingOK",
    "delivered": "DeliveryOK",
    "undelivered": "DeliveryFailed",
    "no_report": "DeliveryUnknown",
    "in_doubt": "Reserved",
    "expired": "SendingError",
    "failed": "SendingError",
}
_CODING = {
    "gsm7": "Default_No_Compression",
    "ucs2": "Unicode_No_Compression",
    "8bit": "8bit",
}


async def read(gateway: Gateway, params: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return the newest messages of a folder, oldest of them first."""
    folder = eagle.words(params, "folder")
    if folder not in FOLDERS:
        known = ", ".join(FOLDERS)
        raise field_error("/folder", "invalid_value", f"expected one of {known}")
    timezone = ZoneInfo(gateway.config.timezone)
    first = eagle.number(eagle.words(params, "idfrom")) or 0
    last = eagle.number(eagle.words(params, "idto"))
    wanted = Filter(
        direction="inbound" if folder == "inbox" else "outbound",
        states={"inbox": ("received",), "outbox": OUTBOX, "sentitems": SENT}[folder],
        from_=eagle.words(params, "from") if folder == "inbox" else None,
        to=eagle.words(params, "to") if folder == "sentitems" else None,
        since=_instant(params, "datefrom", timezone, 0),
        until=_instant(params, "dateto", timezone, 1000),  # the second is included
    )
    limit = min(eagle.number(eagle.words(params, "limit")) or MOST, MOST)
    cursor = None if last is None else last + 1
    found = await gateway.store.read(
        lambda db: rows.list_messages(db, wanted, limit=limit, cursor=cursor)
    )
    return [
        _inbox(row, timezone) if folder == "inbox" else _outbound(row, timezone)
        for row in reversed(found)
        if row.id >= first
    ]


def _instant(
    params: Mapping[str, Any], name: str, timezone: ZoneInfo, add: int
) -> int | None:
    text = eagle.words(params, name)
    if text is None:
        return None
    try:
        when = datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone below
    except ValueError:
        raise field_error(
            f"/{name}", "invalid_value", "expected YYYYmmDDHHMMSS"
        ) from None
    return eagle.unix_ms(when.replace(tzinfo=timezone), f"/{name}") + add


def _common(row: MessageRow, timezone: ZoneInfo) -> dict[str, object]:
    text = views.message(row).text or ""  # hides what only its recipient may read
    return {
        "UpdatedInDB": _local(row.final_at or row.sent_at or row.created_at, timezone),
        "Text": text.encode("utf-16-be").hex().upper(),
        "Coding": _CODING.get(row.encoding, "8bit"),
        "UDH": "",
        "SMSCNumber": "",
        "Class": "0" if row.options.get("flash") else "-1",
        "TextDecoded": text,
        "ID": str(row.id),
        "RecipientID": row.sim or "",
    }


def _inbox(row: MessageRow, timezone: ZoneInfo) -> dict[str, object]:
    return {
        "ReceivingDateTime": _local(row.created_at, timezone),
        "SenderNumber": row.peer,
        **_common(row, timezone),
        "Processed": "t",
        "id_folder": "1",
        "readed": "false",
    }


def _outbound(row: MessageRow, timezone: ZoneInfo) -> dict[str, object]:
    return {
        "InsertIntoDB": _local(row.created_at, timezone),
        "SendingDateTime": _local(row.sent_at or row.not_before, timezone),
        "DestinationNumber": row.peer,
        **_common(row, timezone),
        "SenderID": row.sim or "",
        "Status": STATUS.get(row.state, "Reserved"),
        "oid": row.reference or "",
    }


def _local(ms: int, timezone: ZoneInfo) -> str:
    return datetime.fromtimestamp(ms // 1000, timezone).strftime("%Y-%m-%d %H:%M:%S")
