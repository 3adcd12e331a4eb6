"""Octets as a modem shows them to a TPDU: the way in for everything received."""

from collections.abc import Callable
from typing import Final, assert_never

from modemgw.errors import PduDecodeError
from modemgw.pdu.address import MAX_SCA, MAX_TEXT, Address
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.report import StatusReport
from modemgw.pdu.submit import Submit
from modemgw.pdu.userdata import UserData

Tpdu = Deliver | StatusReport | Submit

_MTI_SUBMIT: Final = 1
_MTI_STATUS_REPORT: Final = 2


def decode(
    octets: bytes,
    *,
    has_sca: bool | None = None,
    tpdu_length: int | None = None,
    from_mobile: bool = False,
) -> Tpdu:
    """Decode SCA and TPDU, or a TPDU alone.

    `has_sca` None: find out whether an SCA stands in front; old firmware leaves
    it out. `tpdu_length` is the number that came with the octets (`+CMT: ,<n>`);
    it only helps to find out, because modems get it wrong.

    A TPDU says less than one thinks about its type: the same two bits mean
    SMS-SUBMIT on the way out and SMS-SUBMIT-REPORT on the way in. What a modem
    lists is read as SMS-SUBMIT, a stored draft. `from_mobile` True accepts
    nothing but SMS-SUBMIT. The reserved type is read as SMS-DELIVER (9.2.3.1).

    Raises PduDecodeError, which keeps the octets, and nothing else.
    """
    if has_sca is not None:
        return read(Cursor(octets), has_sca=has_sca, from_mobile=from_mobile)
    return detect(octets, tpdu_length=tpdu_length, from_mobile=from_mobile)[1]


def detect(
    octets: bytes, *, tpdu_length: int | None = None, from_mobile: bool = False
) -> tuple[bool, Tpdu]:
    """Find out whether an SCA stands in front, and decode.

    With an SCA is the rule. Without one is believed only where that makes good
    sense and the other way does not.
    """
    if tpdu_length != len(octets) and not from_mobile:
        report = StatusReport.usual(octets)
        if report is not None:
            return True, report
    error: PduDecodeError | None = None
    second_best: Tpdu | None = None
    # The reading with the SCA goes first, unless the length forbids it.
    for with_sca in (False, True) if tpdu_length == len(octets) else (True, False):
        try:
            tpdu = read(Cursor(octets), has_sca=with_sca, from_mobile=from_mobile)
        except PduDecodeError as refused:
            error = error or refused
            continue
        if _is_plausible(octets, tpdu, with_sca):
            return with_sca, tpdu
        if with_sca:
            second_best = tpdu
    if second_best is None:
        raise error or PduDecodeError("looks like no TPDU, without an SCA", octets)
    return True, second_best


def read(cursor: Cursor, *, has_sca: bool, from_mobile: bool = False) -> Tpdu:
    """Read what `decode` decodes, when it is known whether an SCA comes first."""
    sca = Address.read_sca(cursor) if has_sca else None
    if not cursor.left:
        raise cursor.error("no TPDU behind the SCA" if has_sca else "no octets")
    mti = cursor.octets[cursor.at] & 3
    reader: Callable[[Cursor, Address | None], Tpdu] = Deliver.read
    if mti == _MTI_SUBMIT:
        reader = Submit.read
    elif from_mobile:
        raise cursor.error(f"TP-MTI {mti} is no SMS-SUBMIT")
    elif mti == _MTI_STATUS_REPORT:
        reader = StatusReport.read
    return reader(cursor, sca)


def _is_plausible(octets: bytes, tpdu: Tpdu, with_sca: bool) -> bool:
    """Whether a reading looks like what a network would send."""
    # Every type-of-address has its top bit set; where there is no SCA, the octet
    # in its place is an address length or TP-MR, and mostly has not.
    if with_sca and octets[0] and (octets[0] > MAX_SCA or not octets[1] & 0x80):
        return False
    match tpdu:
        case Deliver():
            address, is_whole = tpdu.sender, _is_whole(tpdu.user_data, tpdu.trailing)
            is_dated = tpdu.scts.value is not None
        case StatusReport():  # modems pad it
            address, is_whole = tpdu.recipient, True
            is_dated = tpdu.scts.value is not None
        case Submit():
            address, is_whole = tpdu.recipient, _is_whole(tpdu.user_data, tpdu.trailing)
            is_dated = True
        case _:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(tpdu)
    return is_whole and is_dated and len(address.text) <= MAX_TEXT


def _is_whole(user_data: UserData, trailing: bytes) -> bool:
    """Whether the octets end where TP-UDL says."""
    return not user_data.truncated and not trailing
