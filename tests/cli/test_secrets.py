"""Secrets that a person gives to a command: never on the command line."""

import io
import sys
from collections.abc import Iterator

import pytest

from tests.cli.admin import FakeDaemon, fake_daemon
from tests.cli.conftest import Cli

HOOK_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MADE = {"id": "whk_1", "url": "http://a/", "rotation_ends_at": "x", "secret": HOOK_KEY}
ADD = ("webhooks", "add", "--url", "http://a/")
ROTATE = ("webhooks", "rotate", "whk_1")
SAID = {"command": "x", "lines": [], "final": "OK", "seconds": 0.02}
USSD = {"session": "u", "sim": "red", "state": "done", "text": "Thanks", "why": ""}


@pytest.fixture
def daemon(cli: Cli) -> Iterator[FakeDaemon]:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as found:
        found.answers["POST /v1/webhooks"] = (201, MADE)
        found.answers["POST /v1/webhooks/whk_1/rotate"] = (200, MADE)
        found.answers["POST /v1/modems/front/at"] = (200, SAID)
        found.answers["POST /v1/sims/red/ussd"] = (200, USSD)
        yield found


class Terminal(io.StringIO):
    """Standard input where a person sits."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("command", [ADD, ROTATE])
def test_a_secret_comes_from_a_file_standard_input_or_a_prompt(
    cli: Cli,
    daemon: FakeDaemon,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    (cli.data / "secret").write_text(HOOK_KEY + "\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(HOOK_KEY + "\n"))
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: HOOK_KEY)
    for file in (str(cli.data / "secret"), "-"):
        assert cli.on(*command, "--secret-file", file).code == 0
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert cli.on(*command, "--secret-file", "-").code == 0
    assert [asked[2]["secret"] for asked in daemon.asked] == [HOOK_KEY] * 3


def test_standard_input_is_called_so(
    cli: Cli, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    for octets in (b"short", b"whsec_\xff"):
        piped = io.TextIOWrapper(io.BytesIO(octets), "utf-8")
        monkeypatch.setattr(sys, "stdin", piped)
        refused = cli.on(*ADD, "--secret-file", "-")
        assert refused.code == 2
        assert "standard input: " in refused.err
    assert not daemon.asked


@pytest.mark.parametrize("command", [ADD, ROTATE])
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(
    cli: Cli, daemon: FakeDaemon, command: tuple[str, ...]
) -> None:
    for words in (("--secret", HOOK_KEY), (f"--secret={HOOK_KEY}",)):
        refused = cli.on(*command, *words)
        assert refused.code == 2
        assert "--secret-file" in refused.err
        assert HOOK_KEY not in refused.err
    assert not daemon.asked


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"whsec_short", "expected whsec_"),
        (b"\xff\xfe", "not a text file"),
        (b"whsec_" + b"A" * 8000, "expected whsec_"),
    ],
)
def test_what_is_no_secret_is_said_and_not_shown(
    cli: Cli, daemon: FakeDaemon, content: bytes | None, why: str
) -> None:
    file = cli.data / "secret"
    if content is not None:
        file.write_bytes(content)
    refused = cli.on(*ADD, "--secret-file", str(file))
    assert (refused.code, why in refused.err) == (2, True), refused.err
    assert "short" not in refused.err
    assert not daemon.asked


@pytest.mark.parametrize(
    ("command", "is_seen"),
    [
        ('AT+CPIN="1234"', True),
        ('at+clck="SC",1,"1234"', True),
        ("AT+CPIN?", False),
        ("AT+CLCK=?", False),
    ],
)
def test_a_pin_on_the_command_line_is_warned_of(
    cli: Cli, daemon: FakeDaemon, command: str, is_seen: bool
) -> None:
    typed = cli.on("modems", "at", "front", command, "--unsafe")
    assert (typed.code, "seen by everybody" in typed.err) == (0, is_seen)


def test_a_voucher_may_come_from_standard_input(
    cli: Cli, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("*101*12345678#\n"))
    assert cli.on("sims", "ussd", "red", "-").code == 0
    assert daemon.asked[0][2] == {"code": "*101*12345678#"}


def test_a_secret_key_given_for_a_public_one_is_not_repeated(cli: Cli) -> None:
    cli.data.mkdir()
    text = "AGE-SECRET-KEY-1" + "Q" * 58
    refused = cli.on("db", "backup", "--encrypt", text, str(cli.data))
    assert (refused.code, text in refused.err) == (1, False)
    assert "belongs elsewhere" in refused.err
