"""TP-PI: the optional fields at the end of reports (3GPP TS 23.040, 9.2.3.27)."""

from typing import Final

from modemgw.errors import PduDecodeError
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.dcs import dcs
from modemgw.pdu.userdata import UserData, read_user_data

PI_PID: Final = 0x01
PI_DCS: Final = 0x02
PI_UDL: Final = 0x04
PI_EXTENSION: Final = 0x80  # another TP-PI octet follows
_PADDING: Final = 0xFF  # what modems fill a report's memory slot with


def read_optional(
    cursor: Cursor, *, has_header: bool
) -> tuple[int | None, UserData | None]:
    """Read TP-PI and what it announces: TP-PID and user data, if any.

    Fields that are cut off, and padding, count as absent: the cursor then stays
    where TP-PI began.
    """
    start = cursor.at
    if not cursor.left or cursor.octets[start] == _PADDING:
        return None, None
    try:
        indicator = cursor.octet("TP-PI")
        return read_announced(cursor, indicator, has_header=has_header)
    except PduDecodeError:
        cursor.back_to(start)
        return None, None


def read_announced(
    cursor: Cursor, indicator: int, *, has_header: bool
) -> tuple[int | None, UserData | None]:
    """Read the fields that a TP-PI octet, already taken, announces."""
    extension = indicator
    while extension & PI_EXTENSION:
        extension = cursor.octet("TP-PI")
    pid = cursor.octet("TP-PID") if indicator & PI_PID else None
    coding = dcs(cursor.octet("TP-DCS") if indicator & PI_DCS else 0)
    if indicator & PI_UDL:
        return pid, read_user_data(cursor, coding, has_header=has_header)
    return pid, UserData(coding) if indicator & PI_DCS else None


def encode_optional(pid: int | None, user_data: UserData | None) -> bytes:
    """Return TP-PI and the optional fields, or nothing where there are none."""
    if pid is None and user_data is None:
        return b""
    indicator = 0 if pid is None else PI_PID
    fields = b"" if pid is None else bytes((pid,))
    if user_data is not None:
        indicator |= PI_DCS
        fields += bytes((user_data.dcs.octet,))
        if user_data.payload or user_data.udh is not None:
            indicator |= PI_UDL
            fields += user_data.encode()
    return bytes((indicator,)) + fields
