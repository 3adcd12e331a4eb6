"""What `modemgw pdu` answers: JSON values in, JSON values out."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from modemgw.config.values import duration
from modemgw.errors import ModemgwError, PduDecodeError, PduEncodeError
from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.decode import decode
from modemgw.pdu.defect import defect
from modemgw.pdu.explain import READERS
from modemgw.pdu.fold import fold_to_gsm7
from modemgw.pdu.segment import Segments, segment, segment_data
from modemgw.pdu.submit import render
from modemgw.pdu.udh import Ports
from modemgw.pdu.view import AnyTpdu, as_fields

Json = dict[str, Any]

_PERIOD: Final = re.compile(  # ISO 8601, without fractions, months and years
    r"P(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)


class PortsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Application ports of an encode request."""

    destination: int
    source: int | None = 0


class EncodeRequest(
    msgspec.Struct, forbid_unknown_fields=True, rename={"class_": "class"}
):
    """One line of `modemgw pdu encode`; null counts as not given."""

    to: str
    text: str | None = None
    data: str | None = None  # hex
    mr: int | None = None
    smsc: str | None = None
    validity: int | float | str | None = None  # seconds, 24h, PT24H, or an instant
    report: bool | None = None
    class_: int | None = None
    encoding: str | None = None
    national: tuple[int, ...] | None = None
    fold: bool | None = None
    concat_ref: int | None = None
    udh16: bool | None = None
    reject_duplicates: bool | None = None
    ports: PortsRequest | int | None = None
    pid: int | None = None


class SegmentsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """One line of `modemgw pdu segments`; null counts as not given."""

    text: str
    encoding: str | None = None
    fold: str | bool | None = None  # off, on or report
    national: tuple[int, ...] | None = None
    udh16: bool | None = None


def answer(work: Callable[[], Json]) -> Json:
    """Do the work; what is wrong with the request becomes its answer."""
    try:
        return work()
    except PduDecodeError as error:
        return {"error": str(error), "octets": error.octets.hex().upper()}
    except (ModemgwError, msgspec.ValidationError) as error:
        return {"error": str(error)}


def request(line: str, kind: type[Any]) -> Any:
    """Read a JSON object as a request; PduEncodeError if it is none."""
    try:
        wish = json.loads(line)
    except (ValueError, RecursionError):  # also a number of 5,000 digits
        raise PduEncodeError("not a JSON object") from None
    try:
        return msgspec.convert(wish, kind)
    except UnicodeEncodeError:
        raise PduEncodeError("a key holds half a surrogate pair") from None


