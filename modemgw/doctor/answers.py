"""Asks modems: through the gateway where it runs, else at ports that nobody holds.

Every command only reads, and no PIN is entered. A port that another program has
open, or has locked, is not opened; one that is free is opened exclusively, so that a
gateway which starts meanwhile waits for a moment.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from modemgw.at import answers, commands
from modemgw.at.answers import Storage
from modemgw.at.profile import GENERIC, Profile
from modemgw.doctor import daemon
from modemgw.doctor.box import Box

if TYPE_CHECKING:
    from modemgw.modem.channel import AtChannel

ALL_S = 40.0  # for all modems together
PORT_S = 25.0  # for one that is opened
COMMAND_S = 6
MOST_PORTS = 32
_MAX_RSRP = 97

Lines = list[str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of one modem; None: it was not asked, or did not say.

    `pin_state` is the word of AT+CPIN?, NONE where there is no card. `smsc` is ""
    where the card has none. `lost` are settings that the modem reads back otherwise.
    """

    name: str
    phase: str = ""
    why: str = ""
    is_silent: bool = False
    is_locked: bool = False
    imei: str | None = None
    pin_state: str | None = None
    pin_tries: int | None = None
    smsc: str | None = None
    memories: tuple[Storage, ...] = ()
    takes_sms: bool | None = None
    registration: str | None = None
    creg: int | None = None
    cereg: int | None = None
    signal_dbm: int | None = None
    rsrp_dbm: int | None = None
    lost: tuple[str, ...] = ()


def ask(box: Box) -> tuple[list[Said], str]:
    """Ask every modem; where none could be asked, say why."""
    if box.view.is_there:
        return _through(box), ""
    if box.daemon_pid is not None or box.view.state in ("silent", "forbidden"):
        return [], "a gateway holds the modems and cannot be asked"
    if not box.may_ask:
        return [], "no gateway runs, and nothing shall be said to modems"
    ports, why_not = free_ports(box)
    if not ports:
        return [], why_not
    found = asyncio.run(_at_ports(box, ports))
    return found, "" if found else "no port could be opened"


# --- through the gateway


def _through(box: Box) -> list[Said]:
    view, until = box.view, time.monotonic() + ALL_S
    centres = {sim.get("modem"): sim.get("smsc") or "" for sim in view.sims}
    profiles = {one.name: one for one in _profiles(box)}
    found = []
    for modem in view.modems:
        name, phase = str(modem.get("name")), str(modem.get("phase"))
        why = str(modem.get("why") or "")
        lines: dict[str, Lines] = {}
        profile = profiles.get(str(modem.get("profile")), GENERIC)
        can_ask = box.may_ask and phase in ("ready", "parked") and not modem.get("busy")
        if can_ask and view.socket is not None:
            for text in _asked(profile, is_ready=phase == "ready"):
                if time.monotonic() > until:
                    break
                answer = daemon.command(view.socket, name, text, COMMAND_S)
                if answer is not None:
                    lines[text] = list(answer)
        known = modem.get("sim") is not None and name in centres
        found.append(
            _read(
                lines,
                profile,
                Said(
                    name,
                    phase,
                    why,
                    is_locked="PIN" in why or "PUK" in why,
                    imei=_text(modem.get("imei")),
                    smsc=centres[name] if known and phase == "ready" else None,
                    registration=_text(modem.get("registration")),
                    signal_dbm=_integer(modem.get("signal_dbm")),
                    lost=tuple(
                        str(one.get("setting"))
                        for one in modem.get("proof") or []
                        if isinstance(one, dict) and one.get("holds") is False
                    ),
                ),
            )
        )
    return found


def _asked(profile: Profile, *, is_ready: bool) -> tuple[str, ...]:
    counter = commands.pin_tries(profile).text
    if not is_ready:
        return (counter,)
    return (counter, "AT+CPMS?", "AT+CREG?", "AT+CEREG?", "AT+CESQ")


# --- at the port


def free_ports(box: Box) -> tuple[list[str], str]:
    """Return one port of each modem that nobody holds; where there is none, why."""
    from pathlib import Path  # noqa: PLC0415

    from modemgw.modem import holders  # noqa: PLC0415
    from modemgw.modem.discovery import Scanner, Wanted  # noqa: PLC0415

    config, machine = box.config, box.machine
    if config is None:
        return [], "there is no configuration to go by"
    patterns = frozenset(str(machine.at(one.port)) for one in config.modems if one.port)
    scanner = Scanner(machine.at("/sys"), machine.at("/dev"))
    by_identity = any(one.port is None for one in config.modems)
    seats = [
        seat
        for seat in scanner.scan(Wanted(patterns)).seats
        if seat.patterns or (seat.is_usb and (config.discovery or by_identity))
    ]
    if not seats:
        return [], "no modem is there"
    locks = tuple(machine.at(place) for place in holders.LOCKS)
    firsts = [Path(seat.ports[0]).resolve() for seat in seats[:MOST_PORTS]]
    held = holders.holders_of(firsts, proc=machine.at("/proc"), locks=locks)
    locked = machine.locked()
    free = [
        path
        for path in firsts
        if path.stat().st_ino not in locked
        # Only root sees who has what open: else who grabs modems counts as there.
        and not any(one.is_sure or not machine.is_root for one in held[path])
    ]
    if not free:
        return [], "other programs hold every modem"
    return [str(path) for path in dict.fromkeys(free)], ""


