"""SMS-STATUS-REPORT and what TP-ST means (3GPP TS 23.040, 9.2.2.3, 9.2.3.15)."""

from enum import Enum
from typing import Final

from modemgw.pdu.address import MAX_SCA, MAX_TEXT, Address, centre
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.indicator import encode_optional, read_optional
from modemgw.pdu.times import LENGTH, Timestamp
from modemgw.pdu.userdata import UserData
from modemgw.values import value

MTI: Final = 0x02
NO_MORE_MESSAGES: Final = 0x04  # TP-MMS
LOOP_PREVENTION: Final = 0x08  # TP-LP
COMMAND_RESULT: Final = 0x20  # TP-SRQ: answers an SMS-COMMAND, not an SMS-SUBMIT
UDHI: Final = 0x40
_LEAST: Final = 4 + 2 * LENGTH + 1  # octets, with an empty TP-RA


class Delivery(Enum):
    """What a status report says about one part."""

    DELIVERED = "delivered"  # 0x00-0x1F: the transaction is complete
    PENDING = "pending"  # 0x20-0x3F: the SMSC is still trying
    FAILED = "failed"  # 0x40-0x5F: permanent, the SMSC has given up
    FAILED_TEMPORARY = (
        "failed_temporary"  # 0x60-0x7F: the SMSC gave up, it may work later
    )


_GROUPS: Final = (Delivery.DELIVERED, Delivery.PENDING, Delivery.FAILED)

_SENTENCES: Final = {
    0x00: "received by the recipient",
    0x01: "forwarded to the recipient, the service centre cannot confirm delivery",
    0x02: "replaced by the service centre",
    0x20: "congestion, the service centre is still trying",
    0x21: "recipient busy, the service centre is still trying",
    0x22: "no response from the recipient, the service centre is still trying",
    0x23: "service rejected, the service centre is still trying",
    0x24: "quality of service not available, the service centre is still trying",
    0x25: "error in the recipient's device, the service centre is still trying",
    0x40: "remote procedure error",
    0x41: "incompatible destination",
    0x42: "connection rejected by the recipient",
    0x43: "not obtainable",
    0x44: "quality of service not available",
    0x45: "no interworking available",
    0x46: "validity period expired",
    0x47: "deleted by the sender",
    0x48: "deleted by the service centre's administration",
    0x49: "the message does not exist",
    0x60: "congestion, the service centre gave up",
    0x61: "recipient busy, the service centre gave up",
    0x62: "no response from the recipient, the service centre gave up",
    0x63: "service rejected, the service centre gave up",
    0x64: "quality of service not available, the service centre gave up",
    0x65: "error in the recipient's device, the service centre gave up",
}
_CLASSES: Final = {
    Delivery.DELIVERED: "completed",
    Delivery.PENDING: "the service centre is still trying",
    Delivery.FAILED: "permanent error",
    Delivery.FAILED_TEMPORARY: "the service centre gave up",
}


def classify_tp_status(tp_status: int) -> Delivery:
    """Map TP-ST to an outcome.

    Reserved values count as 0x63, Service Rejected; keep the raw octet in the
    database either way.

    Spec: 3GPP TS 23.040, 9.2.3.15.
    """
    group = tp_status >> 5
    return _GROUPS[group] if group < len(_GROUPS) else Delivery.FAILED_TEMPORARY


_DELIVERIES: Final = tuple(classify_tp_status(octet) for octet in range(256))


def describe_tp_status(tp_status: int) -> str:
    """Say in words what TP-ST means; every octet has a sentence."""
    if tp_status in _SENTENCES:
        return _SENTENCES[tp_status]
    if tp_status & 0x80:
        return f"reserved value 0x{tp_status:02X}, counts as service rejected"
    kind = "specific to the service centre" if tp_status & 0x10 else "reserved"
    return f"{_CLASSES[classify_tp_status(tp_status)]}, {kind} (0x{tp_status:02X})"


