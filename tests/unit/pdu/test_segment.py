"""Text and data to parts: alphabets, limits, and where the cuts fall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduEncodeError
from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.segment import Segments, segment, segment_data
from modemgw.pdu.udh import Ports
from tests.unit.pdu.strategies import EMOJI, national_texts, texts

WAP = Ports(2948, 9200)


def lengths(segments: Segments) -> list[int]:
    return [part.units for part in segments.parts]


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        pytest.param("", "gsm7", [0], id="empty"),
        pytest.param("a" * 160, "gsm7", [160], id="one-full-part"),
        pytest.param("a" * 161, "gsm7", [153, 8], id="one-more"),
        pytest.param("a" * 306, "gsm7", [153, 153], id="two-full-parts"),
        pytest.param("€" * 80, "gsm7", [160], id="escapes-count-twice"),
        pytest.param("a" * 152 + "€" * 5, "gsm7", [152, 10], id="no-cut-in-an-escape"),
        pytest.param("я" * 70, "ucs2", [140], id="ucs2-full"),
        pytest.param("я" * 71, "ucs2", [134, 8], id="ucs2-one-more"),
        pytest.param("😀" * 35, "ucs2", [140], id="emoji-count-twice"),
        pytest.param("я" * 66 + "😀" * 3, "ucs2", [132, 12], id="no-cut-in-a-pair"),
        pytest.param("a`" + "a" * 69, "ucs2", [134, 8], id="one-backtick-is-enough"),
    ],
)
def test_auto(text: str, encoding: str, expected: list[int]) -> None:
    segments = segment(text)
    assert segments.encoding == encoding
    assert lengths(segments) == expected
    assert "".join(segments.texts) == text


@pytest.mark.parametrize(
    ("ports", "wide", "expected"),
    [
        pytest.param(None, True, [152, 152], id="16-bit-reference"),
        pytest.param(WAP, False, [146, 146, 12], id="ports"),
        pytest.param(WAP, True, [145, 145, 14], id="both"),
    ],
)
def test_room_behind_longer_headers(
    ports: Ports | None, wide: bool, expected: list[int]
) -> None:
    assert lengths(segment("a" * 304, ports=ports, wide=wide)) == expected


def test_ucs2_on_request() -> None:
    segments = segment("a" * 70, encoding="ucs2")
    assert segments.encoding == "ucs2"
    assert lengths(segments) == [140]


def test_gsm7_on_request() -> None:
    assert segment("a" * 160, encoding="gsm7").encoding == "gsm7"


def test_ports_alone_need_no_concatenation() -> None:
    assert lengths(segment("a" * 152, ports=WAP)) == [152]
    assert lengths(segment("a" * 153, ports=WAP)) == [146, 7]


@pytest.mark.parametrize(
    ("text", "national", "tables", "parts"),
    [
        pytest.param("ş" + "a" * 152, (1,), (0, 1), 1, id="one-letter-single-shift"),
        pytest.param("ğ" * 153, (1,), (1, 0), 1, id="many-letters-locking-shift"),
        pytest.param("\u0985\u09e6" * 50, (4,), (4, 4), 1, id="both-tables"),
        pytest.param("ş" * 70, (1,), (0, 0), 1, id="ucs2-is-as-good"),
        pytest.param("ş" + "a" * 152, (3,), (0, 0), 3, id="not-in-that-language"),
        pytest.param("ş" + "a" * 152, (), (0, 1), 1, id="all-languages"),
        pytest.param("á" + "a" * 152, (2,), (0, 2), 1, id="spanish-single-shift-only"),
        pytest.param("é" * 160, (1,), (0, 0), 1, id="default-alphabet-is-enough"),
    ],
)
def test_national(
    text: str, national: tuple[int, ...], tables: tuple[int, int], parts: int
) -> None:
    segments = segment(text, encoding="national", national=national)
    assert (segments.locking, segments.shift) == tables
    assert len(segments) == parts
    assert "".join(segments.texts) == text


def test_auto_uses_no_national_table_unless_allowed() -> None:
    text = "ş" + "a" * 152
    assert segment(text).encoding == "ucs2"
    assert segment(text, national=(1,)).encoding == "gsm7"


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        pytest.param("ş", {"encoding": "gsm7"}, "'ş'", id="no-septet"),
        pytest.param("\ud83d", {}, "surrogate", id="half-a-pair"),
        pytest.param("a", {"encoding": "ebcdic"}, "ebcdic", id="no-such-encoding"),
        pytest.param("ş", {"national": (14,)}, "14", id="no-such-language"),
        pytest.param("a" * (153 * 255 + 1), {}, "256 parts", id="too-long"),
        pytest.param("я" * (67 * 255 + 1), {}, "256 parts", id="too-long-ucs2"),
    ],
)
def test_refusals(text: str, options: dict[str, object], why: str) -> None:
    with pytest.raises(PduEncodeError, match=why):
        segment(text, **options)  # type: ignore[arg-type] # one table for all options


def test_255_parts_are_allowed() -> None:
    assert len(segment("a" * 153 * 255)) == 255


@pytest.mark.parametrize(
    ("size", "options", "expected"),
    [
        pytest.param(0, {}, [0], id="empty"),
        pytest.param(140, {}, [140], id="one-full-part"),
        pytest.param(141, {}, [134, 7], id="two"),
        pytest.param(141, {"wide": True}, [133, 8], id="16-bit-reference"),
        pytest.param(133, {"ports": WAP}, [133], id="behind-ports"),
        pytest.param(134, {"ports": WAP}, [128, 6], id="ports-and-concatenation"),
    ],
)
def test_data(size: int, options: dict[str, object], expected: list[int]) -> None:
    data = bytes(octet & 0xFF for octet in range(size))
    segments = segment_data(data, **options)  # type: ignore[arg-type] # as above
    assert segments.alphabet is Alphabet.DATA
    assert lengths(segments) == expected
    assert b"".join(part.payload for part in segments.parts) == data
    assert set(segments.texts) == {""}


def test_too_much_data() -> None:
    with pytest.raises(PduEncodeError, match="256 parts"):
        segment_data(bytes(134 * 255 + 1))
    with pytest.raises(PduEncodeError, match="10000000 octets"):
        segment_data(bytes(10_000_000))


def test_a_book_is_refused_before_any_work_is_done() -> None:
    with pytest.raises(PduEncodeError, match="10000000 characters"):
        segment("\U0001f600" * 10_000_000)


@pytest.mark.parametrize("cluster", EMOJI, ids=["smile", "tone", "zwj", "flag", "mark"])
@pytest.mark.parametrize("before", range(60, 68))
def test_a_grapheme_is_not_torn_where_that_costs_nothing(
    cluster: str, before: int
) -> None:
    text = "я" * before + cluster + "я" * 20
    segments = segment(text)
    assert len(segments) == 2
    assert any(cluster in part for part in segments.texts)


def test_a_grapheme_is_torn_where_keeping_it_costs_a_part() -> None:
    flag = "\U0001f1e9\U0001f1ea"
    text = "я" * 65 + flag + "я" * 65  # 67 + 67 units: no room to spare
    assert lengths(segment(text)) == [134, 134]


def test_a_cluster_longer_than_a_part_is_cut_somewhere() -> None:
    text = "e" + "\u0301" * 200
    segments = segment(text)
    assert len(segments) == 3
    assert "".join(segments.texts) == text


@given(texts, st.booleans(), st.sampled_from([None, WAP, Ports(1, 2, wide=False)]))
def test_parts_join_to_the_text_and_fit(
    text: str, wide: bool, ports: Ports | None
) -> None:
    segments = segment(text, wide=wide, ports=ports)
    assert "".join(segments.texts) == text
    header = sum(2 + len(element.data) for element in segments.elements)
    header += (6 if wide else 5) if len(segments) > 1 else 0
    for part in segments.parts:
        assert len(part.packed) + (header + 1 if header else 0) <= 140
    if segments.alphabet is Alphabet.GSM7:
        assert not any(part.payload.endswith(b"\x1b") for part in segments.parts[:-1])


@given(national_texts())
def test_national_never_takes_more_parts(drawn: tuple[int, str]) -> None:
    language, text = drawn
    segments = segment(text, encoding="national", national=(language,))
    assert "".join(segments.texts) == text
    assert len(segments) <= len(segment(text))
