"""What the code of a refused submit asks to be done for the modem itself."""

from enum import Enum

from modemgw.at import codes
from modemgw.modem.model import Refused

_DRAIN_CODES = frozenset({22, 208, 211, 322})  # no room: reading makes some


class Remedy(Enum):
    """What helps."""

    NOTHING = "nothing"
    SWEEP = "sweep"
    RESTART = "restart"


def remedy(refused: Refused) -> Remedy:
    """Return what helps against this refusal."""
    code = codes.refusal(refused.code, refused.text, vendor=refused.vendor)
    if code.number in _DRAIN_CODES:
        return Remedy.SWEEP
    if code.disposition is codes.Disposition.FIX_MODEM or code.reason == "sim_missing":
        return Remedy.RESTART
    return Remedy.NOTHING
