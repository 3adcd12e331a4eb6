"""Finds modems, frees their ports, opens their cards: the first half of setup."""

import asyncio
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace

from modemgw.cli.setup_look import (
    Eyes,
    Sight,
    details,
    explain,
    put_right,
    table,
)
from modemgw.cli.setup_plan import Place, shown, title
from modemgw.cli.setup_talk import Talk
from modemgw.cli.setup_wishes import GaveUp, Wishes, read_pin
from modemgw.config import values
from modemgw.errors import ModemError
from modemgw.modem.conflicts import Finding
from modemgw.modem.discovery import Seat
from modemgw.modem.survey import (
    NO_SIM,
    READY,
    WANTS_PIN,
    WANTS_PUK,
    Entered,
    unlock,
)

AGAIN_S = 15.0  # until ports are back after something let go of them
DRAIN_S = 180.0  # as long as a gateway may take to let a text finish
STEP_S = 0.25
FEWEST_TRIES = 2  # left for a PIN, or it is not asked for
COLUMNS = ("modem", "where", "sim", "network", "signal")
# What ends something that somebody may want: it takes more than `--yes`.
HURTS = frozenset({"braille", "gateway", "terminal"})
_LOCKED = "left locked; it can neither send nor receive"


class Finder:
    """One search. `undo` are the commands that give back what was stopped for it."""

    def __init__(self, wishes: Wishes, talk: Talk, eyes: Eyes) -> None:
        self._wishes, self._talk, self._eyes = wishes, talk, eyes
        self.undo: list[tuple[str, ...]] = []
        self.is_fine = True  # every SIM that was found can be used
        self._to_come = 0  # sticks that were told to become modems

    def find(self) -> tuple[Place, ...]:
        """Find modems, free them, ask who they are. Raises GaveUp without any."""
        talk = self._talk
        seats = self._seats()
        self._free(seats)
        seats = self._come_back(seats)
        if not seats:
            raise GaveUp(_nothing(self._wishes.ports))
        ports = ", ".join(seat.ports[0] for seat in seats)
        talk.say(f"asking at {ports} …", "·")
        sight = asyncio.run(self._eyes.survey(seats))
        for label, why in sight.silent.items():
            talk.bad(f"{label}: no modem answers: {why}")
        if not sight.places:
            raise GaveUp(
                "no modem answered. Plug it in again and start setup again; another of"
                " its ports may be the right one: --port /dev/ttyUSB1"
            )
        sight = _each_once(sight, talk)
        count = len(sight.places)
        talk.good(f"found {count} modem{'s' * (count > 1)}")
        talk.table(COLUMNS, table(sight.places))
        for place in sight.places:
            talk.say(details(place))
            if place.found.sim == READY and not place.found.smsc:
                talk.warn(
                    f"{title(place.found)}: no service centre is set on the SIM. Where"
                    " texts fail, ask the operator for its number: `smsc` of the card"
                )
        return sight.places

    def _seats(self) -> tuple[Seat, ...]:
        seats = self._eyes.seats(self._wishes.ports)
        if seats or self._wishes.ports:
            return seats
        unsure = self._eyes.unsure(seats)
        if not unsure or not self._talk.is_interactive:
            return ()
        self._talk.warn(
            "no USB modem is seen. These ports may have a modem behind them, or"
            " something else, to which setup would send AT"
        )
        taken = [
            port
            for port in unsure
            if self._talk.confirm(f"Is a modem at {port}?", "--port", default=False)
        ]
        return self._eyes.seats(taken) if taken else ()

    def _free(self, seats: tuple[Seat, ...]) -> None:
        """Tell of what is in the way, and put it right where that is wished."""
        for finding in self._eyes.conflicts(seats):
            explain(finding, self._talk)
            if not finding.fix_argv or not self._may_fix(finding):
                continue
            if finding not in self._eyes.conflicts(seats):
                self._talk.good("it has gone by itself")
                continue
            self._remember(finding)
            if put_right(finding, self._talk):
                self._wait_until_gone(finding, seats)
                if finding.what == "rights":
                    raise GaveUp("log out and in again, then start setup again")

    def _may_fix(self, finding: Finding) -> bool:
        if self._wishes.fix is not None:
            return self._wishes.fix
        hurts = finding.what in HURTS
        may = self._talk.confirm(
            "Do that now?", "--fix or --no-fix", default=not hurts, only_asked=hurts
        )
        if hurts and not may:
            self._talk.say("left as it is; --fix does it without a question", "·")
        return may

    def _remember(self, finding: Finding) -> None:
        """Note what a fix will bring, and how it is taken back."""
        self._to_come += finding.what == "mode_switch"
        stopped = finding.fix_argv[0]
        if finding.what == "modemgw" and stopped[:2] == ("systemctl", "stop"):
            self.undo.append(("systemctl", "start", *stopped[2:]))

    def _wait_until_gone(self, finding: Finding, seats: tuple[Seat, ...]) -> None:
        """Let a program finish that was told to end; a gateway may be sending."""
        end = time.monotonic() + (DRAIN_S if finding.what == "modemgw" else AGAIN_S)
        if finding.what == "rights":  # those of a process stay as they were
            return
        while finding in self._eyes.conflicts(seats) and time.monotonic() < end:
            time.sleep(STEP_S)

    def _come_back(self, before: tuple[Seat, ...]) -> tuple[Seat, ...]:
        """Let ports come back that a fix took away for a moment."""
        end = time.monotonic() + AGAIN_S
        ports = [port for seat in before for port in seat.patterns]
        while True:
            seats = self._eyes.seats(ports)
            if len(seats) >= len(before) + self._to_come or time.monotonic() > end:
                return seats
            time.sleep(STEP_S)

    # --- cards

    def open_cards(self, places: Sequence[Place]) -> tuple[list[Place], dict[int, str]]:
        """Ask for the PINs that are wanted; return the modems as they are then."""
        pins: dict[int, str] = {}
        found: list[Place] = []
        for seen in places:
            place = self._second_look(seen, found)
            first = next((one for one in found if _is_same(one, place)), None)
            if first is not None:
                self._talk.say(
                    f"{place.where} leads to the modem at {first.where}", "·"
                )
                continue
            found.append(place)
            name, sim = f"{title(place.found)} ({place.where})", place.found.sim
            why = {
                WANTS_PUK: "the SIM is blocked (PUK): unblock it in a phone",
                NO_SIM: "there is no SIM, or it has no contact: put it in again",
            }.get(sim)
            if sim == WANTS_PIN:
                pin = self._open(place, name)
                if pin is not None:
                    pins[len(found) - 1], found[-1] = pin, self._again(place)
                    continue
            elif why is None:
                continue
            else:
                self._talk.bad(f"{name}: {why}")
            self.is_fine = False
        return found, pins

    def _second_look(self, place: Place, found: Sequence[Place]) -> Place:
        """Look again at a locked card whose modem may be one that was just opened."""
        twin = place.found.sim == WANTS_PIN and place.found.imei is not None
        if twin and any(one.found.imei == place.found.imei for one in found):
            return self._again(place)
        return place

    def _open(self, place: Place, name: str) -> str | None:
        """Give one card its PIN; None where it stays locked.

        A PIN goes out once, whatever came of it; another one only where a person
        types it and two tries are left at least.
        """
        tries, tried = place.found.tries, set[str]()
        while tries is None or tries >= FEWEST_TRIES:
            pin = self._pin(place, name, tries)
            if not pin:
                self._talk.warn(f"{name}: {_LOCKED}")
                return None
            if pin in tried:
                self._talk.bad("that one was wrong; it is not sent a second time")
                continue
            tried.add(pin)
            try:
                became, tries = asyncio.run(
                    unlock(place.found.port, pin, self._eyes.open_port)
                )
            except ModemError as exc:
                self._talk.bad(f"{name}: {exc}; plug it in anew, start setup again")
                return None
            if became in (Entered.ACCEPTED, Entered.NOT_ASKED):
                self._talk.good(f"{name}: the PIN is right")
                return pin
            if became is not Entered.WRONG:
                break
            left = "it does not say how many" if tries is None else tries
            self._talk.bad(f"{name}: the PIN is wrong; tries left: {left}")
            if tries is None or self._wishes.pin_file(place) is not None:
                break
        self._talk.warn(
            f"{name}: {_LOCKED}. No PIN is sent any more, since wrong ones block the"
            " card: put it into a phone, enter the right PIN once, start setup again"
        )
        return None

    def _pin(self, place: Place, name: str, tries: int | None) -> str:
        file = self._wishes.pin_file(place)
        if file is not None:
            return read_pin(file)
        left = "" if tries is None else f" ({tries} tries left)"
        question = f"PIN of the SIM in {name}{left}; Enter leaves it locked"
        return self._talk.secret(question, "--pin-file", values.pin)

    def _again(self, place: Place) -> Place:
        """Ask an opened card who it is."""
        seats = self._eyes.seats((place.found.port,))
        sight = asyncio.run(self._eyes.survey(seats)) if seats else Sight()
        found = sight.places[0].found if sight.places else place.found
        network = shown(found.operator or found.registration) or "no network yet"
        self._talk.say(f"SIM {found.sim}, {network}", "·")
        return replace(place, found=found)


