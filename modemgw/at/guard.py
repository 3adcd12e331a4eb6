"""Which AT commands a person may type at a modem that is in service.

A gateway's modem is set up in a certain way, and some commands cost money or
break it for good. So the rule is: reading and asking is allowed, changing is
not, but for what is known to be harmless; each refusal has its reason. Nothing
here is a prison: `unsafe` opens all but what would leave the channel itself in
a mess.

Spec of the line: ITU-T V.250, 5.2 to 5.4.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_LINE: Final = 400  # characters; V.250 promises 40, real modems take 256 and more

# --- refused whatever is said: the answer is no answer, but a prompt or a stream
_NEVER: Final = {
    "+CMGS": "it opens a prompt; send messages through the gateway",
    "+CMGW": "it opens a prompt; send messages through the gateway",
    "+CMGC": "it opens a prompt; send messages through the gateway",
    "+CMGSEX": "it opens a prompt; send messages through the gateway",
    "+QCMGS": "it opens a prompt; send messages through the gateway",
    "+CNMA": "the gateway acknowledges by itself",
    "O": "it leaves command mode",
}
# --- refused unless unsafe, with the reason; the longest name that fits counts
_BILLS = "it costs money"
_BRICKS = "it can lock the SIM or the modem for good"
_RESTARTS = "it restarts the modem or its radio; use `modemgw modems restart`"
_BREAKS = "the gateway relies on this setting"
_LOSES = "messages could be lost"
_FLASH = "it writes to the modem's memory for good"
BLOCKED: Final = {
    **dict.fromkeys(("D", "A", "+CMSS", "+CMMS", "+VTS"), _BILLS),
    **dict.fromkeys(("+CACM", "+CAMM", "+CPUC", "+CCFC", "+CCWA"), _BILLS),
    **dict.fromkeys(("+CGACT", "+CGDATA", "+CNACT", "+CGATT"), _BILLS),
    **dict.fromkeys(("+QIACT", "+CIICR", "^NDISDUP", "#SGACT", "+USOST"), _BILLS),
    **dict.fromkeys(("+CLCK", "+CPWD", "+CPIN", "^CPIN"), _BRICKS),
    **dict.fromkeys(("^CARDLOCK", "^SIMLOCK", "#PSMW", "+XSIM"), _BRICKS),
    **dict.fromkeys(("+EGMR", "+SIMEI", "^CIMEI", "+WIMEI", "!IMEI", "+CSIM"), _BRICKS),
    **dict.fromkeys(("+CMGD", "+QMGDA", "+CMGDA"), _LOSES),
    **dict.fromkeys(("+CFUN", "+CPOF", "+CRESET", "+QPOWD", "^RESET"), _RESTARTS),
    **dict.fromkeys(("!RESET", "#REBOOT", "^SMSO", "+CPWROFF", "+ZRST"), _RESTARTS),
    **dict.fromkeys(("Z", "&F", "&Y"), "it puts every setting back to its default"),
    **dict.fromkeys(("&W", "+IPR", "+ICF", "+IFC", "&K", "\\Q", "&D"), _FLASH),
    **dict.fromkeys(
        ("^FHVER", "^GODLOAD", "^DLOAD", "+QDOWNLOAD", "!BOOTHOLD"), _FLASH
    ),
    **dict.fromkeys(("^U2DIAG", "^SETPORT", "+ZCDRUN", "!USBCOMP", "#USBCFG"), _FLASH),
    **dict.fromkeys(("^NVWR", "^NVWREX", "+QCFG", "^SYSCFG", "^SYSCFGEX"), _FLASH),
    **dict.fromkeys(("+QFLDS", "+FSWRITE", "+QFOTADL", "#OTAUP", "^SCFG"), _FLASH),
    **dict.fromkeys(("+CNMI", "+CMGF", "+CPMS", "+CSMS", "+CSCS", "+CMEE"), _BREAKS),
    **dict.fromkeys(("+CSCA", "+CSMP", "+CSDH", "+CSAS", "+CRES", "E", "Q"), _BREAKS),
    **dict.fromkeys(("V", "X", "+CREG", "+CEREG", "+CGREG", "+CLIP", "^CURC"), _BREAKS),
    **dict.fromkeys(("+COPS", "+CPLS", "+CPOL"), "it may take the SIM off its network"),
    **dict.fromkeys(("+CMUX", "+CGDCONT"), _BREAKS),
    "+CUSD": "use `modemgw sims ussd`, which waits for the network's answer",
    "S": "it changes what ends a line",
}
# --- changing, and harmless
ALLOWED: Final = frozenset(
    (
        *("+CMGR", "+CMGL", "+CPBS", "+CPBR", "+CPBF", "+CHUP", "+CPAS", "+CEER"),
        *("+CSQ", "+CESQ", "+CGMI", "+CGMM", "+CGMR", "+CGSN", "+CIMI", "+CNUM"),
        *("+GMI", "+GMM", "+GMR", "+GSN", "+GCAP", "+CLAC", "+CLCC", "+WS46"),
        *("+CCID", "+QCCID", "+ICCID", "+CICCID", "^ICCID", "#CCID", "^SCID"),
        *("!ICCID", "+ZGETICCID", "^SYSINFO", "^SYSINFOEX", "^HCSQ", "^CSNR"),
        *("+QENG", "+QNWINFO", "+QSPN", "+CPSI", "+CBC", "+CCLK", "#RFSTS"),
        *("!GSTATUS", "^SMONI", "^SIND", "+CPLMNS", "+UCGED", "^HWVER", "^VERSION"),
        *("+CPINR", "+SPIC", "^SPIC", "#PCT", "+UPINCNT", "", "I", "H", "&V", "+CRSM"),
    )
)
_READS_OF_CRSM = ("176", "178", "192", "242")  # 27.007, 8.18: the others write

_MARKS = "+^*%#$!_\\@"
_EXTENDED = re.compile(r"[+^*%#$!_\\@][A-Z0-9]*", re.IGNORECASE)
_BASIC = re.compile(r"&?[A-Z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One command of a line: `+CSQ`, its `?`, `=?`, `=` or nothing, arguments."""

    name: str
    form: str
    arguments: str


