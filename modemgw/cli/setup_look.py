"""Where modems are, who they are, and what is in their way: the eyes of setup."""

import asyncio
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modemgw.cli.setup_plan import Place, shown, title
from modemgw.cli.setup_talk import Talk
from modemgw.errors import ModemError
from modemgw.modem import conflicts
from modemgw.modem.conflicts import Finding, Words
from modemgw.modem.discovery import Scanner, Seat, Wanted
from modemgw.modem.port import OpenPort, open_serial
from modemgw.modem.survey import NO_SIM, READY, WANTS_PIN, WANTS_PUK, Surveyed, survey

FIX_S = 300.0  # for one command: apt-get may have to fetch something
STDERR = 2  # standard output is for what programs read
# Lines of a board, and adapters that may have anything behind them.
UNSURE = ("/dev/serial0", "/dev/ttyUSB*", "/dev/ttyACM*", "/dev/ttyAMA*")
_STABLE = ("serial/by-id", "serial/by-path")
_SIM_WORDS = {
    READY: "ready",
    WANTS_PIN: "wants its PIN",
    WANTS_PUK: "blocked (PUK)",
    NO_SIM: "no SIM",
}
MAX_WHERE = 22


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look has come to. `silent`: seat label -> why nobody answered there."""

    places: tuple[Place, ...] = ()
    silent: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Eyes:
    """Looks at one machine; a test gives it another one."""

    root: Path = Path("/")
    open_port: OpenPort = open_serial

    def seats(self, ports: Sequence[str]) -> tuple[Seat, ...]:
        """Return where to ask: at these ports, or at every USB modem where none."""
        scanner = Scanner(self.root / "sys", self.root / "dev")
        sight = scanner.scan(Wanted(patterns=frozenset(ports)))
        named = [seat for seat in sight.seats if seat.patterns]
        return tuple(named if ports else [s for s in sight.seats if s.is_usb])

    def unsure(self, seats: Iterable[Seat]) -> list[str]:
        """Return ports at which a modem may be, or anything else."""
        known = {os.path.realpath(port) for seat in seats for port in seat.ports}
        wanted = [str(self.root / name.lstrip("/")) for name in UNSURE]
        others = Scanner(self.root / "sys", self.root / "dev").scan(
            Wanted(patterns=frozenset(wanted))
        )
        ports = [seat.ports[0] for seat in others.seats if not seat.is_usb]
        return [port for port in ports if os.path.realpath(port) not in known]

    def conflicts(self, seats: Iterable[Seat]) -> tuple[Finding, ...]:
        """Return what is in the way of these seats."""
        ports = [port for seat in seats for port in seat.ports]
        return conflicts.find(ports, root=self.root)

    async def survey(self, seats: Sequence[Seat]) -> Sight:
        """Ask at every seat at once; the first port of each that answers counts."""
        answers = await asyncio.gather(*(self._ask(seat) for seat in seats))
        places: list[Place] = []
        silent: dict[str, str] = {}
        for seat, answer in zip(seats, answers, strict=True):
            if isinstance(answer, str):
                silent[seat.label] = answer
            else:
                places.append(self.place(seat, answer))
        return Sight(tuple(places), silent)

    async def _ask(self, seat: Seat) -> Surveyed | str:
        why = "it has no port"
        for port in seat.ports:
            try:
                return await survey(port, self.open_port, first_words=seat.first_words)
            except ModemError as exc:
                why = f"{Path(port).name}: {exc}"
        return why

    def place(self, seat: Seat, found: Surveyed) -> Place:
        """Say how a modem is found again."""
        if seat.is_usb:
            where = f"USB {seat.key.removeprefix('usb ')}, {Path(found.port).name}"
        else:
            where = found.port
        is_pty = os.path.realpath(found.port).startswith("/dev/pts/")
        return Place(found, where, self._stable(found.port), seat.is_usb, is_pty)

    def _stable(self, port: str) -> str:
        """Return a name of a port that outlives a restart, else the port itself."""
        real = os.path.realpath(port)
        if not real.startswith(str(self.root / "dev/tty")):
            return os.path.abspath(port)  # noqa: PTH100 - a link is kept as it is
        for folder in reversed(_STABLE):
            for link in sorted((self.root / "dev" / folder).glob("*")):
                if os.path.realpath(link) == real:
                    return str(link)
        return port


def table(places: Sequence[Place]) -> list[tuple[str, ...]]:
    """Return a row for each modem: who it is, its port, its card, the network."""
    return [
        (
            title(place.found),
            place.where if len(place.where) <= MAX_WHERE else Path(place.where).name,
            _SIM_WORDS.get(place.found.sim, shown(place.found.sim, 24)),
            shown(place.found.operator or place.found.registration, 20) or "-",
            signal(place.found.signal_dbm),
        )
        for place in places
    ]


def details(place: Place) -> str:
    """Write the numbers of a modem and its card, as far as they are known."""
    found = place.found
    known = {
        "IMEI": found.imei,
        "ICCID": found.iccid,
        "number": found.number,
        "SMSC": found.smsc,
    }
    words = [f"{name} {shown(value, 24)}" for name, value in known.items() if value]
    return f"{title(found)}: {', '.join(words) or 'it tells no numbers'}"


def signal(dbm: int | None) -> str:
    """Write a signal for people.

    >>> signal(-79), signal(None)
    ('-79 dBm, good', '-')
    """
    if dbm is None:
        return "-"
    for least, word in ((-70, "very good"), (-85, "good"), (-100, "weak")):
        if dbm >= least:
            return f"{dbm} dBm, {word}"
    return f"{dbm} dBm, bad"


# --- putting right


def as_root(words: Words) -> Words | None:
    """Return what to run so that root does it; None: nobody here can."""
    if os.geteuid() == 0:
        return words
    sudo = shutil.which("sudo")
    return None if sudo is None else (sudo, *words)


def explain(finding: Finding, talk: Talk) -> None:
    """Say what is in the way, and what puts it right."""
    perhaps = "" if finding.is_sure else " (perhaps; its open files are not to be seen)"
    talk.warn(f"{finding.why}{perhaps}.")
    talk.say(f"{finding.fix_text[:1].upper()}{finding.fix_text[1:]}.")
    for words in finding.fix_argv:
        talk.command(shlex.join(words))


def put_right(finding: Finding, talk: Talk) -> bool:
    """Run the commands of a finding, in their order; False where one failed."""
    for words in finding.fix_argv:
        whole = as_root(words)
        if whole is None:
            talk.bad("this needs root: type it there, then start setup again")
            return False
        try:
            done = subprocess.run(  # noqa: S603 - words of our own, no shell
                whole, check=False, timeout=FIX_S, stdout=STDERR
            )
        except OSError as exc:
            talk.bad(f"{words[0]}: {(exc.strerror or str(exc)).lower()}")
            return False
        except subprocess.TimeoutExpired:
            talk.bad(f"{words[0]} did not end within {FIX_S:g} s")
            return False
        if done.returncode:
            talk.bad(f"{shlex.join(words)} ended with {done.returncode}")
            return False
    talk.good("done")
    return True
