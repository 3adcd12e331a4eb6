"""Packing septets: published examples, a plain reference, and the law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.septets import fill_bits, pack_septets, unpack_septets


def plain_pack(septets: bytes, fill: int) -> bytes:
    """One septet after the other, as the standard draws it."""
    bits = "0" * fill + "".join(f"{septet:07b}"[::-1] for septet in septets)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


@pytest.mark.parametrize(
    ("septets", "packed"),
    [
        pytest.param(b"", "", id="empty"),
        pytest.param(b"hello", "e8329bfd06", id="five"),
        pytest.param(b"hellohello", "e8329bfd4697d9ec37", id="ten"),
        pytest.param(bytes(8), "00000000000000", id="eight-at-signs-in-seven-octets"),
    ],
)
def test_published_examples(septets: bytes, packed: str) -> None:
    assert pack_septets(septets).hex() == packed
    assert unpack_septets(bytes.fromhex(packed), len(septets)) == septets


@given(st.binary(max_size=512), st.integers(0, 6))
def test_packing_is_what_the_standard_draws(octets: bytes, fill: int) -> None:
    septets = bytes(octet & 0x7F for octet in octets)
    packed = pack_septets(septets, fill_bits=fill)
    assert packed == plain_pack(septets, fill)
    assert unpack_septets(packed, len(septets), fill_bits=fill) == septets


def test_what_is_not_there_reads_as_zero() -> None:
    assert unpack_septets(b"\xe8", 3) == b"h\x01\0"


@pytest.mark.parametrize(
    ("header", "fill"),
    [(0, 0), (4, 3), (5, 2), (6, 1), (7, 0), (8, 6), (9, 5), (14, 0)],
)
def test_fill_bits_reach_the_next_septet(header: int, fill: int) -> None:
    assert fill_bits(header) == fill
    assert (8 * header + fill) % 7 == 0
