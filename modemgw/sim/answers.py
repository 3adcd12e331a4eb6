"""Refusals of a simulated modem, and how each is spelled on the wire.

The sentences are those that modems print with AT+CMEE=2; the numbers are the
standard's. Spec: 3GPP TS 27.007, 9.2 and TS 27.005, 3.2.5.
"""

OK, RING, NO_CARRIER, ERROR, NO_DIALTONE, BUSY, NO_ANSWER = (
    "OK",
    "RING",
    "NO CARRIER",
    "ERROR",
    "NO DIALTONE",
    "BUSY",
    "NO ANSWER",
)
NUMERIC = {  # ATV0, ITU-T V.250, 5.7.1
    OK: "0",
    RING: "2",
    NO_CARRIER: "3",
    ERROR: "4",
    NO_DIALTONE: "6",
    BUSY: "7",
    NO_ANSWER: "8",
}

CME = {
    0: "phone failure",
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    24: "text string too long",
    25: "invalid characters in text string",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    50: "incorrect parameters",
    100: "unknown",
    258: "network rejected request",
}
CMS = {
    1: "unassigned (unallocated) number",
    8: "operator determined barring",
    10: "call barred",
    21: "short message transfer rejected",
    22: "memory capacity exceeded",
    27: "destination out of service",
    28: "unidentified subscriber",
    29: "facility rejected",
    30: "unknown subscriber",
    38: "network out of order",
    41: "temporary failure",
    42: "congestion",
    47: "resources unavailable, unspecified",
    50: "requested facility not subscribed",
    69: "requested facility not implemented",
    300: "ME failure",
    301: "SMS service of ME reserved",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    316: "SIM PUK required",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}


class Refused(Exception):
    """The modem says no. `kind` is "CME", "CMS", or "" for a bare ERROR."""

    def __init__(self, kind: str = "", code: int = 0) -> None:
        super().__init__(f"{kind} {code}")
        self.kind = kind
        self.code = code

    def line(self, cmee: int, spelled: str = "+{kind} ERROR: {code}") -> str:
        """Spell the final result code as AT+CMEE wants it.

        +CMS ERROR keeps its number under CMEE=0: most modems do, because
        TS 27.005 does not tie it to that setting.
        """
        if not self.kind or (self.kind == "CME" and cmee == 0):
            return ERROR
        if cmee == 2:  # noqa: PLR2004 - AT+CMEE=2, sentences
            sentences = CME if self.kind == "CME" else CMS
            sentence = sentences.get(self.code, "unknown error")
            return spelled.format(kind=self.kind, code=sentence)
        return spelled.format(kind=self.kind, code=self.code)


def cme(code: int) -> Refused:
    """Refuse as the equipment does."""
    return Refused("CME", code)


def cms(code: int) -> Refused:
    """Refuse as the message service does."""
    return Refused("CMS", code)


class Final(Refused):
    """Another final result code, as calls have them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def line(self, cmee: int, spelled: str = "") -> str:
        """Spell it as it is."""
        return self._text


class NotThere(Refused):
    """The command, or this form of it, does not exist on this modem."""
