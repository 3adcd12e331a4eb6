"""Setup finds modems, frees their ports and opens their cards: on simulated ones."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from modemgw.cli import setup_find, setup_look
from modemgw.cli.setup_find import Finder, put_back
from modemgw.cli.setup_look import Eyes, details, put_right, signal, table
from modemgw.cli.setup_plan import Place
from modemgw.cli.setup_talk import Talk, Unasked
from modemgw.cli.setup_wishes import GaveUp, Wishes
from modemgw.cli.simulated import simulated
from modemgw.errors import AtTimeout, PortLost
from modemgw.modem.conflicts import Finding
from modemgw.modem.port import OnData, OnLost, OpenPort, Port, open_serial
from modemgw.modem.survey import Entered, Surveyed, unlock
from modemgw.sim.faults import Faults, Rule
from modemgw.sim.personas.huawei import HUAWEI
from modemgw.sim.scenario import ModemPlan, Scenario
from tests.modem.machine import Machine, ports

pytestmark = pytest.mark.interop  # on real ptys, whose names are soon used again
PIN = "4711"
EVIL = "\x1b]0;owned\x07\x1b[2JACME\x9b31m"


def wishes(folder: Path, **more: object) -> Wishes:
    found = {"config": folder / "modemgw.yaml", "ports": (str(folder / "modem*"),)}
    return Wishes(**{**found, **more})  # type: ignore[arg-type]


@contextmanager
def modems(folder: Path, *plans: ModemPlan) -> Iterator[None]:
    with simulated(len(plans), folder, Scenario(modems=plans)):
        yield


def locked(tries: int = 3, *rules: Rule) -> ModemPlan:
    options = {"pin": PIN, "pin_tries": tries}
    return ModemPlan(options=options, faults=Faults(rules=rules))


@contextmanager
def conversation(*typed: str) -> Iterator[tuple[Talk, list[str]]]:
    """Type these lines; the list has what was said when it is over."""
    said: list[str] = []
    text = "".join(f"{line}\n" for line in typed)
    with CliRunner().isolation(input=text) as (out, *_):
        yield Talk(is_interactive=bool(typed)), said
        said.append(out.getvalue().decode())


def test_everything_about_two_modems(tmp_path: Path) -> None:
    with modems(tmp_path, ModemPlan(), locked()), conversation() as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        one, other = finder.find()
    assert one.found.imei == "352099000000006"
    assert one.found.iccid == "8999901000000000005"
    assert (one.found.operator, one.found.sim) == ("Sim Mobile", "ready")
    assert one.port == str(tmp_path / "modem0") and one.is_simulated
    assert (other.found.sim, other.found.tries) == ("pin", 3)
    assert "✓ found 2 modems" in said[0] and "wants its PIN" in said[0]
    assert "SMSC +999010099" in said[0]


def test_the_right_pin_opens_the_card(tmp_path: Path) -> None:
    with modems(tmp_path, locked()), conversation(PIN) as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        places, pins = finder.open_cards(finder.find())
    assert pins == {0: PIN} and finder.is_fine
    assert places[0].found.sim == "ready" and places[0].found.operator == "Sim Mobile"
    assert "(3 tries left)" in said[0] and PIN not in said[0]


def test_two_ports_of_one_locked_modem_are_asked_for_one_pin(tmp_path: Path) -> None:
    plan = replace(locked(), persona=HUAWEI)
    with modems(tmp_path, plan), conversation(PIN) as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        found = finder.find()
        places, pins = finder.open_cards(found)
    assert len(found) == 2, "nobody knows before the card is open"
    assert [place.where for place in places] == [found[0].where]
    assert pins == {0: PIN} and finder.is_fine
    assert (
        said[0].count("PIN of the SIM in") == 1 and "leads to the modem at" in said[0]
    )


def test_a_wrong_pin_goes_out_once(tmp_path: Path) -> None:
    typed = ("1234", "1234", "12", PIN)
    with modems(tmp_path, locked()), conversation(*typed) as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        _, pins = finder.open_cards(finder.find())
    assert pins == {0: PIN}
    assert said[0].count("the PIN is wrong; tries left: 2") == 1
    assert "it is not sent a second time" in said[0]


def test_the_last_try_is_never_used(tmp_path: Path) -> None:
    with modems(tmp_path, locked()), conversation("1234", "1235") as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        places = finder.find()
        assert finder.open_cards(places)[1] == {}
        assert not finder.is_fine
        port = places[0].found.port
        assert asyncio.run(unlock(port, PIN, open_serial)) == (Entered.LAST_TRY, 1)
    assert "tries left: 1" in said[0] and "No PIN is sent any more" in said[0]


def test_a_pin_from_a_file_is_tried_once(tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text("1234")
    with modems(tmp_path, locked()), conversation() as (talk, said):
        finder = Finder(wishes(tmp_path, pin_files={"": file}), talk, Eyes())
        places = finder.find()
        assert finder.open_cards(places)[1] == {}
        file.write_text(PIN)
        assert finder.open_cards(places)[1] == {0: PIN}
    assert said[0].count("the PIN is wrong") == 1


def test_nobody_to_ask_for_the_pin(tmp_path: Path) -> None:
    with modems(tmp_path, locked()), conversation() as (talk, _):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        with pytest.raises(Unasked, match="--pin-file"):
            finder.open_cards(finder.find())


@pytest.mark.parametrize(
    ("plan", "typed", "told"),
    [
        (locked(0), (), "is blocked (PUK)"),
        (
            ModemPlan(faults=Faults(rules=(Rule("+CPIN?", say=("+CME ERROR: 10",)),))),
            (),
            "there is no SIM",
        ),
        (locked(), ("",), "left locked"),
        (locked(3, Rule("+CPINR", say=("ERROR",))), ("1234",), "does not say how many"),
    ],
    ids=["puk", "no card", "no pin", "no counter"],
)
def test_a_card_that_stays_shut(
    tmp_path: Path, plan: ModemPlan, typed: tuple[str, ...], told: str
) -> None:
    with modems(tmp_path, plan), conversation(*typed) as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        assert finder.open_cards(finder.find())[1] == {}
    assert not finder.is_fine
    assert told in said[0]


def test_hostile_words_of_a_modem_reach_no_terminal(tmp_path: Path) -> None:
    words = ("+CGMI", "+CGMM", "+COPS?", "+CNUM", "+CSCA?")
    rules = tuple(Rule(word, say=(EVIL, f'+X: 0,0,"{EVIL}"', "OK")) for word in words)
    plan = ModemPlan(faults=Faults(rules=rules))
    with modems(tmp_path, plan), conversation() as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        (place,) = finder.find()
        talk.say(details(place))
    assert "ACME" in said[0]
    assert not [c for c in said[0] if not c.isprintable() and c != "\n"]


async def _silent(path: str, on_data: OnData, on_lost: OnLost) -> Port:
    raise AtTimeout("AT", 3.0)


async def _gone(path: str, on_data: OnData, on_lost: OnLost) -> Port:
    raise PortLost("waiting for the port")


@pytest.mark.parametrize("open_port", [_silent, _gone])
def test_nobody_answers(tmp_path: Path, open_port: OpenPort) -> None:
    with modems(tmp_path, ModemPlan()), conversation() as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes(open_port=open_port))
        with pytest.raises(GaveUp, match="no modem answered"):
            finder.find()
    assert "modem0: no modem answers: modem0: " in said[0]


def test_a_port_that_vanishes_while_the_pin_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> None:
        raise PortLost("the port is gone")

    monkeypatch.setattr(setup_find, "unlock", lost)
    with modems(tmp_path, locked()), conversation(PIN) as (talk, said):
        finder = Finder(wishes(tmp_path), talk, Eyes())
        assert finder.open_cards(finder.find())[1] == {}
    assert "the port is gone" in said[0]


def test_no_modem_at_all(tmp_path: Path) -> None:
    Machine(tmp_path)
    with conversation() as (talk, _):
        nothing = Wishes(tmp_path / "x")
        with pytest.raises(GaveUp, match="no modem is found"):
            Finder(nothing, talk, Eyes(tmp_path)).find()
        with pytest.raises(GaveUp, match="there is no serial port at"):
            Finder(wishes(tmp_path), talk, Eyes(tmp_path)).find()


def test_two_lines_to_one_modem_are_one(tmp_path: Path) -> None:
    with modems(tmp_path, ModemPlan()), conversation() as (talk, _):
        eyes = Eyes()
        seats = eyes.seats((str(tmp_path / "modem0"),))
        sight = asyncio.run(eyes.survey(seats))
        twice = setup_look.Sight((*sight.places, *sight.places))
        one = setup_find._each_once(twice, talk)
    assert len(one.places) == 1


# --- USB, and what is in the way


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    for folder in ("proc", "run/lock", "etc"):
        (tmp_path / folder).mkdir(parents=True)
    return made


def test_a_usb_modem_is_known_by_its_place(machine: Machine, tmp_path: Path) -> None:
    at = machine.plug("1-1.3", "12d1:1506", ports(0, 1, 2, 3))[3]
    links = tmp_path / "dev/serial/by-path"
    links.mkdir(parents=True)
    (links / "usb-0:1.3:1.3-port0").symlink_to(at)
    eyes = Eyes(tmp_path)
    (seat,) = eyes.seats(())
    place = eyes.place(seat, Surveyed(at))
    assert place.where == "USB 1-1.3, ttyUSB3" and place.is_usb
    assert place.port == str(links / "usb-0:1.3:1.3-port0")
    assert table([place])[0] == ("a modem", "USB 1-1.3, ttyUSB3", "no SIM", "-", "-")


def test_what_is_in_the_way_is_explained_and_left(
    machine: Machine, tmp_path: Path
) -> None:
    at = machine.plug("1-1.3", "12d1:1506", ports(0, 1, 2, 3))[3]
    home = tmp_path / "proc" / "7"
    (home / "fd").mkdir(parents=True)
    (home / "comm").write_text("minicom\n")
    (home / "fd" / "3").symlink_to(at)
    with conversation() as (talk, said):
        finder = Finder(
            Wishes(tmp_path / "x", fix=False), talk, Eyes(tmp_path, _silent)
        )
        with pytest.raises(GaveUp):
            finder.find()
        with pytest.raises(Unasked, match="--fix or --no-fix"):
            Finder(Wishes(tmp_path / "x"), talk, Eyes(tmp_path)).find()
    assert "minicom (pid 7) holds ttyUSB3" in said[0] and "$ kill 7" in said[0]


def test_only_what_is_still_there_is_put_right(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.plug("1-1.3", "12d1:1506", ports(0, 1, 2, 3))
    once = [[Finding("terminal", "ttyUSB3", "x holds it", "end x", (("false",),))]]

    def now(self: Eyes, seats: object) -> list[Finding]:
        return once.pop() if once else []

    monkeypatch.setattr(Eyes, "conflicts", now)
    with conversation() as (talk, said):
        finder = Finder(Wishes(tmp_path / "x", fix=True), talk, Eyes(tmp_path, _silent))
        with pytest.raises(GaveUp, match="no modem answered"):
            finder.find()
    assert "it has gone by itself" in said[0]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that write down how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("systemctl", "usermod", "sudo"):
        script = folder / name
        script.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/called\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "called"


def test_commands_run_in_their_order_until_one_fails(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = ("systemctl", "mask", "--now", "ModemManager.service")
    words = (good, ("false",), ("systemctl", "never"))
    monkeypatch.setattr(setup_look, "as_root", lambda words: words)
    with conversation() as (talk, said):
        assert not put_right(Finding("x", "", "", "", words), talk)
        assert put_right(Finding("x", "", "", "", (good,)), talk)
        assert not put_right(Finding("x", "", "", "", (("no-such-tool",),)), talk)
    assert tools.read_text() == f"{' '.join(good)}\n" * 2
    assert "false ended with 1" in said[0]
    assert "no-such-tool: no such file or directory" in said[0]


def test_who_is_not_root_needs_sudo(
    monkeypatch: pytest.MonkeyPatch, tools: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert setup_look.as_root(("id",)) == (str(tools.parent / "bin" / "sudo"), "id")
    monkeypatch.setenv("PATH", "/nowhere")
    with conversation() as (talk, said):
        assert not put_right(Finding("x", "", "", "", (("id",),)), talk)
    assert "this needs root" in said[0]


def test_what_was_stopped_for_a_look_is_started_again(
    machine: Machine, tmp_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.plug("1-1.3", "12d1:1506", ports(0, 1, 2, 3))
    stop = (("systemctl", "stop", "modemgw.service"),)
    found = Finding("modemgw", "ttyUSB3", "x holds it", "stop it", stop)
    seen = [(), (found,), (found,)]  # at first, before it is stopped, and after
    monkeypatch.setattr(Eyes, "conflicts", lambda self, seats: seen.pop())
    monkeypatch.setattr(setup_look, "as_root", lambda words: words)
    with conversation() as (talk, _):
        finder = Finder(Wishes(tmp_path / "x", fix=True), talk, Eyes(tmp_path, _silent))
        with pytest.raises(GaveUp):
            finder.find()
        put_back(finder.undo, talk)
    assert tools.read_text() == (
        "systemctl stop modemgw.service\nsystemctl start modemgw.service\n"
    )


@pytest.mark.parametrize(
    ("dbm", "words"),
    [
        (-51, "-51 dBm, very good"),
        (-90, "-90 dBm, weak"),
        (-113, "-113 dBm, bad"),
        (None, "-"),
    ],
)
def test_a_signal_in_words(dbm: int | None, words: str) -> None:
    assert signal(dbm) == words


def test_a_long_path_is_shown_by_its_end() -> None:
    found = Surveyed("/run/" + "x" * 60 + "/modem0", sim="\x1b[2J")
    row = table([Place(found, found.port, found.port)])[0]
    assert row[1:3] == ("modem0", "\\x1b[2J")


@pytest.mark.parametrize(
    ("what", "is_done"),
    [("modem_manager", True), ("mode_switch", True), ("terminal", False),
     ("braille", False), ("gateway", False)],
)  # fmt: skip
def test_yes_ends_nothing_that_somebody_may_want(
    machine: Machine,
    tmp_path: Path,
    tools: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    is_done: bool,
) -> None:
    machine.plug("1-1.3", "12d1:1506", ports(0, 1, 2, 3))
    found = Finding(what, "ttyUSB3", "x holds it", "stop it", (("usermod", "x"),))
    seen = [(), (found,), (found,)]
    monkeypatch.setattr(Eyes, "conflicts", lambda self, seats: seen.pop())
    monkeypatch.setattr(setup_look, "as_root", lambda words: words)
    monkeypatch.setattr(setup_find, "AGAIN_S", 0.0)
    with CliRunner().isolation():
        talk = Talk(yes=True, is_interactive=False)
        finder = Finder(Wishes(tmp_path / "x"), talk, Eyes(tmp_path, _silent))
        with pytest.raises(GaveUp):
            finder.find()
    assert tools.exists() is is_done
