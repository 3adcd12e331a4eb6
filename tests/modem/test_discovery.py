"""Where modems may sit: a fake machine with USB devices, and real ptys for patterns."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.modem.discovery import (
    Scanner,
    Seat,
    Sight,
    Wanted,
    is_pattern,
    neighbours_of,
)
from tests.modem.machine import STORAGE, Machine, Port, ports

EC25 = "2c7c:0125"


def scanner(machine: Machine) -> Scanner:
    return Scanner(machine.sys, machine.dev)


def only(sight: Sight) -> Seat:
    (seat,) = sight.seats
    return seat


@contextmanager
def pty() -> Iterator[str]:
    master, slave = os.openpty()
    try:
        yield os.ttyname(slave)
    finally:
        os.close(master)
        os.close(slave)


def wanted(*patterns: str, near: str = "", have: tuple[str, ...] = ()) -> Wanted:
    return Wanted(
        frozenset(patterns), frozenset({near} if near else ()), frozenset(have)
    )


def test_a_usb_modem_is_one_seat_with_the_ports_for_at(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    ttys = machine.plug("1-1.3", EC25, ports(0, 1, 2, 3))
    seat = only(asyncio.run(scanner(machine).look(Wanted())))
    assert (seat.key, seat.label) == ("usb 1-1.3", "usb-1-1.3")
    assert seat.ports == (ttys[2], ttys[3])
    assert seat.is_usb and seat.is_whole and not seat.patterns


def test_the_seat_is_the_same_and_its_stamp_another_after_replugging(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    eyes = scanner(machine)
    machine.plug("1-1.3", EC25, ports(0, 1, 2, 3))
    before = only(eyes.scan(Wanted()))
    machine.pull("1-1.3")
    assert eyes.scan(Wanted()).seats == ()
    machine.plug("1-1.3", EC25, ports(0, 1, 2, 3), taken=3)
    after = only(eyes.scan(Wanted()))
    assert after.key == before.key and after.stamp != before.stamp
    assert [Path(port).name for port in after.ports] == ["ttyUSB5", "ttyUSB6"]


def test_interfaces_that_appear_one_by_one_are_waited_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    eyes = scanner(machine)
    machine.plug("1-1", EC25, ports(0, 1))
    assert eyes.scan(Wanted()).seats == ()  # diagnosis and NMEA: hands off
    machine.add_interface("1-1", Port(3))
    assert machine.plugged["1-1"]
    seat = only(eyes.scan(Wanted()))
    assert not seat.is_whole
    tty = machine.add_interface("1-1", Port(2))
    seat = only(eyes.scan(Wanted()))
    assert seat.is_whole and seat.ports[0] == tty


def test_a_tty_without_its_device_node_is_not_there_yet(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    ttys = machine.plug("1-1", EC25, ports(0, 1, 2, 3))
    Path(ttys[2]).unlink()
    assert only(scanner(machine).scan(Wanted())).ports == (ttys[3],)


def test_a_cd_is_told_and_no_seat(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.plug("1-1.2", "12d1:1f01", [Port(0, STORAGE, "", has_tty=False)])
    sight = scanner(machine).scan(Wanted())
    assert sight.seats == ()
    assert "12d1:1f01 at 1-1.2: it still shows its CD" in sight.unusable["usb-1-1.2"]


def test_a_pattern_finds_each_tty_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    pool = tmp_path / "pool"
    pool.mkdir()
    with pty() as one, pty() as two:
        (pool / "modem0").symlink_to(one)
        (pool / "modem1").symlink_to(two)
        (pool / "modem1-again").symlink_to(two)
        (pool / "modem2").write_text("no port")
        (pool / "modem3").symlink_to(pool / "gone")
        pattern = f"{pool}/modem*"
        found = {
            seat.key: seat for seat in scanner(machine).scan(wanted(pattern)).seats
        }
        assert set(found) == {one, two}
        assert found[one].ports == (f"{pool}/modem0",)
        assert found[two].patterns == {pattern} and not found[two].is_usb
        before = found[two].stamp
        (pool / "modem1").unlink()
        (pool / "modem1-again").unlink()
        (pool / "modem7").symlink_to(two)
        found = {
            seat.key: seat for seat in scanner(machine).scan(wanted(pattern)).seats
        }
        assert found[two].ports == (f"{pool}/modem7",) and found[two].stamp != before


def test_a_neighbour_of_a_lost_port_is_no_listed_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with pty() as one:
        (tmp_path / "modem7").symlink_to(one)
        near = neighbours_of(f"{tmp_path}/modem1")
        assert near is not None
        seat = only(scanner(machine).scan(wanted(near=near)))
        assert seat.ports == (f"{tmp_path}/modem7",) and not seat.patterns


def test_a_pattern_over_all_ttys_still_keeps_off_what_takes_no_at(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    ttys = machine.plug("1-1", EC25, ports(0, 1, 2, 3))
    (serial,) = machine.plug("1-2", "10c4:ea60", ports(0, driver="cp210x")).values()
    with pty() as line:
        Path(serial).unlink()
        Path(serial).symlink_to(line)
        sight = scanner(machine).scan(wanted(f"{machine.dev}/ttyUSB*"))
        modem, bridge = sorted(sight.seats, key=lambda one: not one.is_usb)
        assert modem.ports == (ttys[2], ttys[3]) and modem.patterns
        assert bridge.ports == (serial,) and bridge.patterns


def test_the_seat_of_a_port_is_told_whatever_link_leads_there(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    ttys = machine.plug("1-1", EC25, ports(0, 1, 2, 3))
    link, gone = str(tmp_path / "by-path"), str(tmp_path / "gone")
    Path(link).symlink_to(ttys[2])
    sight = scanner(machine).scan(wanted(have=(link, ttys[1], gone)))
    assert sight.keys == {link: "usb 1-1", ttys[1]: "usb 1-1"}
    assert sight.others == {ttys[1]}  # NMEA


@pytest.mark.parametrize(
    ("port", "pattern"),
    [
        pytest.param("/dev/ttyUSB2", "/dev/ttyUSB[0-9]*", id="usb"),
        pytest.param("/run/sim/modem11", "/run/sim/modem[0-9]*", id="simulated"),
        pytest.param("/dev/x1:1.2-port0", "/dev/x1:1.2-port[0-9]*", id="last-number"),
        pytest.param("/a/gsm3.front", "/a/gsm[0-9]*.front", id="in-the-middle"),
        pytest.param("/a/b[1]/m1", "/a/b[[]1]/m[0-9]*", id="escaped"),
        pytest.param("/dev/front", None, id="no-number"),
    ],
)
def test_neighbours_differ_in_their_number_alone(
    port: str, pattern: str | None
) -> None:
    assert neighbours_of(port) == pattern


def test_patterns_are_told_from_paths() -> None:
    assert is_pattern("/dev/pool/*") and is_pattern("/dev/ttyUSB[0-3]")
    assert not is_pattern("/dev/serial/by-path/platform-3f98.usb-usb-0:1.2:1.2-port0")


def test_a_look_that_finds_nothing_new_works_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path)
    ttys = machine.plug("1-1", EC25, ports(0, 1, 2, 3))
    with pty() as line:
        (tmp_path / "modem1").symlink_to(line)
        asked = wanted(f"{tmp_path}/modem*", have=(ttys[2],))
        eyes = scanner(machine)
        sight = eyes.scan(asked)
        assert len(sight.seats) == 2
        for name in ("realpath", "exists"):
            monkeypatch.setattr(os.path, name, lambda path: pytest.fail(str(path)))
        assert eyes.scan(asked) is sight
        monkeypatch.undo()
        (tmp_path / "modem1").unlink()
        assert len(eyes.scan(asked).seats) == 1


CHANGES = [
    *("plug 1-1", "plug 1-2", "pull 1-1", "pull 1-2", "link modem1", "link modem2"),
    *("unlink modem1", "unlink modem2", "node", "no node", "other", "nothing", "ask"),
]


@settings(deadline=None, max_examples=30)  # files: as slow as the disk is busy
@given(st.lists(st.sampled_from(CHANGES), max_size=20))
def test_eyes_that_stay_open_see_what_fresh_ones_see(changes: list[str]) -> None:
    with TemporaryDirectory() as home, pty() as one, pty() as two:
        root = Path(home)
        machine = Machine(root)
        eyes, near = scanner(machine), ""
        have: tuple[str, ...] = (f"{root}/modem1",)
        for number, change in enumerate(changes):
            verb, _, what = change.partition(" ")
            node = machine.dev / "ttyUSB2"
            is_stray = all(node.name not in ttys for ttys in machine.plugged.values())
            if verb == "plug" and what not in machine.plugged:
                if is_stray:  # the kernel would have made no other node of that name
                    node.unlink(missing_ok=True)
                machine.plug(what, EC25, ports(0, 1, 2, 3))
            elif verb == "pull" and what in machine.plugged:
                for tty in machine.plugged[what]:
                    (machine.dev / tty).touch()
                machine.pull(what)
            elif verb in ("link", "unlink", "other"):
                (root / (what or "modem1")).unlink(missing_ok=True)
                if verb != "unlink":
                    (root / (what or "modem1")).symlink_to(two if number % 2 else one)
            elif change == "node" and not node.exists():
                os.mkfifo(node)
            elif change == "no node":
                node.unlink(missing_ok=True)
            elif verb == "ask":
                near, have = f"{root}/mod*2", (*have, str(node))
            asked = wanted(f"{root}/modem*", near=near, have=have)
            assert eyes.scan(asked) == scanner(machine).scan(asked)
