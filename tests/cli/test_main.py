"""The command tree: help, exit codes, where the configuration is looked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modemgw import __version__
from modemgw.cli import main
from modemgw.cli.options import configuration
from modemgw.errors import (
    ConfigError,
    Corrupt,
    DiskFull,
    ModemgwError,
    NotFound,
    QuotaExceeded,
)
from tests.cli.conftest import Cli

HEAVY = ("aiohttp", "phonenumbers", "rich", "sqlite3", "asyncio", "yaml", "msgspec")


def test_help_lists_what_is_there(cli: Cli) -> None:
    found = cli("--help")
    assert found.code == 0
    for name, sentence in main.COMMANDS.items():
        assert name in found.out
        assert sentence in found.out


@pytest.mark.parametrize("name", list(main.COMMANDS))
def test_each_command_explains_itself(cli: Cli, name: str) -> None:
    found = cli(name, "--help")
    assert found.code == 0
    assert found.out.startswith(f"Usage: modemgw {name}")


def test_help_stays_light() -> None:
    """No web server, no database, no metadata of numbers for a page of help."""
    ours = [name for name in main.COMMANDS if name not in {"simulate", "pdu"}]
    script = (
        "import sys\n"
        "from modemgw.cli.main import run_command\n"
        f"for name in {ours!r}:\n"
        "    assert run_command([name, '--help']) == 0\n"
        "assert run_command(['--help']) == 0\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


def test_version(cli: Cli) -> None:
    assert cli("--version").out == f"modemgw, version {__version__}\n"


def test_python_m_modemgw() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "modemgw", "-V"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert __version__ in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["sned"], id="unknown-command"),
        pytest.param(["send", "--text", "x"], id="missing-option"),
        pytest.param(["keys", "create", "--nmae", "x"], id="unknown-option"),
        pytest.param(["demo", "--modems", "0"], id="out-of-range"),
        pytest.param(["demo", "--listen", "nowhere"], id="bad-address"),
    ],
)
def test_usage_is_2(cli: Cli, arguments: list[str]) -> None:
    found = cli(*arguments)
    assert (found.code, found.out) == (2, "")
    assert "Usage: modemgw" in found.err


def test_configuration_is_looked_for(
    cli: Cli, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    assert cli("config", "check").out == "modemgw.yaml: no mistakes\n"
    monkeypatch.setattr("modemgw.cli.options.PLACES", (directory / "none",))
    missing = cli("config", "check")
    assert missing.code == 2
    assert "no configuration: give --config FILE" in missing.err
    monkeypatch.setenv("MODEMGW_CONFIG", str(cli.config))
    assert cli("config", "check").code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody else can be deceived so")
def test_root_takes_no_configuration_of_a_stranger(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(directory)
    monkeypatch.delenv("SUDO_UID", raising=False)
    here, system = Path("modemgw.yaml"), directory / "system.yaml"
    monkeypatch.setattr("modemgw.cli.options.PLACES", (here, system))
    for path in (here, system):
        path.touch()
    assert configuration() == here
    os.chown(here, 54321, 54321)
    assert configuration() == system
    assert "--config modemgw.yaml" in capsys.readouterr().err
    monkeypatch.setenv("SUDO_UID", "54321")
    assert configuration() == here
    here.unlink()
    for target in (directory / "none", system):
        here.symlink_to(target)
        os.chown(here, 12345, 12345, follow_symlinks=False)
        assert configuration() == system
        here.unlink()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(["m.yaml:1:1: wrong"]), 78),
        (DiskFull("no room"), 75),
        (QuotaExceeded("later"), 75),
        (Corrupt("damaged"), 1),
        (NotFound("nothing there"), 1),
        (ModemgwError("something"), 1),
    ],
)
def test_errors_are_a_sentence_and_a_code(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: ModemgwError, code: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("modemgw.config.load.load_with_places", fail)
    found = cli.on("config", "check")
    assert (found.code, found.out) == (code, "")
    assert found.err.strip().endswith(str(error))


def test_a_reader_that_goes_away_is_no_error() -> None:
    script = f"{sys.executable} -m modemgw --help | head -1"
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-o", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_a_terminal_without_utf_8_shows_what_it_can() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "modemgw", "pdu", "segments", "Grüße \N{SMILE}"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert b"\\u2323" in done.stdout


@pytest.mark.parametrize(
    "words", [("messages", "show"), ("sims", "pause"), ("events", "tail", "--since")]
)
def test_an_argument_that_is_not_utf_8_is_a_sentence(
    cli: Cli, words: tuple[str, ...]
) -> None:
    found = cli.on(*words, "Gr\udcfc\udcdfe")
    assert (found.code, found.out) == (2, "")
    assert "is not UTF-8" in found.err and "Traceback" not in found.err


def test_ctrl_c_is_130(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("modemgw.config.load.load_with_places", interrupt)
    assert cli.on("config", "check").code == 130
