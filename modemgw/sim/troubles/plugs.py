"""Troubles of the port: sticks that vanish, come back elsewhere, change cards."""

from collections.abc import Mapping

from modemgw.sim.faults import Moment
from modemgw.sim.scenario import Event
from modemgw.sim.troubles.model import FIRST, START_S, Named

PLUGS: Mapping[str, Named] = {
    "unplug-mid-send": Named(
        "the port is gone behind Ctrl-Z of the first message, for 5 s",
        {"moments": (Moment("ctrl_z", "vanish", FIRST, {"back": 5.0}),)},
        number=29,
    ),
    "renumbered": Named(
        "after 20 s the stick is gone for 5 s and comes back under the next number",
        events=(Event(START_S, "vanish", what={"back": 5.0, "renumber": True}),),
        number=30,
    ),
    "zero-cd": Named(
        "restarts after 20 s, and is a CD-ROM without a port for 15 s",
        persona={"restart_s": 15.0, "vanishes": True},
        events=(Event(START_S, "reboot"),),
        number=31,
    ),
    "swapped-ports": Named(
        "after 20 s this stick and the next one change places",
        events=(Event(START_S, "swap_ports", what={"back": 5.0}),),
        number=32,
        modems=2,
    ),
    "sim-swapped": Named(
        "after 20 s there is another card in the modem, which restarts",
        events=(Event(START_S, "swap_sim"),),
        number=33,
    ),
}