async def _at_ports(box: Box, ports: Sequence[str]) -> list[Said]:
    found = await asyncio.gather(*(_at_port(box, port) for port in ports))
    return [one for one in found if one is not None]


def _named(box: Box, port: str) -> str:
    """Return the name of the configuration for a port, else that of the port."""
    for modem in box.config.modems if box.config is not None else ():
        if modem.port is not None and box.machine.real(modem.port) == port:
            return modem.name
    return port.rpartition("/")[2]


async def _at_port(box: Box, port: str) -> Said | None:
    """Ask at one port; None where it cannot be opened, which others tell."""
    from modemgw.errors import ModemError  # noqa: PLC0415
    from modemgw.modem.channel import AtChannel  # noqa: PLC0415
    from modemgw.modem.port import open_serial  # noqa: PLC0415

    channel = AtChannel(lambda urc: None, lambda token, tp_mr: None)
    name = _named(box, port)
    try:
        opened = await open_serial(port, channel.data_received, channel.connection_lost)
    except ModemError:
        return None
    try:
        async with asyncio.timeout(PORT_S):
            channel.write = opened.write
            try:
                return await _interview(box, channel, name)
            finally:
                opened.close()
                await asyncio.sleep(0)  # the transport closes in a turn of its own
    except TimeoutError:
        return Said(name, why="it did not answer in time", is_silent=True)
    except ModemError as exc:
        return Said(name, why=str(exc), is_silent=True)


async def _interview(box: Box, channel: "AtChannel", name: str) -> Said:
    from modemgw.at.quirks import profile_for  # noqa: PLC0415

    await channel.resync()
    lines: dict[str, Lines] = {}
    for text in ("AT+CGMI", "AT+CGMM", "AT+CGSN", "AT+CPIN?"):
        await _say(channel, text, lines)
    maker = " ".join(lines.get("AT+CGMI", []))
    model = " ".join(lines.get("AT+CGMM", []))
    profile = profile_for(maker or None, model or None)
    state = answers.first(lines["AT+CPIN?"]) if "AT+CPIN?" in lines else "NONE"
    is_ready = state.strip('" ').upper() == "READY"
    await _say(channel, commands.pin_tries(profile).text, lines)
    takes = await _say(channel, "AT+CMGF=?", lines)
    if is_ready:
        for text in ("AT+CPMS?", "AT+CSCA?", "AT+CREG?", "AT+CEREG?", "AT+CSQ"):
            await _say(channel, text, lines)
        await _say(channel, "AT+CESQ", lines)
    smsc = commands.CENTRE.value(lines["AT+CSCA?"]) if "AT+CSCA?" in lines else None
    return _read(
        lines,
        profile,
        Said(
            name,
            pin_state=state.strip('" '),
            is_locked=state != "NONE" and not is_ready,
            imei=answers.imei_of(lines.get("AT+CGSN", [])),
            smsc=(smsc or "") if "AT+CSCA?" in lines else None,
            takes_sms=takes if is_ready else None,
            signal_dbm=answers.dbm_of(lines.get("AT+CSQ", ["+CSQ: 99,99"])),
        ),
    )


async def _say(channel: "AtChannel", text: str, lines: dict[str, Lines]) -> bool:
    from modemgw.modem import console  # noqa: PLC0415

    reply = await console.run(channel, text, COMMAND_S)
    if reply.final == "OK":
        lines[text] = list(reply.lines)
    return reply.final == "OK"


# --- what was said


def _read(lines: dict[str, Lines], profile: Profile, said: Said) -> Said:
    """Add what the answers tell; what makes no sense counts as not said."""
    creg = _of(commands.REGISTRATION, lines)
    cereg = _of(commands.REGISTRATION_EPS, lines)
    return replace(
        said,
        pin_tries=_of(commands.pin_tries(profile), lines),
        memories=_of(commands.STORAGES, lines) or (),
        creg=creg[1] if creg else None,
        cereg=cereg[1] if cereg else None,
        rsrp_dbm=_rsrp(lines.get("AT+CESQ", [])),
    )


def _of(command: "commands.Command[T]", lines: dict[str, Lines]) -> T | None:
    try:
        return command.value(lines[command.text])
    except (KeyError, ValueError, IndexError):
        return None


def _rsrp(lines: Iterable[str]) -> int | None:
    """Return dBm of the last field of `+CESQ: 99,99,255,255,20,46`; 255: unknown."""
    for line in lines:
        if line.startswith("+CESQ:"):
            value = answers.integer(answers.fields(line)[-1])
            if value is not None and 0 < value <= _MAX_RSRP:
                return -141 + value
    return None


def _profiles(box: Box) -> tuple[Profile, ...]:
    if box.config is not None:
        return box.config.all_profiles()
    from modemgw.at.families import FAMILIES  # noqa: PLC0415

    return FAMILIES


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None
