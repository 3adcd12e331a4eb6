"""Asks the gateway and its modems: what is said, and who is left alone."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modemgw import __version__
from modemgw.doctor import access, answers, daemon, look
from modemgw.doctor.box import Box
from modemgw.doctor.daemon import NOBODY, View
from tests.cli.admin import FakeDaemon, fake_daemon
from tests.cli.conftest import directory
from tests.doctor.fake import CONFIG, MODEM, SIM, YAML, Fake, metrics, there
from tests.doctor.sick import DATA, pin_file

__all__ = ["directory"]

OK: dict[str, Any] = {"final": "OK", "seconds": 0.1}
LINES = {
    "AT^CPIN?": ["^CPIN: READY,,10,1,10,3"],
    "AT+CPMS?": ['+CPMS: "SM",20,20,"SM",20,20,"SM",20,20'],
    "AT+CREG?": ["+CREG: 2,3"],
    "AT+CEREG?": ["+CEREG: 2,0"],
    "AT+CESQ": ["+CESQ: 99,99,255,255,20,20"],
}


@contextmanager
def gateway(place: Path, **answers: Any) -> Iterator[FakeDaemon]:
    said = {
        "GET /healthz": (200, {"version": __version__}),
        "GET /readyz": (200, {"ready": True, "reasons": []}),
        "GET /v1/modems": (200, {"data": [{**MODEM, "busy": False}]}),
        "GET /v1/sims": (200, {"data": [SIM]}),
        "GET /v1/webhooks": (200, {"data": []}),
        "GET /metrics": (200, "modemgw_ready 1"),
    }
    with fake_daemon(place, {**said, **answers}) as found:
        yield found


def test_a_gateway_is_asked_for_everything_it_knows(directory: Path) -> None:
    place = directory / "s"
    with gateway(place):
        view = daemon.look(place)
    assert view.is_there and view.health == {"version": __version__}
    assert [one["name"] for one in view.modems] == ["front"]
    assert view.readiness["ready"] is True


def test_modems_of_a_gateway_are_asked_through_it(directory: Path) -> None:
    place = directory / "s"
    lines = iter(LINES.values())
    answer = {"POST /v1/modems/front/at": lambda: (200, {**OK, "lines": next(lines)})}
    with gateway(place, **answer) as said:
        box = Box(view=daemon.look(place))
        (one,), _ = answers.ask(box)
        asked = [body["command"] for _, _, body in said.asked if body]
    assert asked == list(LINES)
    assert one.pin_tries == 1 and one.creg == 3 and one.cereg == 0
    assert one.memories[0].used == 20 and one.rsrp_dbm == -121
    assert one.smsc == "+491710760000" and not one.is_locked


def test_a_modem_that_is_sending_is_left_alone(directory: Path) -> None:
    place = directory / "s"
    with gateway(place, **{"GET /v1/modems": (200, {"data": [MODEM]})}) as said:
        view = daemon.look(place)
        assert answers.ask(Box(view=view))[0][0].registration == "home"
        quiet = Box(view=view, may_ask=False)
        assert answers.ask(quiet)[0][0].pin_tries is None
        assert not [one for one in said.asked if one[0] == "POST"]


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"final": "ERROR", "lines": []}),
        (200, {"lines": 3}),
        (200, [1]),
        (200, {**OK, "lines": ["+CREG: x", "\x00", "+CPMS: ,,,", "+CESQ:"]}),
        (409, {"detail": "no"}),
        (200, None),
    ],
    ids=lambda answer: str(answer)[:24],
)
def test_answers_that_make_no_sense(directory: Path, answer: tuple[int, Any]) -> None:
    place = directory / "s"
    with gateway(place, **{"POST /v1/modems/front/at": answer}):
        (one,), _ = answers.ask(Box(view=daemon.look(place)))
    assert (one.pin_tries, one.creg, one.rsrp_dbm) == (None, None, None)
    assert one.memories == ()


def test_views_of_a_gateway_that_is_not_well(directory: Path) -> None:
    place = directory / "s"
    assert daemon.look(place).state == "absent"
    place.write_text("no socket")
    assert daemon.look(place).state == "absent"
    place.unlink()
    with fake_daemon(place, {"GET /healthz": (200, ["no object"])}):
        assert daemon.look(place).state == "silent"


def test_figures_are_read() -> None:
    view = there(metrics=metrics(**{'x{sim="a b",state="ready"}': 2}))
    assert view.metric("modemgw_webhook_dead") == 0
    assert view.metric("modemgw_sim_state", sim="red") == 1
    assert view.metric("nothing") is None
    assert View(metrics="modemgw_y ++\nmodemgw_y 1e999\n").metric("modemgw_y") is None


# --- ports


def box_with_port(tmp_path: Path, **changed: Any) -> tuple[Fake, Box]:
    fake = Fake(tmp_path / "box", view=NOBODY)
    return fake, replace(fake.box(), may_ask=True, **changed)


@pytest.fixture
def line() -> Iterator[str]:
    """A pty; it answers nothing."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_port_that_somebody_has_is_never_opened(tmp_path: Path, line: str) -> None:
    fake, real = Fake(tmp_path / "box", view=NOBODY), line
    modems = "modems: [{name: front, port: /dev/modem}]"
    fake.config(f"data_dir: {DATA}\ndiscovery: off\n{modems}\n")
    fake.link("/dev/modem", real)

    def ports() -> tuple[list[str], str]:
        return answers.free_ports(replace(fake.box(), may_ask=True))

    assert ports() == ([real], "")
    # It has it open.
    fake.write("/proc/812/comm", "python3\n")
    fake.link("/proc/812/fd/9", real)
    assert ports() == ([], "other programs hold every modem")
    fake.remove("/proc/812/fd/9")
    assert ports()[0] == [real]
    # It has locked it, and we may not see what it has open.
    inode = Path(real).stat().st_ino
    fake.write("/proc/locks", f"1: FLOCK  ADVISORY  WRITE 812 00:18:{inode} 0 EOF\n")
    assert ports()[0] == []
    fake.write("/proc/locks", "1: FLOCK ADVISORY WRITE x\n2: -> FLOCK\n\x00\n")
    fake.write("/run/lock/LCK..x", "")
    # Who is not root cannot see it, so a program that grabs modems counts.
    fake.write("/proc/812/comm", "ModemManager\n")
    assert ports()[0] == [real]
    fake.uid = 65534
    assert ports()[0] == []


