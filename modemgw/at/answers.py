"""From the information lines of an answer to values. Lenient: modems differ.

A line that cannot be understood gives None or is left out; nothing here raises
on what a modem says.
"""

import re
from dataclasses import dataclass

Lines = list[str]

_QUOTED = re.compile(r'"([^"]*)"')
_GROUP = re.compile(r"\(([^()]*)\)")
_HEX_RUN = re.compile(r"[0-9A-Fa-f]+")
_INTEGER = re.compile(r"-?\d+")
# What nearly every modem says for each message; others are read field by field.
_REFERENCE = re.compile(r"\+CMGS: ?([0-9]{1,9})")
_LENGTH = re.compile(r"\+C(?:MT|DS): ?,?([0-9]{1,9})")
_ICCID = re.compile(r"[0-9]{6}[0-9A-Fa-f]{12,14}")
_MIN_IMEI, _MAX_IMEI = 14, 17  # IMEISV has 16 or 17 digits
_MIN_IMSI, _MAX_IMSI = 6, 15
_MAX_CSQ = 31
_OCTET = 256
_MIN_PDU = 8  # octets; less is a word that happens to begin like hex
_MAX_RANGE = 64  # no AT parameter list is longer; "(0-99999)" is noise


@dataclass(frozen=True, slots=True)
class Row:
    """One message as AT+CMGR or AT+CMGL gives it.

    `slot` is None from AT+CMGR. `stat`: 0 unread, 1 read, 2 and 3 stored by the
    user; None where the modem leaves it out. Spec: 3GPP TS 27.005, 3.1.
    """

    slot: int | None
    stat: int | None
    length: int | None
    octets: bytes


@dataclass(frozen=True, slots=True)
class Storage:
    """One memory in an AT+CPMS answer; the name is missing when it was set."""

    name: str | None
    used: int
    total: int


def tail(line: str) -> str:
    """Return what stands behind the prefix, or the whole line without one."""
    head, colon, rest = line.partition(":")
    return rest.strip() if colon and head[:1] in "+^*%#$!" else line.strip()


def fields(text: str) -> list[str]:
    """Split at commas outside quotes; quotes are removed, blanks stripped."""
    if '"' not in text:
        return [field.strip() for field in text.split(",")]
    parts = re.findall(r'(?:[^,"]|"[^"]*"?)+|(?<=,)(?=,|$)|^(?=,)', text)
    return [part.strip().strip('"') for part in parts]


def integer(text: str) -> int | None:
    """Read a short integer; None for anything else."""
    text = text.strip()
    short = len(text) <= 9  # noqa: PLR2004 - what no parameter or index exceeds
    return int(text) if short and _INTEGER.fullmatch(text) else None


def text_of(lines: Lines) -> str | None:
    """Return a free text answer (AT+CGMI …) on one line, without prefix, quotes."""
    words = [tail(line).strip('" ') for line in lines]
    return " ".join(word for word in words if word) or None


def first(lines: Lines) -> str:
    """Return what stands behind the prefix of the first line, or ''."""
    return tail(lines[0]) if lines else ""


def first_integer(lines: Lines) -> int | None:
    """Return the first field of the first line as a number."""
    return integer(fields(first(lines))[0])


def field_of(lines: Lines, number: int) -> int | None:
    """Return one field of the first line as a number; fields count from 0."""
    values = fields(first(lines))
    return integer(values[number]) if number < len(values) else None


def word_of(lines: Lines) -> str:
    """Return the one word of an answer such as `+CPIN: "READY"`, or ''."""
    return first(lines).strip('" ').upper()


def imei_of(lines: Lines) -> str | None:
    """Return the IMEI; IMEISV and serial numbers of other lengths are cut."""
    for line in lines:
        digits = "".join(c for c in tail(line) if c.isdigit())
        if _MIN_IMEI <= len(digits) <= _MAX_IMEI:
            return digits[:15]
    return None


def imsi_of(lines: Lines) -> str | None:
    """Return the IMSI of AT+CIMI."""
    for line in lines:
        digits = tail(line).strip('" ')
        if digits.isdecimal() and _MIN_IMSI <= len(digits) <= _MAX_IMSI:
            return digits
    return None


def iccid_of(lines: Lines) -> str | None:
    """Return the ICCID: 19 or 20 digits; letters occur at some operators.

    Nibble-swapped answers (Huawei) are put right: an ICCID begins with 89.
    """
    for line in lines:
        found = _ICCID.search(fields(tail(line).upper())[-1])
        if found is None:
            continue
        digits = found[0]
        if not digits.startswith("89"):
            swapped = swap_nibbles(digits)
            digits = swapped if swapped.startswith("89") else digits
        return digits.rstrip("F")
    return None


def crsm_iccid_of(lines: Lines) -> str | None:
    """Return the ICCID out of `+CRSM: 144,0,"98…"`. Spec: TS 31.102, 4.2.1."""
    for line in lines:
        values = fields(tail(line))
        if len(values) > 2 and values[0] == "144":  # noqa: PLR2004 - SW1, SW2, data
            return iccid_of([swap_nibbles(values[2])])
    return None


def crsm_reference_of(lines: Lines) -> int | None:
    """Return the first octet of EF_SMSS. Spec: TS 31.102, 4.2.9; 27.007, 8.18."""
    for line in lines:
        values = fields(tail(line))
        if len(values) > 2 and values[0] in ("144", "145"):  # noqa: PLR2004
            octets = _HEX_RUN.match(values[2])
            return int(octets[0][:2], 16) if octets and len(octets[0]) > 1 else None
    return None


