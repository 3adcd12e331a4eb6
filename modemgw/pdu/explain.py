"""Every octet of a TPDU in words: which field, what it means, which clause.

The decoders themselves say which octets they took for which field, so the
explanation cannot disagree with what the gateway understands.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from modemgw.errors import PduDecodeError
from modemgw.pdu import words
from modemgw.pdu.acks import DeliverReport, SubmitReport, describe_cause
from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.cursor import Cursor, TracingCursor
from modemgw.pdu.dcs import dcs
from modemgw.pdu.decode import detect, read
from modemgw.pdu.defect import defect
from modemgw.pdu.report import describe_tp_status
from modemgw.pdu.udh import Udh
from modemgw.pdu.validity import Validity
from modemgw.pdu.view import AnyTpdu, as_fields

# An answer that looks like another type on the wire must be asked for by name.
READERS: Final[dict[str, Callable[[Cursor], AnyTpdu]]] = {
    "deliver-report": DeliverReport.read,
    "submit-report": SubmitReport.read,
}

# Fields whose octets say everything: how to say it, and the clause.
_PLAIN: Final[dict[str, tuple[Callable[[bytes], str], str]]] = {
    "TP-MR": (lambda octets: f"message reference {octets[0]}", "9.2.3.6"),
    "TP-PID": (lambda octets: words.pid(octets[0]), "9.2.3.9"),
    "TP-SCTS": (words.instant, "9.2.3.11"),
    "TP-DT": (words.instant, "9.2.3.13"),
    "TP-ST": (lambda octets: describe_tp_status(octets[0]), "9.2.3.15"),
    "TP-FCS": (lambda octets: describe_cause(octets[0]), "9.2.3.22"),
    "UDHL": (lambda octets: f"header of {octets[0]} octets", "9.2.3.24"),
    "TP-PI": (lambda octets: words.indicator(octets[0]), "9.2.3.27"),
    "padding": (lambda _: "not part of the message", ""),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Some octets, what they are called, what they say, and where that stands."""

    octets: bytes
    field: str
    meaning: str
    clause: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All octets in order. `error` says what is wrong, `tpdu` what could be read."""

    lines: tuple[Line, ...]
    tpdu: AnyTpdu | None
    error: PduDecodeError | None = None


def explain(
    octets: bytes, *, has_sca: bool | None = None, kind: str | None = None
) -> Explanation:
    """Explain SCA and TPDU, or as much of it as can be read. Never fails.

    `kind` names an answer that looks like something else on the wire:
    `submit-report` or `deliver-report`. Those have no SCA.
    """
    cursor = TracingCursor(octets)
    tpdu: AnyTpdu | None = None
    error: PduDecodeError | None = None
    try:
        if kind is not None:
            tpdu = READERS[kind](cursor)
        else:
            if has_sca is None:
                has_sca = _has_sca(octets)
            tpdu = read(cursor, has_sca=has_sca)
    except PduDecodeError as refused:
        error = refused
    if tpdu is not None and (why := defect(tpdu)) is not None:
        error = PduDecodeError(why, octets)
    lines = _Explainer(kind, tpdu).lines(cursor.taken)
    if cursor.left:
        rest = cursor.take(cursor.left, "rest")
        lines.append(Line(rest, "not read", "", ""))
    return Explanation(tuple(lines), tpdu, error)


def _has_sca(octets: bytes) -> bool:
    try:
        return detect(octets)[0]
    except PduDecodeError:
        return True  # the rule; reading on shows where it fails


class _Explainer:
    """Goes through the fields in order; later ones depend on earlier ones."""

    def __init__(self, kind: str | None, tpdu: AnyTpdu | None) -> None:
        self._kind = kind
        self._tpdu = tpdu
        self._first = 0
        self._length = 0
        self._type = 0
        self._coding = dcs(0)
        self._stateful = {
            "octet": self._first_octet,
            "length": self._address_length,
            "type": self._address_type,
            **dict.fromkeys(("SCA", "TP-OA", "TP-DA", "TP-RA"), self._address),
            "TP-DCS": self._dcs,
            "TP-VP": self._vp,
            "TP-UDL": self._udl,
            "TP-UD": self._ud,
        }

    def lines(self, taken: list[tuple[str, bytes]]) -> list[Line]:
        """Return one line per field, one per element of the header."""
        found = []
        for field, octets in taken:
            if field == "UDH":
                found += self._header(octets)
                continue
            meaning, clause = self._meaning(field, octets)
            found.append(Line(octets, field, meaning, clause))
        return found

    def _header(self, octets: bytes) -> list[Line]:
        try:
            elements = Udh.decode(octets).elements
        except PduDecodeError as error:
            return [Line(octets, "UDH", str(error), "9.2.3.24")]
        return [Line(one.encode(), *words.element(one)) for one in elements]

    def _meaning(self, field: str, octets: bytes) -> tuple[str, str]:
        """Return what a field says and the clause that rules it."""
        if field in _PLAIN:
            say, clause = _PLAIN[field]
            return say(octets), clause
        return self._stateful[field.rsplit(maxsplit=1)[-1]](field, octets)

    def _first_octet(self, _: str, octets: bytes) -> tuple[str, str]:
        self._first = octets[0]
        return words.first_octet(octets[0], self._type_name(octets[0])), "9.2.3.1"

    def _address_length(self, field: str, octets: bytes) -> tuple[str, str]:
        number = octets[0]
        if not field.startswith("SCA"):
            self._length = number
            return f"{number} semi-octets", "9.1.2.5"
        self._length = 2 * (number - 1)
        meaning = f"{number} octets with the type"
        if not number:
            meaning = "none: the SIM's own service centre"
        return meaning, "24.011 8.2.5.1"

    def _address_type(self, _: str, octets: bytes) -> tuple[str, str]:
        self._type = octets[0]
        return words.address_type(octets[0]), "9.1.2.5"

    def _address(self, _: str, octets: bytes) -> tuple[str, str]:
        return Address.from_value(self._type, octets, self._length).text, "9.1.2.5"

    def _dcs(self, _: str, octets: bytes) -> tuple[str, str]:
        self._coding = dcs(octets[0])
        return words.coding(self._coding), "9.2.3.10"

    def _vp(self, _: str, octets: bytes) -> tuple[str, str]:
        validity = Validity.read(Cursor(octets), self._first >> 3 & 3)
        return "" if validity is None else words.validity(validity), "9.2.3.12"

    def _udl(self, _: str, octets: bytes) -> tuple[str, str]:
        is_gsm7 = self._coding.alphabet is Alphabet.GSM7
        unit = "septets" if is_gsm7 else "octets"
        return f"{octets[0]} {unit}, header included", "9.2.3.16"

    def _ud(self, _: str, __: bytes) -> tuple[str, str]:
        fields = as_fields(self._tpdu) if self._tpdu is not None else {}
        note = " (cut off)" if fields.get("truncated") else ""
        meaning = "8-bit data"
        if fields.get("text") is not None:
            meaning = json.dumps(fields["text"], ensure_ascii=False)
        return meaning + note, "9.2.3.24"

    def _type_name(self, first: int) -> str:
        if self._kind is not None:
            return self._kind
        return ("deliver", "submit", "status-report", "deliver")[first & 3]