def _is_same(one: Place, other: Place) -> bool:
    who = (one.found.imei, one.found.iccid)
    return None not in who and who == (other.found.imei, other.found.iccid)


def _each_once(sight: Sight, talk: Talk) -> Sight:
    """Drop a second line to the same modem: it has the same IMEI and the same card."""
    kept: dict[object, Place] = {}
    for place in sight.places:
        who = (place.found.imei, place.found.iccid)
        first = kept.setdefault(who if None not in who else object(), place)
        if first is not place:
            talk.say(f"{place.where} leads to the modem at {first.where}", "·")
    return replace(sight, places=tuple(kept.values()))


def put_back(undo: Sequence[tuple[str, ...]], talk: Talk) -> None:
    """Start again what was stopped."""
    for words in undo:
        talk.command(shlex.join(words))
        finding = Finding("modemgw", "", "", "", (words,))
        put_right(finding, talk)


def _nothing(ports: Sequence[str]) -> str:
    if ports:
        return (
            f"there is no serial port at {', '.join(ports)}. Look at what is there:"
            " ls -l /dev/serial/by-path"
        )
    return (
        "no modem is found. Plug one in and start setup again; lsusb shows whether the"
        " box sees it. One on a serial line: --port /dev/serial0. None at all:"
        " modemgw demo, or modemgw setup --sim 2"
    )
