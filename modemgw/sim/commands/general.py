"""ITU-T V.250 commands: echo, result codes, profiles; and the modem as a whole."""

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from modemgw.sim.answers import Refused
from modemgw.sim.commands.table import BAD_PARAMETER, Answer, command, number
from modemgw.sim.line import Call, Form
from modemgw.sim.settings import Settings
from modemgw.sim.textmode import CHARSETS

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

_RESTART = 1  # the second argument of AT+CFUN


def _flag(call: Call) -> bool:
    return bool(number(call.text or "0", (0, 1), Refused()))


@command("E")
def echo(modem: "SimModem", call: Call) -> Answer:
    """Switch the echo."""
    modem.settings.echo = _flag(call)
    return []


@command("V")
def verbose(modem: "SimModem", call: Call) -> Answer:
    """Words or numbers as result codes."""
    modem.settings.verbose = _flag(call)
    return []


@command("Q")
def quiet(modem: "SimModem", call: Call) -> Answer:
    """Leave the result codes out."""
    modem.settings.quiet = _flag(call)
    return []


@command("Z")
def reset(modem: "SimModem", call: Call) -> Answer:
    """Return to the saved profile."""
    _restore(modem, modem.profile or Settings.of(modem.persona))
    return []


@command("&F")
def factory(modem: "SimModem", call: Call) -> Answer:
    """Return to what the modem left the factory with."""
    _restore(modem, Settings.of(modem.persona))
    return []


def _restore(modem: "SimModem", settings: Settings) -> None:
    # The memories of AT+CPMS are kept: modems hold them outside the profile.
    memories = modem.settings.memories
    modem.settings = copy.deepcopy(settings)
    modem.settings.memories = memories


@command("&W")
def save(modem: "SimModem", call: Call) -> Answer:
    """Save the settings as the profile."""
    modem.profile = copy.deepcopy(modem.settings)
    return []


@command("&C", "&D", "&K", "&S", "&V", "\\Q", "X", "L", "M", "W", "T", "P", "+IPR")
@command("+IFC", "+ICF", "+CBST", "+CRLP", "+CSSN", "+COLP", "+CMER", "+FCLASS")
@command("+CTZU", "+CTZR", "+CLTS", "+CSCB", "+CGEREP", "+CSNS", "+CVHU", "+CR")
def accepted(modem: "SimModem", call: Call) -> Answer:
    """Accept a setting that changes nothing here."""
    if call.form is Form.READ:
        return [f"{call.name}: 0"]
    return [f"{call.name}: (0,1)"] if call.form is Form.TEST else []


@command(*(f"S{n}" for n in (0, 3, 4, 5, 6, 7, 8, 10)))
def register(modem: "SimModem", call: Call) -> Answer:
    """Read or write an S register; only the values are kept."""
    defaults = {"S3": 13, "S4": 10, "S5": 8, "S7": 60}
    if call.form is Form.SET:
        modem.settings.registers[call.name] = number(
            call.text or "0", range(256), Refused()
        )
        return []
    value = modem.settings.registers.get(call.name, defaults.get(call.name, 0))
    return [f"{value:03d}"]


@command("+GCAP")
def capabilities(modem: "SimModem", call: Call) -> Answer:
    """Name the command sets."""
    return ["+GCAP: +CGSM,+DS,+ES"]


@command("+CMEE")
def error_format(modem: "SimModem", call: Call) -> Answer:
    """How errors are spelled: 0 ERROR, 1 numbers, 2 sentences."""
    if call.form is Form.TEST:
        return ["+CMEE: (0-2)"]
    if call.form is Form.READ:
        return [f"+CMEE: {modem.settings.cmee}"]
    modem.settings.cmee = number(call.text or "0", (0, 1, 2), BAD_PARAMETER)
    return []


@command("+CFUN")
def functionality(modem: "SimModem", call: Call) -> Answer:
    """Radio on (1), off (0, 4), or a restart."""
    if call.form is Form.TEST:
        return ["+CFUN: (0,1,4),(0,1)"]
    if call.form is Form.READ:
        return [f"+CFUN: {modem.radio}"]
    arguments = call.arguments()
    level = number(arguments[0], (0, 1, 4, 16), BAD_PARAMETER)
    if level == 16 or (len(arguments) > 1 and arguments[1] == str(_RESTART)):  # noqa: PLR2004 - +CFUN=16 restarts, too
        modem.interpreter.reboot_behind_answer()
        return []
    if level != modem.radio:
        modem.radio = level
        modem.announce_registration()
    return []


def restart(modem: "SimModem", call: Call) -> Answer:
    """Restart behind the OK; Persona.reset_commands names the commands."""
    modem.interpreter.reboot_behind_answer()
    return []


@command("+CPAS")
def activity(modem: "SimModem", call: Call) -> Answer:
    """Say whether the modem is idle, rings or talks."""
    if call.form is Form.TEST:
        return ["+CPAS: (0,3,4)"]
    return [f"+CPAS: {modem.calls.activity}"]


@command("+CBC")
def battery(modem: "SimModem", call: Call) -> Answer:
    """Supply: mains, full."""
    return ["+CBC: (0-2),(1-100)"] if call.form is Form.TEST else ["+CBC: 1,100"]


@command("+CCLK")
def clock(modem: "SimModem", call: Call) -> Answer:
    """Read or set the modem's clock."""
    if call.form is Form.TEST:
        return []
    if call.form in (Form.READ, Form.RUN):
        now = datetime.fromtimestamp(modem.now_ms() / 1000, UTC)
        return [f'+CCLK: "{now:%y/%m/%d,%H:%M:%S}+00"']
    text = call.arguments()[0]
    try:
        when = datetime.strptime(text[:17], "%y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
        quarters = int(text[17:] or "0")
    except ValueError:
        raise BAD_PARAMETER from None
    when -= timedelta(minutes=15 * quarters)
    modem.clock_offset_ms = int(when.timestamp() * 1000) - modem.network.clock.now_ms()
    return []


@command("+CLAC")
def listing(modem: "SimModem", call: Call) -> Answer:
    """List the commands."""
    return [] if call.form is Form.TEST else modem.interpreter.names


@command("+CEER")
def last_error(modem: "SimModem", call: Call) -> Answer:
    """Say why the last call ended."""
    return [] if call.form is Form.TEST else ["+CEER: Normal call clearing"]


@command("+CSCS")
def charset(modem: "SimModem", call: Call) -> Answer:
    """Choose the character set of texts and names."""
    if call.form is Form.TEST:
        return ["+CSCS: (" + ",".join(f'"{name}"' for name in CHARSETS) + ")"]
    if call.form is Form.READ:
        return [f'+CSCS: "{modem.settings.cscs}"']
    name = call.arguments()[0].upper()
    if name not in CHARSETS:
        raise BAD_PARAMETER
    modem.settings.cscs = name
    return []
