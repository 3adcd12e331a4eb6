"""From a queued message to the TPDU of one part, at the moment it is sent.

Rendered late because TP-VP is what is left of the validity and the report flag
belongs to the SIM that sends.
"""

from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from modemgw.gateway.queue import Entry
from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.segment import Segments, segment, segment_data
from modemgw.pdu.submit import Rendered, render
from modemgw.pdu.udh import Ports
from modemgw.pdu.userdata import MAX_SEPTETS

MIN_VALIDITY_MS = 300_000  # the smallest step of the relative format: 5 minutes
MAX_VALIDITY_MS = 63 * 7 * 86_400_000  # more only where the clock went back


class Size(NamedTuple):
    """What a body takes: the alphabet by its name outwards, and how many segments."""

    encoding: str
    segments: int


_ONE = Size("gsm7", 1)
_TRY_GSM7 = frozenset({"auto", "national", "gsm7"})  # what each of these takes first


@lru_cache(maxsize=64)  # a campaign has one text
def size_of_text(text: str, encoding: str) -> Size:
    """Measure a text; one that fits one segment is cut and packed only when it is sent.

    Raises PduEncodeError.
    """
    if encoding in _TRY_GSM7 and len(text) <= MAX_SEPTETS:
        septets = GSM7.encode(text)
        if septets is not None and len(septets) <= MAX_SEPTETS:
            return _ONE
    segments = segments_of_text(text, encoding)
    return Size(segments.encoding, len(segments))


def size_of_data(data: bytes, port: int | None) -> Size:
    """Measure an 8-bit payload. Raises PduEncodeError."""
    segments = segments_of_data(data, port)
    return Size(segments.encoding, len(segments))


@lru_cache(maxsize=2048)  # counted when accepted, wanted again when sent
def segments_of_text(text: str, encoding: str) -> Segments:
    """Segment a text; a campaign with one text costs one segmentation.

    Raises PduEncodeError.
    """
    return segment(text, encoding=encoding)


def segments_of_data(data: bytes, port: int | None) -> Segments:
    """Segment an 8-bit payload, addressed to `port` where one is given.

    Raises PduEncodeError.
    """
    ports = None if port is None else Ports(destination=port, source=0, wide=True)
    return segment_data(data, ports=ports)


def segments_of(entry: Entry) -> Segments:
    """Return the segments of a queued message, as they were counted when accepted."""
    if entry.data is not None:
        port = entry.options.get("port")
        return segments_of_data(entry.data, port if isinstance(port, int) else None)
    encoding = entry.options.get("encoding", "auto")
    return segments_of_text(entry.text or "", str(encoding))


def render_part(
    entry: Entry, seq: int, *, now: int, report: bool, smsc: str | None
) -> Rendered:
    """Return the TPDU of part `seq`, with or without the wish for a report.

    Raises PduEncodeError.

    Spec: 3GPP TS 23.040, 9.2.2.2; TP-VP: 9.2.3.12.
    """
    left_ms = min(max(entry.expires_at - now, MIN_VALIDITY_MS), MAX_VALIDITY_MS)
    options = entry.options
    concat_ref = options.get("concat_ref", 0)
    return render(
        segments_of(entry),
        seq,
        to=Address.dialled(entry.to),
        concat_ref=concat_ref if isinstance(concat_ref, int) else 0,
        validity=timedelta(seconds=left_ms // 1000),  # a fraction does not count
        report=report,
        message_class=0 if options.get("flash") else None,
        sca=Address.dialled(smsc) if smsc else None,
    )


def wants_report(entry: Entry) -> bool:
    """Say whether the sender of this message wants to know of its delivery."""
    return entry.options.get("delivery_report", True) is True
