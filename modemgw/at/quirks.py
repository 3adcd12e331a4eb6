"""Which profile fits a modem, in what order it is set up, and what its URCs mean.

The shape of a profile is in at/profile.py, the families in at/families.py.
"""

import re
from collections.abc import Sequence

from modemgw.at.families import FAMILIES
from modemgw.at.profile import GENERIC, Profile

__all__ = ["FAMILIES", "GENERIC", "Profile", "named", "profile_for"]

# The modem restarted, whatever we believed: set it up again.
REBOOTED = (
    *("RDY", "APP RDY", "^SYSSTART", "*ATREADY", "MODEM:STARTUP"),
    *("NORMAL POWER DOWN", "POWERED DOWN"),
)
# Perhaps it restarted: Huawei says ^BOOT as a heartbeat, the others come late
# in a boot that we may have seen the begin of. Settings are compared.
PERHAPS_REBOOTED = (
    *("^BOOT:", "Call Ready", "SMS Ready", "SMS DONE", "PB DONE"),
    *("+PBREADY", "+READY", "+QIND: SMS DONE", '+QIND: "SMS DONE"'),
)
# The card was taken out, put in, or wants its PIN again.
SIM_CHANGED = ("+CPIN: NOT", "+CPIN: SIM", "+QUSIM: 0", "#QSS: 0", "^SIMST: 255")
STORAGE_FULL = ("^SMMEMFULL", "+SMS FULL", '+QIND: "smsfull"', '+CIEV: "MESSAGE"')

_ROUTES = {"0": "none", "1": "routed", "2": "stored", "3": "stored"}  # <ds>


def profile_for(
    manufacturer: str | None,
    model: str | None,
    profiles: Sequence[Profile] = FAMILIES,
) -> Profile:
    """Return the first profile with that model, then maker; else GENERIC.

    A model's name begins where a word does: "m35" is in Quectel_M35, not in EM350.
    """
    maker, kind = (manufacturer or "").lower(), (model or "").lower()
    every = f"{maker} {kind}"  # one answer to ATI may hold both
    by_model = (p for p in profiles if any(_begins(name, kind) for name in p.models))
    by_maker = (p for p in profiles if any(name in every for name in p.makers))
    return next(by_model, None) or next(by_maker, GENERIC)


def named(name: str, profiles: Sequence[Profile] = FAMILIES) -> Profile | None:
    """Return the profile with this name."""
    return next((profile for profile in profiles if profile.name == name), None)


def _begins(name: str, text: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(name.lower())}", text) is not None


def ordered_routings(
    profile: Profile, offered: tuple[frozenset[int], ...], *, reports: bool
) -> tuple[str, ...]:
    """Return the AT+CNMI values to try, best first.

    What the modem does not offer comes last instead of being left out: some
    modems refuse what they offer and take what they do not.
    """
    values = sorted(profile.cnmi, key=lambda v: _rank(v, profile.reports, reports))
    fitting = [value for value in values if _fits(value, offered)]
    return (*fitting, *(value for value in values if value not in fitting))


def _fits(value: str, offered: tuple[frozenset[int], ...]) -> bool:
    numbers = [int(number) for number in value.split(",")]
    if offered and len(numbers) > len(offered):
        return False
    return all(n in allowed for n, allowed in zip(numbers, offered, strict=False))


def _rank(value: str, route: str, reports: bool) -> int:
    """Put what is wanted first; the order within stays that of the profile."""
    way = _ROUTES[(value.split(",")[3:4] or ["0"])[0]]
    if not reports or route == "none":
        return way != "none"
    if route == "any":
        return 0
    return 0 if way == route else 2 if way == "none" else 1
