"""A decoded TPDU as plain values: what `modemgw pdu decode --json` prints."""

from typing import Final, assert_never

from modemgw.pdu.acks import DeliverReport, SubmitReport
from modemgw.pdu.address import Address
from modemgw.pdu.decode import Tpdu
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.report import StatusReport, describe_tp_status
from modemgw.pdu.submit import Submit
from modemgw.pdu.udh import Udh
from modemgw.pdu.userdata import UserData
from modemgw.pdu.validity import Validity

AnyTpdu = Tpdu | DeliverReport | SubmitReport
Value = str | int | bool | list["Value"] | dict[str, "Value"] | None
Fields = dict[str, Value]

_USER_DATA: Final = (
    *("text", "data", "encoding", "national", "udh"),
    *("class", "dcs", "mwi", "truncated"),
)


def as_fields(tpdu: AnyTpdu) -> Fields:
    """Return every field by its name; what a type does not have is absent.

    `text` and `data`, `udh`, `class` and the like are null where this TPDU has
    none, instants ISO 8601 with the network's offset, octets upper-case hex.
    """
    match tpdu:
        case Deliver():
            return {
                "type": "deliver",
                "smsc": _sca(tpdu.sca),
                "sender": tpdu.sender.text,
                "scts": tpdu.scts.iso,
                **_user_data(tpdu.user_data),
                "pid": tpdu.pid,
                "status_report_requested": tpdu.report_indication,
                "more_messages": tpdu.more_messages,
                "reply_path": tpdu.reply_path,
            }
        case Submit():
            return {
                "type": "submit",
                "smsc": _sca(tpdu.sca),
                "recipient": tpdu.recipient.text,
                "mr": tpdu.tp_mr,
                "validity": _validity(tpdu.validity),
                **_user_data(tpdu.user_data),
                "pid": tpdu.pid,
                "status_report_requested": tpdu.report_requested,
                "reject_duplicates": tpdu.reject_duplicates,
                "reply_path": tpdu.reply_path,
            }
        case StatusReport():
            return {
                "type": "status-report",
                "smsc": _sca(tpdu.sca),
                "recipient": tpdu.recipient.text,
                "mr": tpdu.tp_mr,
                "scts": tpdu.scts.iso,
                "discharge": tpdu.discharge.iso,
                "status": tpdu.tp_status,
                "status_class": tpdu.delivery.value,
                "status_text": describe_tp_status(tpdu.tp_status),
                **_user_data(tpdu.user_data),
                "pid": tpdu.pid,
                "more_messages": tpdu.more_messages,
            }
        case SubmitReport():
            return {
                "type": "submit-report",
                "cause": tpdu.cause,
                "scts": tpdu.scts.iso,
                **_user_data(tpdu.user_data),
                "pid": tpdu.pid,
            }
        case DeliverReport():
            return {
                "type": "deliver-report",
                "cause": tpdu.cause,
                **_user_data(tpdu.user_data),
                "pid": tpdu.pid,
            }
        case _:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(tpdu)


def _sca(sca: Address | None) -> str | None:
    return None if sca is None else sca.text


def _user_data(user_data: UserData | None) -> Fields:
    if user_data is None:
        return dict.fromkeys(_USER_DATA)
    udh, data = user_data.udh, user_data.data
    national = udh is not None and bool(udh.locking or udh.shift)
    return {
        "text": user_data.text,
        "data": None if data is None else data.hex().upper(),
        "encoding": user_data.dcs.alphabet.value,
        "national": {"locking": udh.locking, "shift": udh.shift}
        if udh is not None and national
        else None,
        "udh": None if udh is None else _udh(udh),
        "class": user_data.dcs.message_class,
        "dcs": user_data.dcs.octet,
        "mwi": [
            {
                "kind": waiting.kind.value,
                "active": waiting.active,
                "store": waiting.store,
                "count": waiting.count,
            }
            for waiting in user_data.waiting
        ]
        or None,
        "truncated": user_data.truncated,
    }


def _udh(udh: Udh) -> Fields:
    concat, ports = udh.concat, udh.ports
    return {
        "concat": None
        if concat is None
        else {
            "ref": concat.ref,
            "total": concat.total,
            "seq": concat.seq,
            "wide": concat.wide,
        },
        "ports": None
        if ports is None
        else {"source": ports.source, "destination": ports.destination},
        "elements": [
            {"iei": element.iei, "data": element.data.hex().upper()}
            for element in udh.elements
        ],
    }


def _validity(validity: Validity | None) -> Value:
    """Seconds for a period, ISO 8601 for an instant."""
    if validity is None:
        return None
    if validity.until is not None:
        return validity.until.iso
    period = validity.period
    return None if period is None else int(period.total_seconds())
