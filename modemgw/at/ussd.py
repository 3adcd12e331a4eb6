"""AT+CUSD and +CUSD: the lines of a USSD session, without what the text means.

How the string between the quotes is coded is pdu/ussd.py's business.

Spec: 3GPP TS 27.007, 7.15.
"""

import re
from dataclasses import dataclass
from enum import Enum

from modemgw.at.commands import SHORT_S, Command, nothing

# Some modems hold back the OK until the network has answered: give them time.
ASK_S = 30.0
MAX_CODE = 182  # characters

_LINE = re.compile(r"\+CUSD: *(\d)\s*(?:,(.*))?", re.DOTALL)
_QUOTED = re.compile(r'\s*"(.*)"\s*(?:,\s*(\d{1,3})?\s*(?:,.*)?)?', re.DOTALL)
_BARE = re.compile(r"(.*?)(?:,\s*(\d{1,3}))?\s*", re.DOTALL)

# MMI codes that change a PIN or a barring password: three mistakes lock the SIM.
# Spec: 3GPP TS 22.030, 6.6.2 and 6.6.3
_LOCKS = re.compile(r"\*\*0(?:3|4|42|5|52)\*")
_CODE = re.compile(r"[*#0-9][*#0-9A-Za-z+]*")


class Answered(Enum):
    """<m> of +CUSD, in the order of its numbers, and our own verdict."""

    DONE = "done"  # no further action
    REPLY = "reply"  # the network wants a reply
    ENDED = "ended"  # the network ended the session
    OTHER_CLIENT = "other_client"  # another program on this modem answered
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"  # also ours: no answer in time


@dataclass(frozen=True, slots=True)
class Cusd:
    """One +CUSD. `raw` is None where it carries no string."""

    answered: Answered
    raw: str | None
    dcs: int | None


ENABLE = Command("AT+CUSD=1", SHORT_S, nothing)
CANCEL = Command("AT+CUSD=2", SHORT_S, nothing)


def parse(text: str) -> Cusd | None:
    """Read a +CUSD line; None where it is none. Its text may have line breaks."""
    line = _LINE.match(text)
    if line is None:
        return None
    kinds = list(Answered)
    number = int(line[1])
    answered = kinds[number] if number < len(kinds) else Answered.ENDED
    rest = line[2]
    if rest is None or not rest.strip():
        return Cusd(answered, None, None)
    found = _QUOTED.fullmatch(rest) or _BARE.fullmatch(rest)
    if found is None:
        return Cusd(answered, rest, None)
    return Cusd(answered, found[1], int(found[2]) if found[2] else None)


def ask(string: str, dcs: int) -> Command[None]:
    """Send a code, or a reply. Not shown in transcripts: it may hold a PIN."""
    line = f'AT+CUSD=1,"{string}",{dcs}'
    return Command(line, ASK_S, nothing, shown='AT+CUSD=1,"<masked>"')


def objection(code: str, *, is_reply: bool = False) -> str | None:
    """Say why `code` must not be sent, None where it may.

    >>> objection("*100#"), objection("hello")
    (None, 'a USSD code has digits, * and # alone, such as *100#')
    """
    if not code or len(code) > MAX_CODE:
        return f"1 to {MAX_CODE} characters are needed"
    if not code.isprintable():
        return "control characters cannot be sent"
    if is_reply:
        return None
    if not _CODE.fullmatch(code):
        return "a USSD code has digits, * and # alone, such as *100#"
    if _LOCKS.match(code):
        return "this code changes a PIN or a password and could lock the SIM"
    return None
