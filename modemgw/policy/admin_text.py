"""The answers to administrators' texts: each fits one part of GSM characters. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modemgw.policy.admin_sms import FAILURES
from modemgw.policy.alert_text import fit, plain

HEAD = "modemgw"


@dataclass(frozen=True, slots=True)
class SimLine:
    """What is told of one SIM."""

    name: str
    is_ready: bool
    balance: str | None
    is_low: bool
    left: str  # of its shortest allowance, "" where nothing was agreed


def status(
    *,
    level: str,
    sims: Sequence[SimLine],
    queued: int | None,
    outcomes: Mapping[str, int],
    troubles: Sequence[str],
) -> str:
    """Say how everything stands; what is wrong comes before figures."""
    ready = sum(one.is_ready for one in sims)
    parts = [f"{level}, {ready} of {len(sims)} SIMs ready"]
    if troubles:
        more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
        parts.append(f"{troubles[0]}{more}")
    parts.append("queue ?" if queued is None else f"{queued} queued")
    told = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    parts.append(f"last hour {told or 'nothing'}")
    return _one(". ".join(parts))


def balance(sims: Sequence[SimLine]) -> str:
    """Say what each SIM has left."""
    told = []
    for one in sims:
        low = " LOW" if one.is_low else ""
        known = [f"{one.balance}{low}" if one.balance else "", one.left]
        told.append(f"{one.name} {', '.join(filter(None, known)) or '?'}")
    return _one("; ".join(told) or "no SIM was ever seen")


def paused() -> str:
    """Say that nothing is sent any more."""
    return _one("this is the last text: sending is paused. Text resume to go on")


def resumed(queued: int | None) -> str:
    """Say that it goes on."""
    waits = "" if queued is None else f", {queued} wait"
    return _one(f"sending again{waits}")


def help_text(may: Sequence[str]) -> str:
    """Say what may be asked for."""
    return _one(f"write your PIN and one of: {', '.join((*may, 'help'))}")


def locked(minutes: int) -> str:
    """Say that somebody tried PINs."""
    return _one(
        f"{FAILURES} wrong PINs from your number. No command from it is taken for "
        f"{minutes} min. Was it not you? Somebody forges your number"
    )


def _one(text: str) -> str:
    return fit(f"{HEAD}: {' '.join(plain(text).split())}", 1)
