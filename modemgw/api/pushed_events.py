"""Every type of event that is pushed: the shape of its data, and an example.

The `webhooks` section of the OpenAPI document is made of these. Whoever adds an event
describes it here; tests hold what is really pushed against it.
"""

from dataclasses import dataclass

import msgspec

from modemgw.api.event_shapes import (
    AlarmEvent,
    AllowanceEvent,
    BackupDoneEvent,
    BackupFailedEvent,
    BalanceLowEvent,
    BreakerEvent,
    CallEvent,
    DataOnlyEvent,
    MessageEvent,
    ModemEvent,
    ModemPlaceEvent,
    OptEvent,
    PingEvent,
    SelftestEvent,
    SimEvent,
    StartedEvent,
    StorageEvent,
    VerificationEvent,
    WebhookPausedEvent,
)
from modemgw.gateway.shapes import InboundMessage, Json


@dataclass(frozen=True, slots=True)
class Pushed:
    """One type of event: the shape of its data, and an example of it."""

    shape: type[msgspec.Struct]
    summary: str
    example: Json


_MSG = "msg_01KA7M2Z8Q4T6V8X0B2D4F6H8K"
_ICCID = "8949020000012345678"
_AT, _LATER = "2026-11-22T10:00:00Z", "2026-11-22T10:15:00Z"


def _message(state: str, summary: str, **more: object) -> Pushed:
    data: Json = {"id": _MSG, "state": state, "sequence": 4, "to": "+4915112345678"}
    data |= {"reference": "order-991", "sim": "red", "segments": 1}
    return Pushed(MessageEvent, summary, {**data, "latency_ms": 8120, **more})


def _reason(code: str, detail: str, *, retryable: bool = False) -> Json:
    return {"code": code, "detail": detail, "raw": None, "retryable": retryable}


def _sim(summary: str, why: str, **more: object) -> Pushed:
    data: Json = {"sim": "red", "iccid": _ICCID, "modem": "front", "why": why}
    data |= {"cause": None, "advice": None, "until": None, "benches": 0}
    return Pushed(SimEvent, summary, {**data, **more})


def _storage(summary: str, **more: object) -> Pushed:
    data: Json = {"sim": "red", "modem": "front", "at": _AT}
    return Pushed(StorageEvent, summary, {**data, **more})


def _allowance(summary: str, **more: object) -> Pushed:
    data: Json = {"sim": "red", "iccid": _ICCID, "what": "bundle", "name": "bundle"}
    data |= {"used": 455, "of": 500, "left": 45, "stops": False, "until": _LATER}
    return Pushed(AllowanceEvent, summary, {**data, **more})


def _modem(summary: str, phase: str, why: str, **more: object) -> Pushed:
    data: Json = {"modem": "front", "imei": "352099001761481", "port": "/dev/ttyUSB0"}
    return Pushed(ModemEvent, summary, {**data, "phase": phase, "why": why, **more})


def _place(summary: str, **more: object) -> Pushed:
    data: Json = {"modem": "front", "imei": "352099001761481", "port": "/dev/ttyUSB0"}
    return Pushed(ModemPlaceEvent, summary, {**data, **more})


def _opt(summary: str, word: str) -> Pushed:
    data: Json = {"id": _MSG, "number": "+4915112345678", "sim": "red"}
    return Pushed(
        OptEvent, summary, {**data, "scope": "all", "source": "sms"} | {"word": word}
    )


def _verification(summary: str, state: str) -> Pushed:
    data: Json = {"id": "ver_01KA7M2Z8Q4T6V8X0B2D4F6H8K", "state": state}
    data |= {"to": "+4915112345678", "message_id": _MSG}
    return Pushed(VerificationEvent, summary, data)


_INBOUND: Json = {
    **{"direction": "inbound", "id": _MSG, "state": "received"},
    **{"from": "+4915187654321", "to": "+4915112345678", "sim": "red"},
    **{"text": "Yes, 3 pm", "encoding": "gsm7", "segments": 1, "partial": False},
    **{"received_at": _AT, "smsc_time": "2026-11-22T09:59:58Z", "in_reply_to": None},
    **{"keyword": None, "data": None, "port": None, "sequence": 1},
}


def _alarm(told: str, **more: object) -> Pushed:
    example: dict[str, object] = {
        **{"id": "alm_01KA7M2Z8Q4T6V8X0B2D4F6H8K", "kind": "modem_lost"},
        **{"subject": "front", "what": "modem front is absent: the port is gone"},
        **{"advice": "modemgw modems journal front", "since": _AT, "raised_at": _AT},
        **{"cleared_at": None},
    }
    return Pushed(AlarmEvent, told, {**example, **more})


