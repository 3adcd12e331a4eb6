"""What the gateway knows of its SIMs."""

from collections.abc import Iterator

from modemgw.doctor.box import Box, Check
from modemgw.doctor.daemon import Json
from modemgw.doctor.finding import Finding, Kind, Level, Skipped

BENCHED = Kind(
    "sim.benched",
    Level.WARNING,
    "A SIM was taken out of service because it was refused too often.",
    "Other SIMs carry its load; without any, messages wait.",
    "modemgw sims list\nmodemgw sims parole NAME",
)
PAUSED = Kind(
    "sim.paused",
    Level.NOTE,
    "Somebody paused a SIM.",
    "It sends nothing.",
    "modemgw sims resume NAME",
)
OUTAGE = Kind(
    "network.outage",
    Level.WARNING,
    "A network refuses all its SIMs.",
    "They wait together and try again now and then.",
    "Wait; if it lasts, ask the operator.",
)
SELFTEST = Kind(
    "sim.selftest_failed",
    Level.WARNING,
    "The last self-test of a SIM failed.",
    "It may look healthy and deliver nothing.",
    "modemgw sims selftest NAME",
)
USED_UP = Kind(
    "sim.used_up",
    Level.WARNING,
    "The allowance of a SIM is used up.",
    "It waits for the next period, or costs money.",
    "modemgw usage",
)


def sims(box: Box) -> Iterator[Finding]:
    """Look at each SIM as the gateway sees it."""
    if not box.view.is_there:
        raise Skipped("no gateway answers that could be asked")
    for sim in box.view.sims:
        yield from _one(sim)


def _one(sim: Json) -> Iterator[Finding]:
    name, health = str(sim.get("name")), _object(sim.get("health"))
    if health.get("paused"):
        yield PAUSED.seen(
            "a person paused it", name, type=f"modemgw sims resume {name}"
        )
    elif health.get("state") == "benched":
        what = str(health.get("reason") or "it was refused")
        advice = str(health.get("advice") or "")
        sentence = f"{advice[:1].upper()}{advice[1:]}."
        lines = (*((sentence,) if advice else ()), f"modemgw sims parole {name}")
        yield BENCHED.seen(what, name, type=lines)
    outage = _object(health.get("outage"))
    if outage:
        yield OUTAGE.seen(str(outage.get("why")), name)
    selftest = _object(sim.get("selftest"))
    if selftest.get("last_state") == "failed":
        what = f"it failed at: {selftest.get('last_leg') or 'unknown'}"
        yield SELFTEST.seen(what, name, type=f"modemgw sims selftest {name}")
    for one in _object(sim.get("wallet")).get("allowances") or []:
        if isinstance(one, dict) and _is_none(one.get("left")) and one.get("of"):
            what = f"all {one['of']} of this period are used"
            yield USED_UP.seen(what, name, type="modemgw usage")


def _is_none(left: object) -> bool:
    """Tell whether nothing is left: of parts a number, of money a text."""
    try:
        return isinstance(left, int | str) and float(left) <= 0
    except ValueError:
        return False


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


CHECKS = (Check("SIMs", "modems", sims, (BENCHED, PAUSED, OUTAGE, SELFTEST, USED_UP)),)
