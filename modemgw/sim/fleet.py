"""Simulated modems by the dozen, each with its own identity."""

from typing import Any

from modemgw.sim.identity import iccid_of, imei_of, imsi_of, luhn, number_of
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network

__all__ = [
    "iccid_of",
    "imei_of",
    "imsi_of",
    "luhn",
    "make_modem",
    "make_modems",
    "number_of",
]


def make_modem(network: Network, index: int, **options: Any) -> SimModem:
    """Return one modem with its SIM; `options` as SimModem takes them."""
    identity = {
        "imei": imei_of(index),
        "iccid": iccid_of(index),
        "imsi": imsi_of(index),
        "number": number_of(index),
        "name": f"modem{index}",
    }
    return SimModem(network, **{**identity, **options})


def make_modems(network: Network, count: int, **options: Any) -> list[SimModem]:
    """Return as many modems, numbered from 0, all with the same options."""
    return [make_modem(network, index, **options) for index in range(count)]
