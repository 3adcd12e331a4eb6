"""Every trouble by its name, to be switched on by it in a scenario or a test.

Each is a set of changes to one modem and of what happens to it; they can be
combined. The names say what a person sees on the wire. The 75 faults of the field
guide are all here, with their numbers; some have several variants.
"""

from collections.abc import Mapping

from modemgw.sim.troubles.model import Named
from modemgw.sim.troubles.plugs import PLUGS
from modemgw.sim.troubles.receiving import RECEIVING
from modemgw.sim.troubles.reports import REPORTS
from modemgw.sim.troubles.sending import SENDING
from modemgw.sim.troubles.setup import SETUP
from modemgw.sim.troubles.ussd import USSD
from modemgw.sim.troubles.wire import WIRE

__all__ = ["NAMED", "NUMBERS", "Named"]

NUMBERS = range(1, 76)  # of the faults in the field guide
_LAST = len(NUMBERS) + 1

NAMED: Mapping[str, Named] = dict(
    sorted(
        {
            **SENDING,
            **WIRE,
            **SETUP,
            **RECEIVING,
            **REPORTS,
            **PLUGS,
            **USSD,
        }.items(),
        key=lambda pair: pair[1].number or _LAST,
    )
)
