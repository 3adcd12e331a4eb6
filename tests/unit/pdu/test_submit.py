"""SMS-SUBMIT: rendering, reading drafts, and that both agree."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduEncodeError
from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.decode import decode
from modemgw.pdu.segment import segment, segment_data
from modemgw.pdu.submit import Submit, render
from modemgw.pdu.udh import Concat, Ports
from modemgw.pdu.userdata import UserData
from modemgw.pdu.validity import Format, Validity
from tests.unit.pdu.strategies import addresses, national_texts, texts, validities

TO = Address.dialled("+46708251358")
SMSC = Address.dialled("+27381000015")


def read(octets: bytes) -> Submit:
    tpdu = decode(octets, has_sca=True, from_mobile=True)
    assert isinstance(tpdu, Submit)
    return tpdu


@pytest.mark.parametrize(
    ("options", "octets", "length"),
    [
        pytest.param(
            {"validity": timedelta(days=4)},
            "00 11 00 0B 91 6407281553F8 00 00 AA 0A E8329BFD4697D9EC37",
            23,
            id="the-example-of-every-tutorial",
        ),
        pytest.param(
            {"sca": SMSC, "report": True, "reject_duplicates": True, "tp_mr": 7},
            "07917283010010F5 25 07 0B 91 6407281553F8 00 00 0A E8329BFD4697D9EC37",
            22,
            id="sca-report-reject-duplicates",
        ),
        pytest.param(
            {"message_class": 0, "pid": 0x41},
            "00 01 00 0B 91 6407281553F8 41 10 0A E8329BFD4697D9EC37",
            22,
            id="flash-and-replace",
        ),
        pytest.param(
            {"validity": datetime(2010, 7, 25, 20, 15, 39, tzinfo=UTC)},
            "00 19 00 0B 91 6407281553F8 00 00 01705202519300 0A E8329BFD4697D9EC37",
            29,
            id="absolute-validity",
        ),
    ],
)
def test_render_hellohello(
    options: dict[str, object], octets: str, length: int
) -> None:
    rendered = render(segment("hellohello"), 1, to=TO, **options)  # type: ignore[arg-type] # one table for all options
    assert rendered.octets == bytes.fromhex(octets)
    assert rendered.tpdu_length == length


@pytest.mark.parametrize(
    ("wide", "header"),
    [(False, "050003010201"), (True, "06080400010201")],
    ids=["8-bit", "16-bit"],
)
def test_concatenation_header(wide: bool, header: str) -> None:
    segments = segment("я" * 71, wide=wide)
    rendered = render(segments, 1, to=TO, concat_ref=1)
    assert bytes.fromhex(header) in rendered.octets
    assert read(rendered.octets).concat == Concat(1, 2, 1, wide)


def test_data_with_ports() -> None:
    segments = segment_data(b"\0\xff", ports=Ports(2948, 9200))
    submit = read(render(segments, 1, to=TO).octets)
    assert submit.encoding == "8bit"
    assert submit.data == b"\0\xff"
    assert submit.text is None
    assert submit.ports == Ports(2948, 9200)
    assert submit.concat is None


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"seq": 0}, id="part-0"),
        pytest.param({"seq": 3}, id="part-3-of-2"),
        pytest.param({"concat_ref": 256}, id="reference-too-large"),
        pytest.param({"concat_ref": -1}, id="reference-negative"),
        pytest.param({"message_class": 4}, id="class-4"),
        pytest.param({"message_class": -1}, id="class-minus-1"),
        pytest.param({"tp_mr": 256}, id="mr-256"),
        pytest.param({"pid": -1}, id="pid-minus-1"),
        pytest.param({"validity": timedelta(0)}, id="no-validity"),
        pytest.param({"validity": datetime(2024, 1, 1)}, id="naive"),  # noqa: DTZ001
        pytest.param({"to": Address("Acme")}, id="letters-for-a-number"),
        pytest.param({"sca": Address("1" * 21)}, id="sca-too-long"),
    ],
)
def test_what_cannot_be_rendered(options: dict[str, object]) -> None:
    wishes: dict[str, object] = {"seq": 1, "to": TO, **options}
    with pytest.raises(PduEncodeError):
        render(segment("a" * 161), **wishes)  # type: ignore[arg-type] # one table for all options


def test_a_16_bit_reference_may_be_large() -> None:
    rendered = render(segment("a" * 161, wide=True), 2, to=TO, concat_ref=0xFFFF)
    assert read(rendered.octets).concat == Concat(0xFFFF, 2, 2, wide=True)


@given(
    texts,
    addresses,
    validities,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 0, 1, 2, 3]),
    st.booleans(),
    st.integers(0, 255),
)
def test_decode_undoes_render(
    text: str,
    to: Address,
    validity: timedelta | None,
    report: bool,
    reject_duplicates: bool,
    message_class: int | None,
    wide: bool,
    number: int,
) -> None:
    segments = segment(text, wide=wide)
    found = []
    for seq in range(1, len(segments) + 1):
        rendered = render(
            segments,
            seq,
            to=to,
            concat_ref=number,
            validity=validity,
            report=report,
            reject_duplicates=reject_duplicates,
            message_class=message_class,
            tp_mr=number,
            pid=number,
        )
        submit = read(rendered.octets)
        assert submit.encode() == rendered.octets
        assert rendered.tpdu_length == len(rendered.octets) - 1
        assert len(rendered.octets) <= 1 + 2 + 12 + 2 + 1 + 1 + 140
        assert (submit.recipient, submit.tp_mr, submit.pid) == (to, number, number)
        assert submit.report_requested is report
        assert submit.reject_duplicates is reject_duplicates
        assert submit.message_class == message_class
        assert submit.validity == (validity and Validity.of(validity))
        assert not submit.user_data.truncated
        assert submit.trailing == b""
        if len(segments) > 1:
            assert submit.concat == Concat(number, len(segments), seq, wide)
        found.append(submit.text)
    assert "".join(part or "" for part in found) == text


@given(national_texts(), st.booleans())
def test_decode_undoes_render_in_every_language(
    drawn: tuple[int, str], wide: bool
) -> None:
    language, text = drawn
    segments = segment(text, encoding="national", national=(language,), wide=wide)
    parts = [
        read(render(segments, seq, to=TO).octets) for seq in range(1, len(segments) + 1)
    ]
    assert "".join(part.text or "" for part in parts) == text
    for part in parts:
        tables = (part.udh.locking, part.udh.shift) if part.udh else (0, 0)
        assert tables == (segments.locking, segments.shift)


@given(st.binary(max_size=600), st.booleans())
def test_data_survive(data: bytes, wide: bool) -> None:
    segments = segment_data(data, ports=Ports(1, 2), wide=wide)
    parts = [
        read(render(segments, seq, to=TO).octets) for seq in range(1, len(segments) + 1)
    ]
    assert b"".join(part.data or b"" for part in parts) == data


def test_every_flag_of_a_draft_survives() -> None:
    draft = Submit(
        TO,
        UserData(dcs=read(render(segment("x"), 1, to=TO).octets).dcs, payload=b"x"),
        tp_mr=3,
        pid=0x7F,
        validity=Validity(Format.ENHANCED, bytes(7)),
        report_requested=True,
        reject_duplicates=True,
        reply_path=True,
        sca=SMSC,
    )
    assert read(draft.encode()) == draft
    assert draft.dcs.alphabet is Alphabet.GSM7
    assert draft.udh is None
    assert draft.ports is None