def swap_nibbles(text: str) -> str:
    """Swap each pair of digits: semi-octets as the SIM stores them."""
    return "".join(text[i : i + 2][::-1] for i in range(0, len(text), 2))


def names_of(lines: Lines) -> tuple[tuple[str, ...], ...]:
    """Read AT+CPMS=?: the memory names per argument; () where it says nothing."""
    text = " ".join(tail(line) for line in lines)
    groups = [tuple(_QUOTED.findall(group)) for group in _GROUP.findall(text)]
    groups = [group for group in groups if group]
    if not groups and (names := tuple(_QUOTED.findall(text))):
        groups = [names]
    return tuple(groups)


def storages_of(lines: Lines) -> tuple[Storage, ...]:
    """Read AT+CPMS? (with names) or the answer to AT+CPMS= (without)."""
    found: list[Storage] = []
    name: str | None = None
    numbers: list[int] = []
    for value in fields(first(lines)):
        number = integer(value)
        if number is None:
            name, numbers = value, []
            continue
        numbers.append(number)
        if len(numbers) == 2:  # noqa: PLR2004 - used, total
            found.append(Storage(name, *numbers))
            name, numbers = None, []
    return tuple(found)


def ranges_of(lines: Lines) -> tuple[frozenset[int], ...]:
    """Read the supported values of `+CNMI: (0-2),(0,1),(2),0`, per argument."""
    values: list[frozenset[int]] = []
    for part in re.findall(r"\([^()]*\)|[\d-]+", first(lines)):
        numbers: set[int] = set()
        for item in part.strip("()").split(","):
            low, _, high = item.partition("-")
            a, b = integer(low), integer(high or low)
            if a is not None and b is not None:
                numbers |= set(range(a, min(b, a + _MAX_RANGE) + 1))
        values.append(frozenset(numbers))
    return tuple(values)


def address_of(lines: Lines) -> str | None:
    """Return the number of `+CSCA: "+49…",145`, or None where it is empty."""
    return fields(first(lines))[0] or None


def own_number_of(lines: Lines) -> str | None:
    """Return the first number of AT+CNUM, which is usually empty."""
    for line in lines:
        values = fields(tail(line))
        if len(values) > 1 and values[1]:
            return values[1]
    return None


def registration_of(lines: Lines) -> tuple[int | None, int | None]:
    """Return <n> and <stat> of `+CREG: 2,1,"00C3","01A2"`. Spec: TS 27.007, 7.2."""
    values = fields(first(lines))
    if len(values) < 2:  # noqa: PLR2004 - that is a URC, or nothing
        return None, None
    return integer(values[0]), integer(values[1])


def unasked_registration_of(text: str) -> int | None:
    """Return <stat> of the URC `+CREG: 1,"00C3","01A2"`."""
    return integer(fields(tail(text))[0])


def operator_of(lines: Lines) -> str | None:
    """Return the operator's name of `+COPS: 0,0,"Name",7`."""
    values = fields(first(lines))
    return (values[2] or None) if len(values) > 2 else None  # noqa: PLR2004


def dbm_of(lines: Lines) -> int | None:
    """Return dBm of `+CSQ: 17,99`; 99 is unknown. Spec: 3GPP TS 27.007, 8.5."""
    rssi = first_integer(lines)
    return -113 + 2 * rssi if rssi is not None and 0 <= rssi <= _MAX_CSQ else None


def reference_of(line: str) -> int | None:
    """Return TP-MR of `+CMGS: 41` or `+CMGS:41,"…"`; None if it is no octet."""
    plain = _REFERENCE.fullmatch(line)
    value = int(plain[1]) if plain else integer(fields(tail(line))[0])
    return value if value is not None and 0 <= value < _OCTET else None


def rows_of(lines: Lines) -> tuple[Row, ...]:
    """Read AT+CMGR and AT+CMGL in PDU mode; rows without octets are left out."""
    rows: list[Row] = []
    header: list[str] | None = None
    listed = False
    for line in lines:
        if line.startswith(("+CMGR:", "+CMGL:")):
            header, listed = fields(tail(line)), line.startswith("+CMGL:")
        elif header is not None and len(octets := octets_of(line)) >= _MIN_PDU:
            values = [integer(value) for value in header]
            slot = values.pop(0) if listed else None
            stat = values[0] if len(values) > 1 else None
            length = values[-1] if values else None
            rows.append(Row(slot, stat, length, octets))
            header = None
    return tuple(rows)


def octets_of(pdu: str) -> bytes:
    """Read the hex of a PDU line, as far as it is hex; a half octet is dropped."""
    try:
        octets = bytes.fromhex(pdu)
        if 2 * len(octets) == len(pdu):  # no blanks in it
            return octets
    except ValueError:
        pass
    found = _HEX_RUN.match(pdu.strip())
    digits = found[0] if found else ""
    return bytes.fromhex(digits[: len(digits) & ~1])


def announced(text: str) -> tuple[str | None, int | None]:
    """Return memory and slot of `+CMTI: "ME",0`, None where they are missing.

    SIM7000 says `+CMTI: ,-1` for a message that it did not store.
    """
    values = fields(tail(text))
    slot = integer(values[-1])
    memory = values[0] if len(values) > 1 and values[0] else None
    return memory, slot if slot is not None and slot >= 0 else None


def announced_length(text: str) -> int | None:
    """Return the length of `+CMT: ,25`, `+CDS: 25` and ZTE's `+CDS: ,25`."""
    plain = _LENGTH.fullmatch(text)
    return int(plain[1]) if plain else integer(fields(tail(text))[-1])
