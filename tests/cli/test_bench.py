"""`modems at, transcript, journal, restart` and `sims ussd`, at a scripted daemon."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

SAID = {"command": "AT+CSQ", "lines": ["+CSQ: 20,99"], "final": "OK", "seconds": 0.02}
REFUSED = {"title": "Invalid field", "detail": "ATD: it costs money", "status": 422}
MENU = {
    "session": "ussd_1",
    "sim": "red",
    "state": "reply",
    "text": "1 A\n2 B\x1b[2J",
    "why": "the network wants a reply",
}
DONE = {**MENU, "state": "done", "text": "Balance: 7", "why": "answered"}


def socket_of(cli: Cli) -> Path:
    cli.data.mkdir(exist_ok=True)
    return cli.data / "modemgw.sock"


class Terminal(io.StringIO):
    """Standard input where a person sits."""

    def isatty(self) -> bool:
        return True


def test_a_command_is_typed_and_its_answer_shown(cli: Cli) -> None:
    with fake_daemon(
        socket_of(cli), {"POST /v1/modems/front/at": (200, SAID)}
    ) as daemon:
        result = cli.on("modems", "at", "front", "AT+CSQ", "--timeout", "5")
        assert (result.code, result.out) == (0, "+CSQ: 20,99\nOK\n")
        wish = {"command": "AT+CSQ", "unsafe": False, "timeout": 5}
        assert daemon.asked == [("POST", "/v1/modems/front/at", wish)]
        result = cli.on("modems", "at", "front", "AT+CSQ", "--json", "--unsafe")
        assert json.loads(result.out) == SAID
        assert daemon.asked[-1][2]["unsafe"] is True


@pytest.mark.parametrize(
    ("answer", "code", "out", "err"),
    [
        ({**SAID, "lines": [], "final": "ERROR"}, 1, "ERROR\n", ""),
        ({**SAID, "lines": [], "final": None, "seconds": 20}, 1, "", "no answer"),
        ({**SAID, "lines": ["\x1b[2J"]}, 0, "\\x1b[2J\nOK\n", ""),
    ],
)
def test_an_answer_that_is_no_ok(
    cli: Cli, answer: dict[str, Any], code: int, out: str, err: str
) -> None:
    with fake_daemon(socket_of(cli), {"POST /v1/modems/front/at": (200, answer)}):
        result = cli.on("modems", "at", "front", "AT+CSQ")
        assert (result.code, result.out) == (code, out)
        assert err in result.err


def test_a_refused_command_says_why(cli: Cli) -> None:
    with fake_daemon(socket_of(cli), {"POST /v1/modems/front/at": (422, REFUSED)}):
        result = cli.on("modems", "at", "front", "ATD123;")
        assert result.code == 1 and "it costs money" in result.err


@pytest.mark.parametrize("person", [False, True], ids=["pipe", "terminal"])
def test_commands_are_read_from_standard_input(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, person: bool
) -> None:
    text = "AT+CSQ\nATI\n\nAT\n"
    monkeypatch.setattr(sys, "stdin", Terminal(text) if person else io.StringIO(text))
    with fake_daemon(
        socket_of(cli), {"POST /v1/modems/front/at": (200, SAID)}
    ) as daemon:
        result = cli.on("modems", "at", "front")
        typed = [body["command"] for _, _, body in daemon.asked]
        # A person ends with an empty line; a script may have some.
        assert typed == (["AT+CSQ", "ATI"] if person else ["AT+CSQ", "ATI", "AT"])
        assert result.code == 0 and ("> " in result.err) is person


def test_a_person_goes_on_after_a_refusal(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("ATD1;\nATD2;\n"))
    with fake_daemon(
        socket_of(cli), {"POST /v1/modems/front/at": (422, REFUSED)}
    ) as daemon:
        result = cli.on("modems", "at", "front")
        assert len(daemon.asked) == 2 and result.err.count("costs money") == 2


def test_transcript_journal_and_restart(cli: Cli) -> None:
    at = "2026-11-22T10:00:00Z"
    tape = {"data": [{"at": at, "direction": ">", "text": "AT+CSQ"}]}
    journal = {"data": [{"at": at, "kind": "phase", "text": "ready: in service"}]}
    with fake_daemon(
        socket_of(cli),
        {
            "GET /v1/modems/front/transcript?limit=5": (200, tape),
            "GET /v1/modems/front/journal?limit=100": (200, journal),
            "POST /v1/modems/front/restart": (202, {"id": "front"}),
        },
    ):
        result = cli.on("modems", "transcript", "front", "--lines", "5")
        assert result.out == f"{at}  >       AT+CSQ\n"
        result = cli.on("modems", "journal", "front")
        assert result.out == f"{at}  phase   ready: in service\n"
        assert json.loads(cli.on("modems", "journal", "front", "--json").out) == journal
        result = cli.on("modems", "restart", "front")
        assert result.code == 0 and "set up again" in result.err


def test_a_name_cannot_leave_its_path(cli: Cli) -> None:
    with fake_daemon(socket_of(cli)) as daemon:
        assert cli.on("modems", "restart", "../keys?x").code == 1
        assert daemon.asked[0][1] == "/v1/modems/..%2Fkeys%3Fx/restart"


# --- USSD


def test_a_balance(cli: Cli) -> None:
    with fake_daemon(socket_of(cli), {"POST /v1/sims/red/ussd": (200, DONE)}) as daemon:
        result = cli.on("sims", "ussd", "red", "*100#")
        assert (result.code, result.out, result.err) == (0, "Balance: 7\n", "")
        assert daemon.asked == [("POST", "/v1/sims/red/ussd", {"code": "*100#"})]
        assert json.loads(cli.on("sims", "ussd", "red", "*100#", "--json").out) == DONE


def test_a_menu_at_a_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("1\n"))
    with fake_daemon(
        socket_of(cli),
        {
            "POST /v1/sims/red/ussd": (200, MENU),
            "POST /v1/sims/red/ussd/ussd_1": (200, DONE),
        },
    ) as daemon:
        result = cli.on("sims", "ussd", "red", "*101#")
        assert result.code == 0
        assert result.out == "1 A\n2 B\\x1b[2J\nBalance: 7\n"
        assert daemon.asked[-1][2] == {"text": "1"}


@pytest.mark.parametrize("person", [False, True], ids=["pipe", "no-reply"])
def test_a_menu_without_a_reply_is_ended(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, person: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("\n") if person else io.StringIO("1\n"))
    with fake_daemon(
        socket_of(cli),
        {
            "POST /v1/sims/red/ussd": (200, MENU),
            "DELETE /v1/sims/red/ussd/ussd_1": (204, None),
        },
    ) as daemon:
        assert cli.on("sims", "ussd", "red", "*101#").code == 1
        assert daemon.asked[-1][0] == "DELETE"


def test_no_answer_is_said(cli: Cli) -> None:
    late = {**DONE, "state": "timeout", "text": None, "why": "no answer in time"}
    with fake_daemon(socket_of(cli), {"POST /v1/sims/red/ussd": (200, late)}):
        result = cli.on("sims", "ussd", "red", "*100#")
        assert (result.code, result.out) == (1, "")
        assert result.err == "no answer in time\n"
