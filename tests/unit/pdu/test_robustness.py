"""Whatever comes in, it is read or refused with the one documented error.

A million cases: scripts/fuzz-pdu.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError
from modemgw.pdu.acks import DeliverReport, SubmitReport
from modemgw.pdu.decode import decode
from modemgw.pdu.explain import explain
from modemgw.pdu.view import as_fields

SEEDS = [
    "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37",
    "00440491214300F5111010214365000D0B05040B8423F000032A020241",
    "0044049121430000111010214365000A062401012501018A05A3E1",
    "00062A04912143111010214365001110102143650000070008020041",
    "0071000491214300081804D83DDE00",
    "0059000491214300000170520251930003E2301B",
    "004900049121430000030B000000000003E2301B",
]


def check(octets: bytes) -> None:
    """Read `octets` in every way there is."""
    for has_sca in (True, False, None):
        for from_mobile in (False, True):
            try:
                tpdu = decode(octets, has_sca=has_sca, from_mobile=from_mobile)
            except PduDecodeError as error:
                assert error.octets == octets
            else:
                as_fields(tpdu)
        explained = explain(octets, has_sca=has_sca)
        assert b"".join(line.octets for line in explained.lines) == octets
    for read in (DeliverReport.decode, SubmitReport.decode):
        try:
            as_fields(read(octets))
        except PduDecodeError as error:
            assert error.octets == octets


@pytest.mark.parametrize("seed", SEEDS)
def test_every_prefix(seed: str) -> None:
    octets = bytes.fromhex(seed)
    for end in range(len(octets)):
        check(octets[:end])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_flipped_bit(seed: str) -> None:
    octets = int(seed, 16)
    size = len(seed) // 2
    for bit in range(8 * size):
        check((octets ^ 1 << bit).to_bytes(size, "big"))


@given(st.binary(max_size=200))
def test_random_octets(octets: bytes) -> None:
    check(octets)


def test_a_fixed_share_of_the_long_search() -> None:
    dice = random.Random(23040)  # noqa: S311 - the same search every time
    for _ in range(500):
        octets = bytearray(bytes.fromhex(dice.choice(SEEDS)))
        for _ in range(dice.randrange(1, 4)):
            octets[dice.randrange(len(octets))] = dice.randrange(256)
        check(bytes(octets[: dice.randrange(len(octets) + 1)]))
