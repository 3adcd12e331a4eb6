"""SMS-DELIVER: what the network brings (3GPP TS 23.040, 9.2.2.1)."""

from dataclasses import dataclass
from typing import Final

from modemgw.pdu.address import Address
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.dcs import Dcs, MessageWaiting, dcs
from modemgw.pdu.times import LENGTH, Timestamp
from modemgw.pdu.udh import Concat, Ports, Udh
from modemgw.pdu.userdata import UserData, read_user_data

MTI: Final = 0x00
NO_MORE_MESSAGES: Final = 0x04  # TP-MMS: set when nothing else waits
LOOP_PREVENTION: Final = 0x08  # TP-LP
REPORT_INDICATION: Final = 0x20  # TP-SRI: the sender asked for a report
UDHI: Final = 0x40
REPLY_PATH: Final = 0x80


@dataclass(frozen=True, slots=True)
class Deliver:
    """One SMS-DELIVER with every field it carries."""

    sender: Address
    scts: Timestamp
    user_data: UserData
    pid: int = 0
    more_messages: bool = False
    loop_prevention: bool = False
    report_indication: bool = False
    reply_path: bool = False
    sca: Address | None = None
    trailing: bytes = b""  # octets behind TP-UD that nothing accounts for

    @classmethod
    def read(cls, cursor: Cursor, sca: Address | None = None) -> "Deliver":
        """Read a TPDU; the SCA has been taken already."""
        first = cursor.octet("first octet")
        sender = Address.read(cursor, "TP-OA")
        pid = cursor.octet("TP-PID")
        coding = dcs(cursor.octet("TP-DCS"))
        scts = Timestamp(cursor.take(LENGTH, "TP-SCTS"))
        user_data = read_user_data(cursor, coding, has_header=bool(first & UDHI))
        return cls(
            sender,
            scts,
            user_data,
            pid,
            not first & NO_MORE_MESSAGES,
            bool(first & LOOP_PREVENTION),
            bool(first & REPORT_INDICATION),
            bool(first & REPLY_PATH),
            sca,
            cursor.take(cursor.left, "padding"),
        )

    def encode(self) -> bytes:
        """Return SCA and TPDU (without `trailing`)."""
        first = (
            MTI
            | (0 if self.more_messages else NO_MORE_MESSAGES)
            | (LOOP_PREVENTION if self.loop_prevention else 0)
            | (REPORT_INDICATION if self.report_indication else 0)
            | (UDHI if self.user_data.udh is not None else 0)
            | (REPLY_PATH if self.reply_path else 0)
        )
        return b"".join(
            (
                b"\0" if self.sca is None else self.sca.encode_sca(),
                bytes((first,)),
                self.sender.encode(),
                bytes((self.pid, self.dcs.octet)),
                self.scts.raw,
                self.user_data.encode(),
            )
        )

    @property
    def dcs(self) -> Dcs:
        """TP-DCS."""
        return self.user_data.dcs

    @property
    def udh(self) -> Udh | None:
        """The user data header."""
        return self.user_data.udh

    @property
    def text(self) -> str | None:
        """The text of this part; None for 8-bit data."""
        return self.user_data.text

    @property
    def data(self) -> bytes | None:
        """The octets of 8-bit data; None for text."""
        return self.user_data.data

    @property
    def user_payload(self) -> bytes:
        """Septets or octets before they are read as text, for joining parts."""
        return self.user_data.payload

    @property
    def encoding(self) -> str:
        """The alphabet by its name outwards: gsm7, ucs2 or 8bit."""
        return self.user_data.dcs.alphabet.value

    @property
    def concat(self) -> Concat | None:
        """Which part of which whole; None for a message of one part."""
        return self.user_data.concat

    @property
    def ports(self) -> Ports | None:
        """Application ports."""
        return self.user_data.ports

    @property
    def message_class(self) -> int | None:
        """Class 0 (flash) to 3 from TP-DCS."""
        return self.user_data.dcs.message_class

    @property
    def mwi(self) -> tuple[MessageWaiting, ...]:
        """Message waiting indications, from TP-DCS and from the header."""
        return self.user_data.waiting

    @property
    def is_silent(self) -> bool:
        """Whether this is a short message type 0: acknowledged, never shown."""
        return self.pid == 0x40  # noqa: PLR2004 - 9.2.3.9

    @property
    def replace_type(self) -> int | None:
        """1 to 7: replaces the last message of this sender with the same number."""
        return self.pid & 7 if 0x41 <= self.pid <= 0x47 else None  # noqa: PLR2004 - 9.2.3.9
