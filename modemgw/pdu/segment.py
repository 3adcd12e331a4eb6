"""Text or data to parts: which alphabet, how many parts, where to cut.

One segmentation serves any number of recipients: everything that does not
depend on the recipient, the packed septets too, is made here once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from modemgw.errors import PduEncodeError
from modemgw.pdu.alphabet import ESC, GSM7, Alphabet, charset
from modemgw.pdu.graphemes import is_boundary
from modemgw.pdu.septets import fill_bits, pack_septets
from modemgw.pdu.shifts import LANGUAGES, LOCKING
from modemgw.pdu.udh import IEI_LOCKING_SHIFT, IEI_SINGLE_SHIFT, Element, Ports
from modemgw.pdu.userdata import MAX_OCTETS, MAX_SEPTETS
from modemgw.values import value

MAX_PARTS: Final = 255  # one octet, 3GPP TS 23.040, 9.2.3.24.1
_CONCAT: Final = 5  # octets of the element with an 8-bit reference
_CONCAT_WIDE: Final = 6
_GSM7_FIRST: Final = frozenset({"auto", "national", "gsm7"})  # tries it first
_HIGH_SURROGATES: Final = range(0xD8, 0xDC)  # first octet of the code unit


@value
class Part:
    """One part before it has a recipient and a reference.

    `payload` holds septets (one per octet) or octets; `packed` is what stands
    behind the header in TP-UD; `units` is what `payload` adds to TP-UDL.
    """

    text: str
    payload: bytes
    packed: bytes

    @property
    def units(self) -> int:
        """Septets or octets."""
        return len(self.payload)


@value
class Segments:
    """A whole message, cut: what every part has in common, and the parts."""

    alphabet: Alphabet
    parts: tuple[Part, ...]
    wide: bool = False
    locking: int = 0
    shift: int = 0
    ports: Ports | None = None

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.parts)

    @property
    def is_bare(self) -> bool:
        """Whether no header is in front of the text: one part, and nothing special."""
        return (
            len(self.parts) == 1
            and self.ports is None
            and not (self.locking or self.shift)
        )

    @property
    def encoding(self) -> str:
        """The alphabet by its name outwards: gsm7, ucs2 or 8bit."""
        return self.alphabet.value

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each part; empty strings for data."""
        return tuple(part.text for part in self.parts)

    @property
    def elements(self) -> tuple[Element, ...]:
        """The header elements that all parts share: all but concatenation."""
        return self._layout.elements

    @property
    def shared_header(self) -> bytes:
        """The same, encoded, without UDHL."""
        return self._layout.encoded

    @property
    def _layout(self) -> "_Layout":
        return _layout(self.ports, self.wide, self.locking, self.shift)


def segment(
    text: str,
    *,
    encoding: str = "auto",
    national: tuple[int, ...] = (),
    wide: bool = False,
    ports: Ports | None = None,
) -> Segments:
    """Cut `text` into as few parts as the allowed alphabets give.

    `encoding`: `gsm7` and `ucs2` are what they say. `auto` is GSM 7-bit where
    every character has a septet, else UCS-2. `national` also tries the shift
    tables of the languages in `national` (all of them if it is empty) where
    they save parts. With `auto`, languages in `national` are tried too.

    Raises PduEncodeError where a character has no code, and above 255 parts.
    """
    if len(text) > MAX_PARTS * MAX_SEPTETS:
        raise PduEncodeError(f"{len(text)} characters are more than {MAX_PARTS} parts")
    if ports is None and len(text) <= MAX_SEPTETS and encoding in _GSM7_FIRST:
        septets = GSM7.encode(text)
        if septets is not None and len(septets) <= MAX_SEPTETS:
            part = Part(text, septets, pack_septets(septets))
            return Segments(Alphabet.GSM7, (part,), wide)
    make = _Maker(text, wide, ports)
    match encoding:
        case "auto":
            segments = make.gsm7() or make.cheapest(national)
        case "national":
            segments = make.gsm7() or make.cheapest(national or tuple(LANGUAGES))
        case "gsm7":
            found = make.gsm7()
            if found is None:
                missing = "".join(GSM7.missing(text))
                raise PduEncodeError(f"not in the GSM 7-bit alphabet: {missing!r}")
            segments = found
        case "ucs2":
            segments = make.ucs2()
        case _:
            raise PduEncodeError(f"no such encoding: {encoding!r}")
    return _checked(segments)


def segment_data(
    data: bytes, *, ports: Ports | None = None, wide: bool = False
) -> Segments:
    """Cut 8-bit data into parts. Raises PduEncodeError above 255 parts."""
    if len(data) > MAX_PARTS * MAX_OCTETS:
        raise PduEncodeError(f"{len(data)} octets are more than {MAX_PARTS} parts")
    layout = _layout(ports, wide, 0, 0)
    cuts = _cut(len(data), layout.alone, layout.joined, lambda at: at)
    parts = tuple(Part("", data[a:b], data[a:b]) for a, b in cuts)
    return _checked(Segments(Alphabet.DATA, parts, wide, ports=ports))


def _checked(segments: Segments) -> Segments:
    if len(segments.parts) > MAX_PARTS:
        raise PduEncodeError(
            f"{len(segments)} parts; at most {MAX_PARTS} can be joined"
        )
    return segments


@dataclass(frozen=True, slots=True)
class _Layout:
    """The header that all parts share, and the octets it leaves for the text."""

    elements: tuple[Element, ...]
    encoded: bytes
    alone: int  # in a message of one part
    joined: int  # behind a concatenation element