@pytest.mark.parametrize("state", ["silent", "forbidden"])
def test_ports_of_a_gateway_that_cannot_be_asked(tmp_path: Path, state: str) -> None:
    _, box = box_with_port(tmp_path)
    box.view = View(state, "why")
    assert answers.ask(box) == ([], "a gateway holds the modems and cannot be asked")


def test_the_pid_of_the_gateway_comes_from_the_list_of_locks(tmp_path: Path) -> None:
    fake, box = box_with_port(tmp_path)
    inode = fake.at(f"{DATA}/lock").stat().st_ino
    fake.write("/proc/locks", f"1: FLOCK  ADVISORY  WRITE 4711 08:01:{inode} 0 EOF\n")
    fake.write("/proc/4711/status", "Groups:\t20 990 \n")
    assert box.daemon_pid == 4711
    assert box.service_groups >= {20, 990}
    assert answers.ask(box)[0] == []


def test_data_of_a_person_are_not_given_to_the_service(tmp_path: Path) -> None:
    """Who tries the gateway out beside the service owns what it makes."""
    fake = Fake(tmp_path / "box", view=NOBODY)
    assert fake.box().service_user == "modemgw"
    fake.write("/home/pi/modemgw.yaml", YAML.replace(DATA, "/home/pi/data"))
    fake.write("/home/pi/data/modemgw.db", "")
    fake.mode("/home/pi/data/modemgw.db", 0o600)
    own = Path("/home/pi/modemgw.yaml")
    box = look.box_for(own, machine=fake.machine(), may_ask=False)
    fake.write(
        "/etc/passwd", f"modemgw:x:990:990:\npi:x:{os.getuid()}:{os.getgid()}:\n"
    )
    assert box.service_user == "pi"
    assert [*access.data(box)] == []


@pytest.mark.parametrize("bits", [0o600, 0o644])
@pytest.mark.parametrize("lays", ["nothing", "link", "second name", "open folder"])
def test_root_opens_no_file_that_the_service_may_have_chosen(
    tmp_path: Path, lays: str, bits: int
) -> None:
    fake = Fake(tmp_path / "box", view=NOBODY)
    pin_file(fake, bits)
    fake.write("/etc/shadow", "root:x")
    fake.mode("/etc/shadow", bits)
    if lays == "link":
        fake.remove("/etc/modemgw/pin")
        fake.link("/etc/modemgw/pin", "../shadow")
    elif lays == "second name":
        fake.remove("/etc/modemgw/pin")
        fake.at("/etc/modemgw/pin").hardlink_to(fake.at("/etc/shadow"))
    elif lays == "open folder":
        fake.mode("/etc/modemgw", 0o777)
    found = [*access.configuration(fake.box())]
    assert len(found) == 1
    assert bool(found[0].fix) == (lays == "nothing")
    assert found[0].type[-1].endswith(" /etc/modemgw/pin")


def test_the_lock_itself_is_not_touched(tmp_path: Path) -> None:
    """A gateway that starts in that moment would be refused."""
    fake, box = box_with_port(tmp_path)
    with fake.at(f"{DATA}/lock").open("rb") as ours:
        fcntl.flock(ours, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert box.daemon_pid is None  # the list of that machine is another
        look.box_for(CONFIG, machine=fake.machine())


def test_a_port_that_cannot_be_opened_is_no_silent_modem(tmp_path: Path) -> None:
    _, box = box_with_port(tmp_path)
    assert asyncio.run(answers._at_ports(box, ["/dev/no-such-port"])) == []