def hex_octets(text: str) -> bytes:
    """Read hex digits, spaces allowed; PduDecodeError keeps what can be kept."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        shown = text if len(text) <= 40 else text[:40] + "…"  # noqa: PLR2004
        raise PduDecodeError(f"not pairs of hex digits: {shown!r}", b"") from None


def decoded(text: str, *, has_sca: bool | None, kind: str | None) -> Json:
    """Answer `modemgw pdu decode`; of a damaged PDU with what could be read."""
    octets = hex_octets(text)
    tpdu: AnyTpdu
    if kind is not None:
        tpdu = READERS[kind](Cursor(octets))
    else:
        tpdu = decode(octets, has_sca=has_sca)
    fields: Json = dict(as_fields(tpdu))
    why = defect(tpdu)
    if why is not None:
        fields = {"error": why, "octets": octets.hex().upper(), **fields}
    return fields


def encoded(wish: EncodeRequest) -> Json:
    """Answer `modemgw pdu encode`."""
    segments = _segments(wish)
    concat_ref = 1 if wish.concat_ref is None else wish.concat_ref
    rendered = [
        render(
            segments,
            seq,
            to=Address.dialled(wish.to),
            concat_ref=concat_ref,
            validity=None if wish.validity is None else validity(wish.validity),
            report=bool(wish.report),
            message_class=wish.class_,
            sca=None if wish.smsc is None else Address.dialled(wish.smsc),
            reject_duplicates=bool(wish.reject_duplicates),
            tp_mr=wish.mr or 0,
            pid=wish.pid or 0,
        )
        for seq in range(1, len(segments) + 1)
    ]
    return {
        "pdus": [one.octets.hex().upper() for one in rendered],
        "tpdu_lengths": [one.tpdu_length for one in rendered],
        "encoding": segments.encoding,
        "national": _national(segments),
        "parts": len(segments),
    }


def _segments(wish: EncodeRequest) -> Segments:
    ports = wish.ports
    if isinstance(ports, int):
        ports = PortsRequest(ports)
    found = None if ports is None else Ports(ports.destination, ports.source or 0)
    encoding = wish.encoding or ("auto" if wish.data is None else "8bit")
    if (wish.text is None) == (wish.data is None):
        raise PduEncodeError("give either text or data")
    if wish.data is not None:
        if encoding != "8bit":
            raise PduEncodeError(f"data are 8bit, not {encoding}")
        data = hex_octets(wish.data)
        return segment_data(data, ports=found, wide=bool(wish.udh16))
    text = wish.text or ""
    if encoding == "8bit":
        data = text.encode("utf-8", "surrogatepass")
        return segment_data(data, ports=found, wide=bool(wish.udh16))
    return segment(
        fold_to_gsm7(text) if wish.fold else text,
        encoding=encoding,
        national=wish.national or (),
        wide=bool(wish.udh16),
        ports=found,
    )


def validity(wish: int | float | str) -> timedelta | datetime:
    """Read seconds, a duration such as 24h, or an instant in ISO 8601."""
    if isinstance(wish, str):
        try:
            when = datetime.fromisoformat(wish)
        except ValueError:
            wish = _seconds(wish)
        else:
            return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    try:
        return timedelta(seconds=wish)
    except (OverflowError, ValueError):
        raise PduEncodeError(f"not a validity: {wish!r}") from None


def _seconds(wish: str) -> float:
    """Read a period: seconds, ours (24h), or that of ISO 8601 (PT24H)."""
    found = _PERIOD.fullmatch(wish)
    if found is not None and found.lastindex is not None:
        weeks, days, hours, minutes, seconds = (
            int(part or 0) for part in found.groups()
        )
        return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    try:
        return float(wish) if wish.isdecimal() else duration(wish)
    except ValueError:
        raise PduEncodeError(f"not a validity: {wish!r}") from None


def segmented(wish: SegmentsRequest) -> Json:
    """Answer `modemgw pdu segments`.

    `fold` off only counts, on folds and counts that, report (the default)
    counts the text as it is and says what folding would give.
    """
    fold = {True: "on", False: "off", None: "report"}.get(wish.fold, wish.fold)  # type: ignore[arg-type]
    if fold not in ("off", "on", "report"):
        raise PduEncodeError(f"fold is off, on or report, not {wish.fold!r}")

    def cut(text: str) -> Json:
        segments = segment(
            text,
            encoding=wish.encoding or "auto",
            national=wish.national or (),
            wide=bool(wish.udh16),
        )
        return {
            "encoding": segments.encoding,
            "national": _national(segments),
            "parts": len(segments),
            "lengths": [_length(segments, seq) for seq in range(len(segments))],
        }

    folded = fold_to_gsm7(wish.text)
    found = cut(folded if fold == "on" else wish.text)
    would = None if fold == "off" else {"text": folded, **cut(folded)}
    return {**found, "forced_by": list(GSM7.missing(wish.text)), "folded": would}


def _length(segments: Segments, index: int) -> int:
    """Return septets for GSM 7-bit, UTF-16 code units for UCS-2."""
    units = segments.parts[index].units
    return units // 2 if segments.encoding == "ucs2" else units


def _national(segments: Segments) -> Json | None:
    if not (segments.locking or segments.shift):
        return None
    return {"locking": segments.locking, "shift": segments.shift}
