"""A simulated SIM: identity, PIN, its message memory and its last TP-MR.

The card keeps its state while modems come and go, as a real one does.
"""

from dataclasses import dataclass, field

from modemgw.sim.answers import cme
from modemgw.sim.balances import DEFAULT
from modemgw.sim.storage import Storage

PIN_TRIES, PUK_TRIES = 3, 10  # Spec: 3GPP TS 31.101, 9.5


def swapped(digits: str) -> str:
    """Write digits as swapped semi-octets, padded with F.

    >>> swapped("89491")
    '9894F1'
    """
    padded = digits if len(digits) % 2 == 0 else digits + "F"
    return "".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2))


@dataclass(slots=True)
class Card:
    """One SIM. `credit` in cents, None where nobody counts; `pin` None: not asked."""

    iccid: str
    imsi: str
    number: str
    smsc: str = "+999010099"
    pin: str | None = None
    puk: str = "12345678"
    credit: int | None = None
    price: int = 9  # cents for one part
    balance: str = DEFAULT  # the sentence in which the operator tells the credit
    tp_mr: int = 255  # last used; the first submit is 0
    pin_tries: int = PIN_TRIES
    puk_tries: int = PUK_TRIES
    unlocked: bool = False
    contacts: dict[int, tuple[str, str]] = field(default_factory=dict)
    sm: Storage = field(default_factory=lambda: Storage("SM", 30))

    def next_tp_mr(self) -> int:
        """Count TP-MR up by one. Spec: 3GPP TS 23.040, 9.2.3.6."""
        self.tp_mr = (self.tp_mr + 1) % 256
        return self.tp_mr

    @property
    def wants(self) -> str:
        """What AT+CPIN? says."""
        if self.pin_tries == 0:
            return "SIM PUK"
        return "READY" if self.pin is None or self.unlocked else "SIM PIN"

    def enter_pin(self, pin: str) -> None:
        """Try a PIN; Refused where it is wrong, used up or not asked for."""
        if self.wants == "SIM PUK":
            raise cme(12)
        if self.wants == "READY":
            raise cme(3)
        if pin != self.pin:
            self.pin_tries -= 1
            raise cme(16 if self.pin_tries else 12)
        self.pin_tries = PIN_TRIES
        self.unlocked = True

    def enter_puk(self, puk: str, new_pin: str) -> None:
        """Unblock the card and set a new PIN; Refused where the PUK is wrong."""
        if self.puk_tries == 0:
            raise cme(13)
        if puk != self.puk:
            self.puk_tries -= 1
            raise cme(16 if self.puk_tries else 13)
        self.pin, self.unlocked = new_pin, True
        self.pin_tries, self.puk_tries = PIN_TRIES, PUK_TRIES

    def charge(self) -> bool:
        """Take the price of one part; False where the credit is used up."""
        if self.credit is None:
            return True
        if self.credit < self.price:
            return False
        self.credit -= self.price
        return True

    def file(self, identifier: int) -> bytes | None:
        """Return an elementary file as AT+CRSM reads it. Spec: 3GPP TS 31.102, 4.2."""
        match identifier:
            case 0x2FE2:  # EF_ICCID
                return bytes.fromhex(swapped(self.iccid))[:10]
            case 0x6F07:  # EF_IMSI: length, then parity and digits
                return bytes((8,)) + bytes.fromhex(swapped("9" + self.imsi))
            case 0x6F43:  # EF_SMSS: last used TP-MR, memory capacity exceeded flag
                return bytes((self.tp_mr, 0xFE if self.sm.is_full else 0xFF))
            case 0x6F42:  # EF_SMSP: only the service centre address is present
                digits = self.smsc.removeprefix("+")
                address = bytes.fromhex(swapped(digits))
                centre = bytes((len(address) + 1, 0x91)) + address
                return b"\xfd" + b"\xff" * 12 + centre.ljust(12, b"\xff") + b"\xff" * 3
            case 0x6FAD:  # EF_AD: normal operation, two digits of MNC
                return bytes((0, 0, 0, 2))
            case _:
                return None