EVENTS: dict[str, Pushed] = {
    "message.queued": _message("queued", "A message was accepted, or waits again"),
    "message.sent": _message("sent", "The network has all of a message"),
    "message.delivered": _message("delivered", "The recipient's phone has it"),
    "message.undelivered": _message(
        "undelivered",
        "The network gave up",
        reason=_reason("recipient_absent", "the service centre gave up"),
    ),
    "message.failed": _message(
        "failed",
        "It was refused for good",
        reason=_reason("recipient_unknown", "unassigned number"),
    ),
    "message.expired": _message(
        "expired",
        "Its validity ended before it could leave",
        reason=_reason("expired", "no SIM could send it in time", retryable=True),
    ),
    "message.no_report": _message(
        "no_report",
        "It was sent, and no report came in time",
        reason=_reason("unknown", "its validity ended and no report came"),
    ),
    "message.in_doubt": _message(
        "in_doubt",
        "Nobody can say whether it left",
        reason=_reason("modem_timeout", "no answer after the text", retryable=True),
    ),
    "message.canceled": _message(
        "canceled",
        "It was canceled before it left",
        reason=_reason("canceled", "canceled by request"),
    ),
    "message.blocked": _message(
        "blocked",
        "A rule keeps it from leaving",
        reason=_reason("opted_out", "the recipient has asked for no more messages"),
    ),
    "message.received": Pushed(InboundMessage, "A SIM received a message", _INBOUND),
    "message.opt_out": _opt("A recipient wants no more messages", "stop"),
    "message.opt_in": _opt("A recipient wants messages again", "start"),
    "call.incoming": Pushed(
        CallEvent,
        "Somebody calls a SIM",
        {
            "sim": "red",
            "modem": "front",
            "at": _AT,
            "to": None,
            "from": "+4915187654321",
        },
    ),
    "sim.up": _sim("A SIM is in service again", "in service"),
    "sim.down": _sim("A SIM is out of service for minutes", "no network"),
    "sim.bench": _sim(
        "A SIM is taken out of service for its own fault",
        "short message transfer rejected",
        **{"cause": "refused", "advice": "check its credit and its tariff"},
        **{"until": _LATER, "benches": 1},
    ),
    "sim.parole": _sim(
        "A SIM sends slowly until it has proved itself",
        "the bench is over",
        **{"cause": "refused", "advice": "check its credit", "benches": 1},
    ),
    "sim.balance_low": Pushed(
        BalanceLowEvent,
        "A SIM has little money left",
        {
            **{"sim": "red", "iccid": _ICCID, "amount": "1.91", "currency": "EUR"},
            **{"low": "2.00", "at": _AT, "valid_until": "2027-12-31"},
        },
    ),
    "sim.allowance_low": _allowance("Little is left of a bundle, quota or cap"),
    "sim.allowance_corrected": _allowance(
        "Somebody corrected what is used", was=430, by="admin socket"
    ),
    "sim.selftest_failed": Pushed(
        SelftestEvent,
        "A SIM failed its self-test twice",
        {
            **{"sim": "red", "iccid": _ICCID, "to_sim": "blue", "leg": "delivery"},
            **{"why": "it did not arrive", "test": "tst_01KA7M2Z8Q4T6V8X0B2D4F6H8K"},
            "at": _AT,
        },
    ),
    "sim.storage_full": _storage("The network is refused what it brings"),
    "sim.storage_freed": _storage("There is room for received messages again"),
    "sim.storage_stuck": _storage(
        "A record that cannot be deleted is left alone", memory="SM", slot=3
    ),
    "sim.data_only": Pushed(
        DataOnlyEvent,
        "A SIM is registered for packets alone",
        {"sim": "red", "modem": "front", "at": _AT, "creg": 3, "cereg": 1},
    ),
    "modem.lost": _modem("A modem is out of service", "absent", "the port is gone"),
    "modem.recovered": _modem("A modem is back", "ready", "ready", rung="replug"),
    "modem.added": _place("A modem was found"),
    "modem.removed": _place("A modem is no longer ours", why="unplugged for a day"),
    "modem.unstable": _place(
        "A modem comes and goes", why="check cable and power", losses=6
    ),
    "verification.approved": _verification("A code was entered right", "approved"),
    "verification.failed": _verification("A code is of no use any more", "expired"),
    "webhook.paused": Pushed(
        WebhookPausedEvent,
        "An endpoint is paused after days of failures",
        {
            **{"id": "whk_01KA7M2Z8Q4T6V8X0B2D4F6H8K", "target": "10.0.0.5:80"},
            **{"failing_since": _AT, "detail": "status 500"},
        },
    ),
    "alarm.raised": _alarm("Something is wrong on the box"),
    "alarm.reminded": _alarm("It is still wrong"),
    "alarm.cleared": _alarm("It is over", cleared_at=_AT),
    "gateway.started": Pushed(
        StartedEvent, "The gateway began to work", {"version": "1.0.0", "clean": True}
    ),
    "gateway.backup_done": Pushed(
        BackupDoneEvent,
        "A backup was made and checked",
        {
            **{"path": "/mnt/usb/modemgw/modemgw-20261122T023000Z.db.age"},
            **{"octets": 48_234_496, "seconds": 41.5, "encrypted": True},
            "messages": 51_204,
        },
    ),
    "gateway.backup_failed": Pushed(
        BackupFailedEvent,
        "No backup was made",
        {
            "path": "/mnt/usb/modemgw",
            "why": "no drive is mounted at '/mnt/usb/modemgw'",
        },
    ),
    "gateway.breaker_tripped": Pushed(
        BreakerEvent,
        "Too many parts left within an hour: nothing is sent",
        {"max_parts_per_hour": 500, "until": _LATER},
    ),
    "gateway.breaker_reset": Pushed(
        BreakerEvent, "Sending goes on", {"max_parts_per_hour": 500, "by": "time"}
    ),
    "test.ping": Pushed(
        PingEvent,
        "Somebody tries out an endpoint",
        {"webhook": "whk_01KA7M2Z8Q4T6V8X0B2D4F6H8K", "by": "admin socket"},
    ),
}