@lru_cache(maxsize=256)
def _layout(ports: Ports | None, wide: bool, locking: int, shift: int) -> _Layout:
    elements = []
    if ports is not None:
        elements.append(ports.element())
    if shift:
        elements.append(Element(IEI_SINGLE_SHIFT, bytes((shift,))))
    if locking:
        elements.append(Element(IEI_LOCKING_SHIFT, bytes((locking,))))
    encoded = b"".join(element.encode() for element in elements)
    concat = _CONCAT_WIDE if wide else _CONCAT
    return _Layout(
        tuple(elements),
        encoded,
        MAX_OCTETS - (len(encoded) + 1 if encoded else 0),
        MAX_OCTETS - (len(encoded) + 1 + concat),
    )


class _Maker:
    """Cuts one text in whichever alphabet is asked for."""

    def __init__(self, text: str, wide: bool, ports: Ports | None) -> None:
        self._text = text
        self._wide = wide
        self._ports = ports

    def gsm7(self, locking: int = 0, shift: int = 0) -> Segments | None:
        """Cut as septets, never between ESC and its code; None if impossible."""
        tables = charset(locking, shift)
        septets = tables.encode(self._text)
        if septets is None:
            return None
        layout = _layout(self._ports, self._wide, locking, shift)
        alone, joined = 8 * layout.alone // 7, 8 * layout.joined // 7
        if len(septets) <= alone:
            fill = fill_bits(MAX_OCTETS - layout.alone)
            packed = pack_septets(septets, fill_bits=fill)
            parts: tuple[Part, ...] = (Part(self._text, septets, packed),)
        else:
            fill = fill_bits(MAX_OCTETS - layout.joined)
            payloads = [
                septets[a:b]
                for a, b in _cut(
                    len(septets),
                    alone,
                    joined,
                    lambda at: at - (septets[at - 1] == ESC),
                )
            ]
            parts = tuple(
                Part(
                    tables.decode(payload),
                    payload,
                    pack_septets(payload, fill_bits=fill),
                )
                for payload in payloads
            )
        return Segments(Alphabet.GSM7, parts, self._wide, locking, shift, self._ports)

    def ucs2(self) -> Segments:
        """Cut as UTF-16, never inside a surrogate pair, rarely in a grapheme."""
        try:
            octets = self._text.encode("utf-16-be")
        except UnicodeEncodeError:
            raise PduEncodeError("the text holds half a surrogate pair") from None
        layout = _layout(self._ports, self._wide, 0, 0)
        if len(octets) <= layout.alone // 2 * 2:
            parts: tuple[Part, ...] = (Part(self._text, octets, octets),)
        else:
            cuts = _cut_utf16(self._text, octets, layout)
            payloads = [octets[2 * a : 2 * b] for a, b in cuts]
            parts = tuple(
                Part(payload.decode("utf-16-be"), payload, payload)
                for payload in payloads
            )
        return Segments(Alphabet.UCS2, parts, self._wide, ports=self._ports)

    def cheapest(self, national: tuple[int, ...]) -> Segments:
        """Return UCS-2, or the national tables where those give fewer parts."""
        best = self.ucs2()
        for language in national:
            if language not in LANGUAGES:
                raise PduEncodeError(f"no such national language: {language!r}")
            for locking, shift in ((0, language), (language, 0), (language, language)):
                if locking and locking not in LOCKING:
                    continue
                found = self.gsm7(locking, shift)
                if found is not None and len(found) < len(best):
                    best = found
        return best


def _cut_utf16(text: str, octets: bytes, layout: _Layout) -> list[tuple[int, int]]:
    """Cut UTF-16 into ranges of code units."""

    def safe(at: int) -> int:
        return at - (octets[2 * at - 2] in _HIGH_SURROGATES)

    joined = layout.joined // 2
    cuts = _cut(len(octets) // 2, layout.alone // 2, joined, safe)
    return _kinder(text, octets, cuts, joined, safe)


def _cut(
    units: int, alone: int, joined: int, safe: Callable[[int], int]
) -> list[tuple[int, int]]:
    """Cut `units` greedily; `safe` moves a cut down out of a pair."""
    if units <= alone:
        return [(0, units)]
    cuts, start = [], 0
    while units - start > joined:
        end = safe(start + joined)
        cuts.append((start, end))
        start = end
    cuts.append((start, units))
    return cuts


def _kinder(
    text: str,
    octets: bytes,
    cuts: list[tuple[int, int]],
    joined: int,
    safe: Callable[[int], int],
) -> list[tuple[int, int]]:
    """Move cuts out of grapheme clusters as long as no part more is needed."""
    units = len(octets) // 2
    kind, start, at = [], 0, 0  # `at` is the character at unit `start`
    left = len(cuts)
    while units - start > joined:
        end = safe(start + joined)
        end_at = at + len(octets[2 * start : 2 * end].decode("utf-16-be"))
        left -= 1
        better, better_at = end, end_at
        while better > start and not is_boundary(text, better_at):
            better_at -= 1
            better -= 1 + (ord(text[better_at]) > 0xFFFF)  # noqa: PLR2004 - a pair
        if (
            better > start
            and len(_cut(units - better, joined, joined, _shifted(safe, better)))
            <= left
        ):
            end, end_at = better, better_at
        kind.append((start, end))
        start, at = end, end_at
    kind.append((start, units))
    return kind


def _shifted(safe: Callable[[int], int], by: int) -> Callable[[int], int]:
    return lambda at: safe(at + by) - by
