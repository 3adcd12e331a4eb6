"""Messages that no encoder of ours makes, as octets: SCA and TPDU."""

from modemgw.pdu.address import Address
from modemgw.pdu.dcs import dcs
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Udh
from modemgw.pdu.userdata import UserData

SENDER = Address.dialled("+491701234567")
CENTRE = Address.dialled("+999010099")
WHEN = Timestamp.from_unix(1_795_341_600_000)  # 2026-11-22T10:00:00Z
MONTH_0 = Timestamp(bytes.fromhex("620022010000FF"))
GSM7, UCS2, VOICE_MAIL_ON = 0x00, 0x08, 0xC8  # TP-DCS


def _deliver(
    coding: int, payload: bytes, *, scts: Timestamp = WHEN, udh: Udh | None = None
) -> bytes:
    data = UserData(dcs(coding), payload, udh)
    return Deliver(SENDER, scts, data, sca=CENTRE).encode()


def _half(seq: int, text: bytes) -> bytes:
    udh = Udh((Concat(77, 2, seq, False).element(),))
    return _deliver(UCS2, text, udh=udh)


SPLIT_EMOJI = (
    _half(1, "Emoji: ".encode("utf-16-be") + b"\xd8\x3d"),
    _half(2, b"\xde\x00" + "!".encode("utf-16-be")),
)
BAD_SCTS = _deliver(GSM7, b"No date", scts=MONTH_0)
VOICE_MAIL = _deliver(VOICE_MAIL_ON, b"")
