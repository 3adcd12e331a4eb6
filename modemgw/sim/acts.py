"""What can happen to one modem: the verbs of events and of moments.

Each takes the modem and the details that a scenario gives.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from modemgw.pdu.segment import segment
from modemgw.sim import plugging
from modemgw.sim.plugging import BACK_S

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

Details = Mapping[str, Any]
CALLER = "+491701234567"


def _inbound(modem: "SimModem", what: Details) -> None:
    text = what.get("text", "Hello").replace("{n}", str(what.get("n", 1)))
    modem.network.inbound(
        modem,
        what.get("from", CALLER),
        segment(text, encoding=what.get("encoding", "auto")),
        message_class=what.get("class"),
        concat_ref=what.get("concat_ref"),
        order=what.get("order"),
        ago=timedelta(seconds=what.get("ago", 0.0)),
        pid=what.get("pid", 0),
    )


def _inbound_octets(modem: "SimModem", what: Details) -> None:
    modem.network.inbound_octets(
        modem, what["octets"], is_report=what.get("report", False)
    )


def _ring(modem: "SimModem", what: Details) -> None:
    modem.calls.ring(what.get("from", CALLER), what.get("rings", 6))


def _hang_up(modem: "SimModem", what: Details) -> None:
    modem.calls.end("NO CARRIER")


def _urc(modem: "SimModem", what: Details) -> None:
    modem.urc(*what.get("lines", ()))


def _register(modem: "SimModem", what: Details) -> None:
    modem.register(what.get("stat", 1))


def _signal(modem: "SimModem", what: Details) -> None:
    modem.csq = what.get("csq", 99)


def _faults(modem: "SimModem", what: Details) -> None:
    modem.set_faults(**what.get("faults", {}))


def _deaf(modem: "SimModem", what: Details) -> None:
    modem.settings.cnmi = (0, 0, 0, 0, 0)


def _restart(modem: "SimModem", what: Details) -> None:
    modem.restart()


def _unplug(modem: "SimModem", what: Details) -> None:
    plugging.unplug(modem)


def _replug(modem: "SimModem", what: Details) -> None:
    plugging.replug(modem, what.get("as"))


def _vanish(modem: "SimModem", what: Details) -> None:
    plugging.vanish(
        modem, what.get("back", BACK_S), renumber=what.get("renumber", False)
    )


def _swap_ports(modem: "SimModem", what: Details) -> None:
    plugging.swap(modem, what.get("back", BACK_S))


def _swap_sim(modem: "SimModem", what: Details) -> None:
    modem.insert(modem.network.another_card(modem))


def _intrude(modem: "SimModem", what: Details) -> None:
    for line in what.get("typed", ()):
        modem.data_received(line.encode("latin-1", "replace") + b"\r")


def _clock(modem: "SimModem", what: Details) -> None:
    modem.clock_offset_ms = int(1000 * what.get("ahead", 0.0))
    modem.network.clock_offset_ms = modem.clock_offset_ms


def _lift(modem: "SimModem", what: Details) -> None:
    modem.lift_faults()


ACTS: Mapping[str, Callable[["SimModem", Details], None]] = {
    "inbound": _inbound,
    "inbound_octets": _inbound_octets,
    "ring": _ring,
    "hang_up": _hang_up,
    "urc": _urc,
    "register": _register,
    "signal": _signal,
    "faults": _faults,
    "lose_cnmi": _deaf,
    "reboot": _restart,
    "unplug": _unplug,
    "replug": _replug,
    "vanish": _vanish,
    "swap_ports": _swap_ports,
    "swap_sim": _swap_sim,
    "intrude": _intrude,
    "clock": _clock,
    "heal": _lift,
}