def parts(line: str) -> list[Part] | None:
    """Take a line apart; None where it is not one of AT commands."""
    if line[:2].upper() != "AT":
        return None
    rest, found = _without_blanks(line[2:]), []
    if rest is None:
        return None
    while rest:
        if rest[0] == ";":
            rest = rest[1:]
            continue
        if match := _EXTENDED.match(rest):
            body, rest = _up_to_semicolon(rest)
            name = match[0].upper()
            found.append(Part(name, *_form(body[match.end() :])))
        elif match := _BASIC.match(rest):
            name = match[0].upper()
            if name == "D":  # takes all that follows
                found.append(Part("D", "=", rest[1:]))
                break
            number = re.match(r"\s*(\d*)\s*(=\?|\?|=\s*\d*)?", rest[match.end() :])
            end = match.end() + (number.end() if number else 0)
            found.append(Part(name, "", rest[match.end() : end].strip()))
            rest = rest[end:]
        else:
            return None
    return found or [Part("", "", "")]


def refusal(line: str, *, unsafe: bool = False) -> str | None:
    """Say why a line must not be typed, None where it may.

    >>> refusal("AT+CSQ"), refusal("ATD0900123;")
    (None, 'ATD: it costs money')
    """
    if not line or len(line) > MAX_LINE:
        return f"a command has 2 to {MAX_LINE} characters"
    if not (line.isascii() and line.isprintable()):
        return "a command is one line of printable ASCII"
    found = parts(line)
    if found is None:
        return "a command begins with AT"
    for part in found:
        why = _never(part) or (None if unsafe else _why_not(part))
        if why is not None:
            return f"AT{part.name}: {why}"
    return None


def prefixes(line: str) -> tuple[str, ...]:
    """Return what the lines of the answer begin with, where they have a prefix."""
    names = (part.name for part in parts(line) or ())
    found = dict.fromkeys(f"{name}:" for name in names if _EXTENDED.match(name))
    return tuple(found)


def _never(part: Part) -> str | None:
    is_asking = part.form in ("?", "=?")
    return None if is_asking else _NEVER.get(part.name)


def _why_not(part: Part) -> str | None:
    if part.form in ("?", "=?"):
        return None
    if part.name[:1] in _MARKS and not part.form and part.arguments:
        return "what follows its name is not understood"
    if part.name == "+CRSM":
        reads = part.arguments.split(",")[0].strip() in _READS_OF_CRSM
        return None if reads else _BRICKS
    if part.name in BLOCKED:
        return BLOCKED[part.name]
    if part.name in ALLOWED:
        return None
    return "it is not known to be harmless"


def _form(rest: str) -> tuple[str, str]:
    rest = rest.strip()
    for form in ("=?", "?", "="):
        if rest.startswith(form):
            arguments = rest[len(form) :].strip()
            # "AT!GSTATUS?0" still asks; "AT+X=?1" is no test any more.
            return ("=" if form == "=?" and arguments else form), arguments
    return "", rest


def _without_blanks(text: str) -> str | None:
    """Leave out what modems ignore; None where a quote is not closed."""
    pieces = text.split('"')
    if len(pieces) % 2 == 0:
        return None
    pieces[::2] = [piece.replace(" ", "") for piece in pieces[::2]]
    return '"'.join(pieces)


def _up_to_semicolon(text: str) -> tuple[str, str]:
    """Cut at the first semicolon outside quotes."""
    is_quoted = False
    for at, character in enumerate(text):
        if character == '"':
            is_quoted = not is_quoted
        elif character == ";" and not is_quoted:
            return text[:at], text[at + 1 :]
    return text, ""
