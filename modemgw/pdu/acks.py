"""SMS-DELIVER-REPORT and SMS-SUBMIT-REPORT: the answers one layer below.

A modem shows an SMS-SUBMIT-REPORT as `<ackpdu>` of `+CMGS:` and takes an
SMS-DELIVER-REPORT with AT+CNMA. Neither has an SCA. An acknowledgement and an
error differ by TP-FCS in second place; its values begin at 0x80, where TP-PI
has its extension bit, which no one uses: that tells them apart.

Spec: 3GPP TS 23.040, 9.2.2.1a, 9.2.2.2a; TS 27.005, 3.5.1 and 4.7.
"""

from dataclasses import dataclass
from typing import Final

from modemgw.pdu.cursor import Cursor
from modemgw.pdu.indicator import encode_optional, read_announced, read_optional
from modemgw.pdu.times import LENGTH, Timestamp
from modemgw.pdu.userdata import UserData

MTI_DELIVER_REPORT: Final = 0x00
MTI_SUBMIT_REPORT: Final = 0x01
UDHI: Final = 0x40
_FIRST_CAUSE: Final = 0x80

_CAUSES: Final = {
    0x80: "telematic interworking not supported",
    0x81: "short message type 0 not supported",
    0x82: "cannot replace the short message",
    0x8F: "unspecified TP-PID error",
    0x90: "data coding scheme (alphabet) not supported",
    0x91: "message class not supported",
    0x9F: "unspecified TP-DCS error",
    0xA0: "command cannot be actioned",
    0xA1: "command unsupported",
    0xAF: "unspecified TP-command error",
    0xB0: "TPDU not supported",
    0xC0: "service centre busy",
    0xC1: "no service centre subscription",
    0xC2: "service centre system failure",
    0xC3: "invalid recipient address",
    0xC4: "destination barred",
    0xC5: "rejected as a duplicate",
    0xC6: "TP-VPF not supported",
    0xC7: "TP-VP not supported",
    0xD0: "SIM storage full",
    0xD1: "no SMS storage capability in the SIM",
    0xD2: "error in the mobile station",
    0xD3: "memory capacity exceeded",
    0xD4: "SIM application toolkit busy",
    0xD5: "SIM data download error",
    0xFF: "unspecified error cause",
}


def describe_cause(cause: int) -> str:
    """Say in words what TP-FCS means (9.2.3.22)."""
    if cause in _CAUSES:
        return _CAUSES[cause]
    kind = "application specific" if cause >= 0xE0 else "reserved"  # noqa: PLR2004
    return f"{kind} cause 0x{cause:02X}"


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """How a mobile answers an SMS-DELIVER. `cause` (TP-FCS) None: accepted."""

    cause: int | None = None
    pid: int | None = None
    user_data: UserData | None = None
    trailing: bytes = b""

    @classmethod
    def decode(cls, octets: bytes) -> "DeliverReport":
        """Decode a TPDU without SCA; PduDecodeError if it is none."""
        return cls.read(Cursor(octets))

    @classmethod
    def read(cls, cursor: Cursor) -> "DeliverReport":
        """Read a TPDU."""
        first, cause = _read_head(cursor, MTI_DELIVER_REPORT)
        pid, user_data = read_optional(cursor, has_header=bool(first & UDHI))
        return cls(cause, pid, user_data, cursor.take(cursor.left, "padding"))

    def encode(self) -> bytes:
        """Return the TPDU."""
        head = _head(MTI_DELIVER_REPORT, self.cause, self.user_data)
        return head + (encode_optional(self.pid, self.user_data) or b"\0")


@dataclass(frozen=True, slots=True)
class SubmitReport:
    """How the service centre answers an SMS-SUBMIT. `cause` None: accepted."""

    scts: Timestamp
    cause: int | None = None
    pid: int | None = None
    user_data: UserData | None = None
    trailing: bytes = b""

    @classmethod
    def decode(cls, octets: bytes) -> "SubmitReport":
        """Decode a TPDU without SCA; PduDecodeError if it is none."""
        return cls.read(Cursor(octets))

    @classmethod
    def read(cls, cursor: Cursor) -> "SubmitReport":
        """Read a TPDU. TP-SCTS stands between TP-PI and what it announces."""
        first, cause = _read_head(cursor, MTI_SUBMIT_REPORT)
        indicator = cursor.octet("TP-PI")
        scts = Timestamp(cursor.take(LENGTH, "TP-SCTS"))
        pid, user_data = read_announced(
            cursor, indicator, has_header=bool(first & UDHI)
        )
        return cls(scts, cause, pid, user_data, cursor.take(cursor.left, "padding"))

    def encode(self) -> bytes:
        """Return the TPDU."""
        head = _head(MTI_SUBMIT_REPORT, self.cause, self.user_data)
        optional = encode_optional(self.pid, self.user_data) or b"\0"
        return head + optional[:1] + self.scts.raw + optional[1:]


def _read_head(cursor: Cursor, mti: int) -> tuple[int, int | None]:
    first = cursor.octet("first octet")
    if first & 3 != mti:
        raise cursor.error(f"TP-MTI {first & 3}, not {mti}")
    if cursor.left and cursor.octets[cursor.at] >= _FIRST_CAUSE:
        return first, cursor.octet("TP-FCS")
    return first, None


def _head(mti: int, cause: int | None, user_data: UserData | None) -> bytes:
    has_header = user_data is not None and user_data.udh is not None
    first = bytes((mti | (UDHI if has_header else 0),))
    return first if cause is None else first + bytes((cause,))
