"""What setup tells of a gateway that was started: by a scripted one."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from modemgw.cli import setup_gateway
from modemgw.cli.setup_gateway import Gateway, Service
from modemgw.cli.setup_plan import Place
from modemgw.cli.setup_prove import curl, prove, url
from modemgw.cli.setup_talk import Talk
from modemgw.cli.setup_wishes import Wishes
from modemgw.config.load import load, parse
from modemgw.modem.survey import Surveyed
from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

MODEM = {
    **{"name": "front", "port": "/dev/ttyUSB2", "imei": None, "manufacturer": None},
    **{"model": None, "phase": "ready", "why": "in service", "operator": "Telekom"},
    **{"registration": "home", "signal_dbm": -79, "sim": "red"},
}
RED = {"name": "red", "iccid": None, "number": "+491511", "smsc": None, "modem": "a"}
BLUE = {**RED, "name": "blue", "number": "+491512"}
TO = "+4915112345678"
PLACE = Place(Surveyed("/dev/ttyUSB2"), "USB 1-1", "/dev/ttyUSB2", is_usb=True)


def message(state: str, why: str | None = None) -> dict[str, Any]:
    return {"id": "msg_1", "state": state, "reason": why and {"detail": why}}


def prove_on(
    cli: Cli,
    *,
    modem: dict[str, Any] | None = None,
    sims: list[dict[str, Any]] | None = None,
    answers: dict[str, Any] | None = None,
    typed: str | None = None,
    **wished: Any,
) -> tuple[dict[str, Any], str, list[tuple[str, str, Any]]]:
    """Prove a gateway that says all this; return result, words and requests."""
    cli.data.mkdir()
    known = {
        "GET /v1/modems": (200, {"data": [{**MODEM, **(modem or {})}]}),
        "GET /v1/sims": (200, {"data": sims or [RED]}),
        "POST /v1/messages": (202, message("queued")),
        "POST /v1/keys": (201, {"key": "mgw_k"}),
        "POST /v1/setup-link": (201, {"path": "/setup/x"}),
        **(answers or {}),
    }
    with (
        fake_daemon(cli.data / "modemgw.sock", known) as daemon,
        CliRunner().isolation(input=typed) as (out, *_),
    ):
        gateway = Gateway(load(cli.config), Service())
        talk = Talk(is_interactive=typed is not None)
        found = prove(Wishes(cli.config, **wished), talk, gateway, [PLACE])
        return found, out.getvalue().decode(), daemon.asked


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_gateway, "POLL_S", 0.0)
    monkeypatch.setattr(setup_gateway, "READY_S", 0.0)
    monkeypatch.setattr(setup_gateway, "BEGIN_S", 0.0)
    monkeypatch.setattr("modemgw.cli.setup_prove.REPORT_S", 0.05)


@pytest.mark.parametrize(
    ("state", "why", "is_fine", "told"),
    [
        ("delivered", None, True, "was delivered"),
        ("sent", None, True, "no delivery report yet"),
        ("failed", "barred\x1b[2J", False, "failed: barred\\x1b[2J"),
        ("expired", None, False, "expired"),
    ],
)
def test_what_became_of_the_text(
    cli: Cli, state: str, why: str | None, is_fine: bool, told: str
) -> None:
    answers = {"GET /v1/messages/msg_1": (200, message(state, why))}
    found, said, asked = prove_on(cli, answers=answers, test_to=TO)
    assert found["ok"] is is_fine and told in said
    assert found["test"]["state"] == state
    assert ("POST", "/v1/setup-link", {"message": "msg_1"}) in asked
    assert found["link"] == "http://127.0.0.1:8080/setup/x"


def test_a_text_that_no_sim_takes_is_taken_back(cli: Cli) -> None:
    answers = {
        "GET /v1/messages/msg_1": (200, message("queued")),
        "POST /v1/messages/msg_1/cancel": (200, message("canceled")),
    }
    found, said, _ = prove_on(cli, answers=answers, test_to=TO)
    assert found["test"]["state"] == "canceled" and "canceled" in said


def test_a_text_that_is_refused_does_not_end_it(cli: Cli) -> None:
    problem = (422, {"type": "x/opted-out", "title": "no", "detail": "opted out"})
    found, said, _ = prove_on(cli, answers={"POST /v1/messages": problem}, test_to=TO)
    assert not found["ok"] and found["key"] == "mgw_k"
    assert f"the text to {TO} was refused" in said


@pytest.mark.parametrize(
    ("modem", "told"),
    [
        ({"phase": "parked", "why": "no usable SIM"}, "no usable SIM"),
        (
            {"registration": "denied", "why": "no network: denied"},
            "Look at the antenna",
        ),
    ],
)
def test_without_a_modem_that_can_send_nothing_is_sent(
    cli: Cli, modem: dict[str, Any], told: str
) -> None:
    found, said, asked = prove_on(cli, modem=modem, test_to=TO, loopback=True)
    assert not found["ok"] and told in said and "no modem can send" in said
    assert "/v1/messages" not in [path for _, path, _ in asked]
    assert found["key"] == "mgw_k"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("\n", []), (f"{TO}\nn\n", []), (f"{TO}\ny\n", [TO])],
    ids=["none", "not after all", "yes"],
)
def test_it_is_said_that_a_text_costs(cli: Cli, typed: str, sent: list[str]) -> None:
    answers = {"GET /v1/messages/msg_1": (200, message("delivered"))}
    _, said, asked = prove_on(cli, answers=answers, typed=typed)
    texts = [body["to"] for _, path, body in asked if path == "/v1/messages"]
    assert texts == sent
    assert ("may bill" in said) is (TO in typed)


PASSED = (202, {"id": "s", "state": "passed", "why": "it arrived", "delivery_ms": 9})


@pytest.mark.parametrize(
    ("answer", "is_fine", "told"),
    [
        (lambda: PASSED, True, "red to blue: arrived after 0.0 s"),
        (lambda: (409, {"detail": "it is benched"}), False, "red to blue: refused"),
    ],
)
def test_every_sim_texts_the_next(
    cli: Cli, answer: Callable[[], Any], is_fine: bool, told: str
) -> None:
    answers = {f"POST /v1/sims/{n}/selftest?wait=30": answer for n in ("red", "blue")}
    found, said, _ = prove_on(cli, sims=[RED, BLUE], answers=answers, loopback=True)
    assert [(one["from"], one["to"]) for one in found["loopback"]] == [
        ("red", "blue"),
        ("blue", "red"),
    ]
    assert found["ok"] is is_fine and told in said


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        ("{listen: 127.0.0.1:8081}", "http://127.0.0.1:8081"),
        ('{listen: "[::1]:8081"}', "http://[::1]:8081"),
        ("{listen: 192.168.1.5:8443, tls: self}", "https://192.168.1.5:8443"),
    ],
)
def test_where_it_answers(http: str, expected: str) -> None:
    config = parse(f"data_dir: /srv/my data\nhttp: {http}\n", "it")
    assert url(config) == expected
    line = curl(config, "mgw_k", TO)
    assert f"{expected}/v1/messages" in line
    assert ("--cacert '/srv/my data/tls/ca.pem'" in line) is ("self" in http)


def test_an_address_for_everybody_becomes_one_to_type() -> None:
    found = url(parse("http: {listen: 0.0.0.0:8443, tls: self}\n", "it"))
    assert found.startswith("https://") and found.endswith(":8443")
    assert "//0." not in found
