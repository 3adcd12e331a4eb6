"""Ids: 26 characters that sort as they were made, and that nobody guesses."""

from hypothesis import given
from hypothesis import strategies as st

from modemgw import ids
from modemgw.ids import IdSource

NOW = 1_795_341_600_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_an_id_is_its_number_in_base_32(value: int) -> None:
    text = ids.encode(value)
    plain = "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
    assert text == plain
    assert ids.decode(text) == value


@given(st.lists(st.integers(min_value=NOW - 3, max_value=NOW + 3), max_size=30))
def test_ids_rise_whatever_the_clock_does(instants: list[int]) -> None:
    source = IdSource()
    made = [source.new("msg", instant) for instant in instants]
    assert made == sorted(set(made))


def test_each_millisecond_draws_anew_beyond_the_pool() -> None:
    source = IdSource()
    count = 3 * ids._POOL
    randoms = {
        ids.decode(source.new("msg", NOW + n)[4:]) & 2**80 - 1 for n in range(count)
    }
    assert len(randoms) == count
    # Every bit is set in about half of them.
    for bit in range(80):
        share = sum(value >> bit & 1 for value in randoms) / count
        assert 0.35 < share < 0.65, bit


def test_two_sources_share_nothing() -> None:
    first, second = IdSource().new("msg", NOW), IdSource().new("msg", NOW)
    assert first[:14] == second[:14]
    assert first != second


def test_an_id_tells_its_time() -> None:
    source = IdSource()
    for at in (0, 1, 1023, 1024, NOW, NOW + 1, NOW + 1024, NOW + 10**9, 2**48 - 1):
        made = ids.decode(source.new("msg", at)[4:])
        assert made >> 80 == at


@given(st.integers(min_value=2**80 - 3000, max_value=2**80 - 1))
def test_an_instant_never_runs_out_of_ids(random: int) -> None:
    source = IdSource()
    value = NOW << 80 | random
    source.seen(f"msg_{ids.encode(value)}")
    for _ in range(1100):
        value += 1
        assert source.new("evt", NOW) == f"evt_{ids.encode(value)}"
    assert source.new("evt", NOW + 2) > f"evt_{ids.encode(value)}"


def test_an_id_seen_is_never_made_again() -> None:
    source = IdSource()
    newest = source.new("msg", NOW + 5)
    other = IdSource()
    other.seen(newest)
    assert other.new("msg", NOW) > newest