@value
class StatusReport:
    """One SMS-STATUS-REPORT. `tp_status` is TP-ST as it came.

    `pid` and `user_data` are None where TP-PI does not announce them.
    """

    tp_mr: int
    recipient: Address
    scts: Timestamp
    discharge: Timestamp
    tp_status: int
    more_messages: bool = False
    loop_prevention: bool = False
    of_command: bool = False
    pid: int | None = None
    user_data: UserData | None = None
    sca: Address | None = None
    trailing: bytes = b""  # octets that nothing accounts for; modems pad reports

    @classmethod
    def read(cls, cursor: Cursor, sca: Address | None = None) -> "StatusReport":
        """Read a TPDU; the SCA has been taken already.

        Optional fields that make no sense are padding and end up in `trailing`:
        the outcome in front of them is what counts.
        """
        first = cursor.octet("first octet")
        tp_mr = cursor.octet("TP-MR")
        recipient = Address.read(cursor, "TP-RA")
        scts = Timestamp(cursor.take(LENGTH, "TP-SCTS"))
        discharge = Timestamp(cursor.take(LENGTH, "TP-DT"))
        tp_status = cursor.octet("TP-ST")
        pid, user_data = read_optional(cursor, has_header=bool(first & UDHI))
        return cls(
            tp_mr,
            recipient,
            scts,
            discharge,
            tp_status,
            not first & NO_MORE_MESSAGES,
            bool(first & LOOP_PREVENTION),
            bool(first & COMMAND_RESULT),
            pid,
            user_data,
            sca,
            cursor.take(cursor.left, "padding"),
        )

    @classmethod
    def usual(cls, octets: bytes) -> "StatusReport | None":
        """Read what nearly all modems give: an SCA, and a report that ends with TP-ST.

        None: it is something else. Gives what `read` gives, and nothing that does not
        look like what a network would send.
        """
        size = len(octets)
        length = octets[0] if size else 0
        at = length + 1
        if length > MAX_SCA or size < at + _LEAST or octets[at] & 3 != MTI:
            return None
        digits = octets[at + 2]
        end = at + 4 + (digits + 1) // 2  # of TP-RA
        status = end + 2 * LENGTH
        if size != status + 1 or (length and not octets[1] & 0x80):
            return None
        recipient = Address.from_value(octets[at + 3], octets[at + 4 : end], digits)
        scts = Timestamp(octets[end : end + LENGTH])
        if scts.value is None or len(recipient.text) > MAX_TEXT:
            return None
        first = octets[at]
        return cls(
            octets[at + 1],
            recipient,
            scts,
            Timestamp(octets[end + LENGTH : status]),
            octets[status],
            not first & NO_MORE_MESSAGES,
            bool(first & LOOP_PREVENTION),
            bool(first & COMMAND_RESULT),
            None,
            None,
            centre(octets[1], octets[2:at]) if length else None,
        )

    def encode(self) -> bytes:
        """Return SCA and TPDU (without `trailing`)."""
        has_header = self.user_data is not None and self.user_data.udh is not None
        first = (
            MTI
            | (0 if self.more_messages else NO_MORE_MESSAGES)
            | (LOOP_PREVENTION if self.loop_prevention else 0)
            | (COMMAND_RESULT if self.of_command else 0)
            | (UDHI if has_header else 0)
        )
        return b"".join(
            (
                b"\0" if self.sca is None else self.sca.encode_sca(),
                bytes((first, self.tp_mr)),
                self.recipient.encode(),
                self.scts.raw,
                self.discharge.raw,
                bytes((self.tp_status,)),
                encode_optional(self.pid, self.user_data),
            )
        )

    @property
    def delivery(self) -> Delivery:
        """What the report means for the part it is about."""
        return _DELIVERIES[self.tp_status]

    @property
    def text(self) -> str | None:
        """Text in the report, which few networks send."""
        return self.user_data.text if self.user_data is not None else None
