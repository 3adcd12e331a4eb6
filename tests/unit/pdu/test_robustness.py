"""Whatever comes in, it is read or refused with the one documented error.

A million cases and a search guided by coverage: scripts/fuzz-pdu.
"""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pdu.damage import SEEDS, check, check_explained, damaged


@pytest.mark.parametrize("seed", SEEDS)
def test_every_prefix(seed: str) -> None:
    octets = bytes.fromhex(seed)
    for end in range(len(octets)):
        check(octets[:end])
        check_explained(octets[:end])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_flipped_bit(seed: str) -> None:
    size = len(seed) // 2
    for bit in range(8 * size):
        check((int(seed, 16) ^ 1 << bit).to_bytes(size, "big"))


@given(st.binary(max_size=200))
def test_random_octets(octets: bytes) -> None:
    check(octets)
    check_explained(octets)


def test_a_fixed_share_of_the_long_search() -> None:
    dice = Random(23040)  # noqa: S311 - the same search every time
    for _ in range(1000):
        octets = damaged(dice)
        check(octets)
        check_explained(octets)
