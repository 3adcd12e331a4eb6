"""The table of commands: a name as it is typed, and the function that answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from modemgw.sim.answers import Refused, cme, cms
from modemgw.sim.line import Call

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem


class Pending(Enum):
    """The answer comes later, through SimModem.complete or SimModem.refuse."""

    PENDING = "pending"


PENDING = Pending.PENDING
Answer = Sequence[str] | Pending  # the information lines in front of OK
Handler = Callable[["SimModem", Call], Answer]


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `card` names the refusal where it needs a usable SIM."""

    answer: Handler
    card: str = ""


COMMANDS: dict[str, Command] = {}


def command(*names: str, card: str = "") -> Callable[[Handler], Handler]:
    """Enter a function under these names. `card` is "CME", "CMS" or "": no SIM."""

    def enter(handler: Handler) -> Handler:
        for name in names:
            COMMANDS[name] = Command(handler, card)
        return handler

    return enter


def number(text: str, legal: Sequence[int] | range, refusal: Refused) -> int:
    """Read a decimal argument; `refusal` where it is none or not legal."""
    try:
        value = int(text)
    except ValueError:
        raise refusal from None
    if value not in legal:
        raise refusal
    return value


BAD_PARAMETER = cme(50)
BAD_OPERATION = cms(303)
