"""What is wrong with a TPDU that could be read all the same."""

from modemgw.pdu.acks import DeliverReport, SubmitReport
from modemgw.pdu.decode import Tpdu
from modemgw.pdu.report import StatusReport


def defect(tpdu: Tpdu | DeliverReport | SubmitReport) -> str | None:
    """Say what is missing at the end of a TPDU, or None if nothing is.

    The gateway takes half a text rather than none; whoever checks a PDU wants to
    hear that it is damaged. Octets behind the end are no damage: modems pad.
    """
    user_data = tpdu.user_data
    if user_data is not None and user_data.truncated:
        return "the user data are shorter than TP-UDL or TP-UDHI says"
    if isinstance(tpdu, StatusReport) and _announces(tpdu.trailing):
        return f"the fields that TP-PI 0x{tpdu.trailing[0]:02X} announces are cut off"
    return None


def _announces(trailing: bytes) -> bool:
    """Whether octets are a TP-PI and its fields cut short, and no padding.

    Padding repeats one octet; a single one is taken for the indicator it may be.
    """
    if not trailing or (len(trailing) > 1 and len(set(trailing)) == 1):
        return False
    return trailing[0] & 0xF8 == 0 and trailing[0] & 0x07 != 0
