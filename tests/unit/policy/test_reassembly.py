"""Where inbound parts go, and what a set of them says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.address import Address
from modemgw.pdu.dcs import Dcs
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.segment import Segments, segment, segment_data
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Udh
from modemgw.pdu.userdata import UserData
from modemgw.policy.reassembly import (
    GAP,
    HOUR_MS,
    MINUTE_MS,
    SAME_SET_MS,
    SAME_SET_READ_MS,
    Duplicate,
    Fragment,
    Join,
    Joined,
    NewSet,
    OpenSet,
    join,
    overflow,
    place,
)
from tests.unit.pdu.strategies import emoji_texts, gsm7_texts, national_texts

STAMP = Timestamp.at(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
NOON = STAMP.unix_ms or 0


def deliver(segments: Segments, seq: int, ref: int = 7) -> Deliver:
    concat = Concat(ref, len(segments), seq, segments.wide)
    return Deliver(
        Address.dialled("+491701234567"),
        STAMP,
        UserData(
            Dcs.of(segments.alphabet),
            segments.parts[seq - 1].payload,
            Udh((concat.element(), *segments.elements)),
        ),
    )


def fragments(
    segments: Segments,
    *,
    message_id: int | None = 1,
    after: int = 0,
    ref: int = 7,
    first_id: int = 1,
    stamped: bool = True,
) -> list[Fragment]:
    """All parts of a message, read one second apart, `after` ms after noon."""
    return [
        Fragment(
            first_id + seq - 1,
            seq,
            len(segments),
            NOON + after + 1000 * seq,
            NOON + after if stamped else None,
            deliver(segments, seq, ref),
            message_id,
        )
        for seq in range(1, len(segments) + 1)
    ]


TWO = segment("a" * 100 + "b" * 100)
OTHER_TWO = segment("c" * 200)
(A1, A2) = fragments(TWO)


def new(
    segments: Segments, seq: int, *, after: int = 0, ref: int = 7, stamped: bool = True
) -> Fragment:
    return fragments(
        segments, message_id=None, after=after, ref=ref, first_id=90, stamped=stamped
    )[seq - 1]


@pytest.mark.parametrize(
    ("known", "part", "placement"),
    [
        pytest.param([], new(TWO, 1), NewSet(), id="the-first-part"),
        pytest.param([], new(TWO, 2), NewSet(), id="the-last-part-first"),
        pytest.param([A1], new(TWO, 2), Join(1), id="its-sibling"),
        pytest.param([A2], new(TWO, 1), Join(1), id="out-of-order"),
        pytest.param([A1], new(TWO, 1), Duplicate(1), id="sent-twice"),
        pytest.param(
            [A1, A2], new(TWO, 2), Duplicate(2), id="sent-again-when-complete"
        ),
        pytest.param(
            [A1], new(TWO, 1, after=29 * MINUTE_MS), Duplicate(1), id="sent-again-soon"
        ),
        pytest.param(
            [A1],
            new(TWO, 1, after=31 * MINUTE_MS),
            NewSet(),
            id="the-same-text-half-an-hour-later-is-new",
        ),
        pytest.param(
            [A1, A2],
            new(TWO, 1, after=4 * MINUTE_MS),
            Duplicate(1),
            id="a-whole-text-sent-again-at-once",
        ),
        pytest.param(
            [A1, A2],
            new(TWO, 1, after=10 * MINUTE_MS),
            NewSet(),
            id="an-alarm-that-repeats-every-ten-minutes-is-not-swallowed",
        ),
        pytest.param(
            [A1], new(OTHER_TWO, 1), NewSet(), id="another-text-in-the-same-place"
        ),
        pytest.param(
            [A1],
            new(TWO, 2, after=SAME_SET_MS + 1),
            NewSet(),
            id="the-reference-used-again-hours-later",
        ),
        pytest.param(
            [A1],
            new(TWO, 2, after=SAME_SET_READ_MS, stamped=False),
            NewSet(),
            id="without-stamps-three-days-and-a-second",
        ),
        pytest.param(
            [A1],
            new(TWO, 2, after=HOUR_MS * 71, stamped=False),
            Join(1),
            id="without-stamps-less-than-three-days",
        ),
        pytest.param([A1], new(TWO, 2, ref=8), NewSet(), id="another-reference"),
        pytest.param(
            fragments(TWO, message_id=None)[:1], new(TWO, 2), NewSet(), id="unplaced"
        ),
        pytest.param(
            fragments(segment("a" * 200, wide=True))[:1],
            new(TWO, 2),
            NewSet(),
            id="a-16-bit-reference-of-the-same-value",
        ),
        pytest.param(
            fragments(segment("я" * 150))[:1],
            new(TWO, 2),
            NewSet(),
            id="another-number-of-parts",
        ),
        pytest.param(
            fragments(TWO, ref=0)[:1], new(TWO, 2, ref=0), Join(1), id="reference-0"
        ),
    ],
)
def test_place(known: list[Fragment], part: Fragment, placement: object) -> None:
    assert place(known, part) == placement


def test_a_part_goes_to_the_generation_nearest_in_time() -> None:
    old = fragments(TWO, message_id=1)[:1]
    young = fragments(OTHER_TWO, message_id=2, after=2 * HOUR_MS, first_id=10)[:1]
    known = [*old, *young]
    assert place(known, new(OTHER_TWO, 2, after=2 * HOUR_MS)) == Join(2)
    assert place(known, new(TWO, 2)) == Join(1)
    assert place(known[::-1], new(TWO, 2)) == Join(1)


def test_of_two_generations_at_the_same_instant_the_newer_one() -> None:
    known = [
        *fragments(TWO, message_id=1)[:1],
        *fragments(OTHER_TWO, message_id=2, first_id=10)[:1],
    ]
    assert place(known, new(TWO, 2)) == Join(2)


def test_a_part_that_no_one_says_is_concatenated_has_no_siblings() -> None:
    plain = Deliver(Address.dialled("+1"), STAMP, UserData(Dcs.of()))
    alone = Fragment(1, 1, 1, NOON, NOON, plain, 1)
    again = Fragment(2, 1, 1, NOON, NOON, plain)
    assert place([alone], again) == Duplicate(1)


def test_join_in_any_order_and_without_what_came_twice() -> None:
    again = Fragment(9, 1, 2, NOON, NOON, deliver(OTHER_TWO, 1), 1)
    found = join([A2, again, A1])
    assert found == Joined("a" * 100 + "b" * 100, None, "gsm7", ())
    assert found.is_complete


def test_join_marks_what_is_missing() -> None:
    four = segment("a" * 153 + "b" * 153 + "c" * 153 + "d")
    parts = fragments(four)
    found = join([parts[0], parts[3]])
    assert found.text == "a" * 153 + GAP + "d"
    assert found.missing == (2, 3)
    assert not found.is_complete
    assert join(parts[1:2], gap="").text == "b" * 153


def test_an_emoji_cut_in_two_becomes_whole() -> None:
    units = ("я" * 66 + "\U0001f600").encode("utf-16-be")
    halves = [units[:134], units[134:]]
    parts = [
        Fragment(
            seq,
            seq,
            2,
            NOON,
            NOON,
            Deliver(
                Address.dialled("+1"),
                STAMP,
                UserData(
                    Dcs.of(segment("я").alphabet),
                    half,
                    Udh((Concat(1, 2, seq).element(),)),
                ),
            ),
            1,
        )
        for seq, half in enumerate(halves, 1)
    ]
    assert join(parts).text == "я" * 66 + "\U0001f600"
    assert join(parts[:1]).text == "я" * 66 + "\ufffd" + GAP


def test_an_escape_cut_in_two_becomes_whole() -> None:
    segments = segment("a" * 200)
    first = deliver(segments, 1)
    halves = [b"a\x1b", b"eb"]
    parts = [
        Fragment(
            seq,
            seq,
            2,
            NOON,
            NOON,
            Deliver(first.sender, STAMP, UserData(first.dcs, half)),
            1,
        )
        for seq, half in enumerate(halves, 1)
    ]
    assert join(parts).text == "a€b"


def test_parts_in_different_alphabets() -> None:
    latin, cyrillic = segment("a" * 200), segment("я" * 100)
    parts = [fragments(latin)[0], fragments(cyrillic, first_id=5)[1]]
    found = join(parts)
    assert found.text == "a" * 153 + "я" * 33
    assert found.encoding == "gsm7"


def test_parts_in_different_tables() -> None:
    turkish = segment("ş" + "a" * 200, encoding="national", national=(1,))
    plain = segment("b" * 200)
    parts = [fragments(turkish)[0], fragments(plain, first_id=5)[1]]
    assert join(parts).text == turkish.texts[0] + plain.texts[1]


def test_data() -> None:
    segments = segment_data(bytes(range(200)))
    found = join(fragments(segments))
    assert found == Joined(None, bytes(range(200)), "8bit", ())
    assert join(fragments(segments)[1:]).missing == (1,)


def test_data_among_texts_are_a_gap() -> None:
    parts = [fragments(TWO)[0], fragments(segment_data(bytes(200)), first_id=5)[1]]
    found = join(parts)
    assert found.text == TWO.texts[0] + GAP
    assert found.data is None


@given(
    st.one_of(
        gsm7_texts.map(segment),
        emoji_texts.map(segment),
        national_texts().map(
            lambda drawn: segment(drawn[1], encoding="national", national=(drawn[0],))
        ),
    ),
    st.randoms(use_true_random=False),
)
def test_whatever_the_order_the_text_comes_out_as_it_went_in(
    segments: Segments, dice: object
) -> None:
    arriving = fragments(segments, message_id=None) * 2
    dice.shuffle(arriving)  # type: ignore[attr-defined] # Hypothesis types it as Random at run time
    known: list[Fragment] = []
    for number, part in enumerate(arriving):
        if len(segments) == 1:
            continue
        match place(known, part):
            case NewSet():
                assert not known
            case Join(message_id):
                assert message_id == 1
            case Duplicate(of):
                assert next(one for one in known if one.id == of).seq == part.seq
                continue
        known.append(
            Fragment(
                number,
                part.seq,
                part.total,
                part.read_at,
                part.scts_ms,
                part.deliver,
                1,
            )
        )
    if len(segments) > 1:
        assert join(known).text == "".join(segments.texts)
        assert join(known).is_complete


def open_sets(count: int, sender: str, first_id: int = 0) -> list[OpenSet]:
    return [OpenSet(first_id + n, sender, n) for n in range(count)]


def test_a_hostile_sender_closes_only_its_own_sets() -> None:
    honest = [OpenSet(10_000, "+1", 0), OpenSet(10_001, "+2", 0)]
    hostile = open_sets(3_000, "+666")
    closed = overflow([*hostile, *honest], per_sender=50, in_all=2_000)
    assert closed == tuple(range(2_950))


def test_too_many_sets_of_many_senders_close_the_oldest() -> None:
    many = [OpenSet(n, f"+{n}", n) for n in range(30)]
    assert overflow(many, per_sender=5, in_all=20) == tuple(range(10))


def test_nothing_is_closed_without_need() -> None:
    assert overflow(open_sets(5, "+1"), per_sender=5, in_all=5) == ()
    assert overflow([]) == ()
