"""Damaged TPDUs, and the one thing that must hold for all of them."""

from random import Random

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.acks import DeliverReport, SubmitReport
from modemgw.pdu.decode import Tpdu, decode
from modemgw.pdu.explain import READERS, explain
from modemgw.pdu.view import as_fields

SEEDS = [
    "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37",
    "00440491214300F5111010214365000D0B05040B8423F000032A020241",
    "0044049121430000111010214365000A062401012501018A05A3E1",
    "0044049121430008111010214365000E0A0804123402010102800541042F",
    "00040DD0F334FC1CA6970100001110102143650000",
    "00062A04912143111010214365001110102143650000070008020041",
    "0071000491214300081804D83DDE00",
    "0059000491214300000170520251930003E2301B",
    "004900049121430000030B000000000003E2301B",
    "01C5071110102143650000000141",
]


def check(octets: bytes) -> None:
    """Read `octets` in every way there is: decoded, or refused with the octets."""
    for has_sca in (True, False, None):
        for from_mobile in (False, True):
            try:
                tpdu = decode(octets, has_sca=has_sca, from_mobile=from_mobile)
            except PduDecodeError as error:
                assert error.octets == octets
            else:
                as_fields(tpdu)
                check_encoded(tpdu)
    for read in (DeliverReport.decode, SubmitReport.decode):
        try:
            as_fields(read(octets))
        except PduDecodeError as error:
            assert error.octets == octets


def check_encoded(tpdu: Tpdu) -> None:
    """What was read can be written, unless it is more than a TPDU may carry."""
    try:
        octets = tpdu.encode()
    except PduEncodeError:
        return
    assert decode(octets, has_sca=True).encode() == octets


def check_explained(octets: bytes) -> None:
    """Explain `octets` in every way there is: each of them stands there once."""
    for has_sca in (True, False, None):
        for kind in (None, *READERS):
            explained = explain(octets, has_sca=has_sca, kind=kind)
            assert b"".join(line.octets for line in explained.lines) == octets


def damaged(dice: Random) -> bytes:
    """Return random octets, or a sound TPDU with some bits and octets changed."""
    if not dice.randrange(8):
        return dice.randbytes(dice.randrange(200))
    octets = bytearray(bytes.fromhex(dice.choice(SEEDS)))
    for _ in range(dice.randrange(4)):
        octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
    for _ in range(dice.randrange(3)):
        octets[dice.randrange(len(octets))] = dice.randrange(256)
    if not dice.randrange(3):
        del octets[dice.randrange(len(octets)) :]
    return bytes(octets)
