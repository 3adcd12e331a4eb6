"""The pieces of the demo: its address, its configuration, what it prints."""

import os
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from modemgw.cli import demo
from modemgw.cli.simulated import simulated
from modemgw.config.load import load, parse
from modemgw.config.values import Listen
from modemgw.errors import StoreError
from modemgw.sim.fleet import number_of
from modemgw.store.lock import DirectoryLock


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        yield busy.getsockname()[1]


def test_a_port_of_zero_is_chosen_before_it_is_printed() -> None:
    assert demo.choose_address("127.0.0.1:0").port > 1023


def test_a_taken_default_gives_the_next_one_and_says_so(
    taken: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "DEFAULT_LISTEN", f"127.0.0.1:{taken}")
    found = demo.choose_address(None)
    assert found.port > taken
    said = f"Port {taken} is taken; using {found.port}.\n"
    assert capsys.readouterr().err == said


def test_a_taken_port_that_was_asked_for_is_an_error(taken: int) -> None:
    with pytest.raises(click.ClickException, match="the port is taken"):
        demo.choose_address(f"127.0.0.1:{taken}")
    with pytest.raises(click.UsageError, match="expected HOST:PORT"):
        demo.choose_address("8080")
    with pytest.raises(click.ClickException, match=r"cannot listen on 192\.0\.2\.1:80"):
        demo.choose_address("192.0.2.1:80")


def test_the_configuration_of_a_demo_loads(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(demo.demo_config(3, Listen("::1", 8080)))
    found = load(path)
    assert found.warnings == ()
    assert found.data_dir == tmp_path
    assert found.http.listen == (Listen("::1", 8080),)
    assert found.sims.defaults.pace == ()
    assert found.modems[2].port == str(tmp_path / "modems" / "modem2")
    assert [card.number for card in found.sims.cards] == [
        number_of(i) for i in (0, 1, 2)
    ]


def test_the_curl_line_is_one_line_that_a_shell_reads() -> None:
    text = demo.demo_config(1, Listen("0.0.0.0", 8080))  # noqa: S104
    config = parse(text, "demo.yaml", path=Path("/srv/my data/demo.yaml"))
    written = demo.greeting(config, "mgw_abcdefgh_secret")
    assert "  URL  http://127.0.0.1:8080\n  Key  mgw_abcdefgh_secret\n" in written
    curl, timeline = [line for line in written.splitlines() if line.startswith("curl ")]
    assert shlex.split(curl) == [
        *("curl", "-s", "http://127.0.0.1:8080/v1/messages"),
        *("-H", "Authorization: Bearer mgw_abcdefgh_secret"),
        *("-d", '{"to":"+999000001","text":"Hello from modemgw"}'),
    ]
    assert "http://127.0.0.1:8080/v1/messages/ID/timeline" in shlex.split(timeline)
    assert "--config '/srv/my data/demo.yaml'" in written


@pytest.mark.parametrize(
    ("called", "path", "printed"),
    [
        pytest.param("home/.venv/bin/modemgw", "", ".venv/bin/modemgw", id="a clone"),
        pytest.param("bin/modemgw", "bin", "modemgw", id="installed"),
        pytest.param("o o/modemgw", "bin", "'{}/o o/modemgw'", id="not in PATH"),
        pytest.param(
            "modemgw/__main__.py", "bin", f"{sys.executable} -m modemgw", id="python -m"
        ),
    ],
)
def test_the_printed_command_can_be_typed_as_it_stands(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    called: str,
    path: str,
    printed: str,
) -> None:
    for file in (called, "bin/modemgw"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch(mode=0o755)
    (tmp_path / "home").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv("PATH", str(tmp_path / path) if path else "")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / called), "demo"])
    assert demo.program() == printed.format(tmp_path)


def test_a_second_demo_leaves_the_modems_of_the_first_alone(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    try:
        with pytest.raises(StoreError, match="in use by another modemgw"):
            demo.demo.main(
                ["--data", str(tmp_path), "--listen", "127.0.0.1:0"],
                standalone_mode=False,
            )
    finally:
        lock.release()
    assert not (tmp_path / "modems").exists()
    assert not (tmp_path / demo.CONFIG_NAME).exists()


def test_simulated_modems_answer_at_their_ports(tmp_path: Path) -> None:
    modems = tmp_path / "modems"
    with simulated(2, modems):
        assert sorted(link.name for link in modems.iterdir()) == ["modem0", "modem1"]
        port = os.open(modems / "modem1", os.O_RDWR | os.O_NOCTTY)
        os.write(port, b"AT\r")
        heard = b""
        while b"OK" not in heard:
            heard += os.read(port, 64)
        os.close(port)
    assert not list(modems.iterdir())


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OSError, match="Not a directory"),
        simulated(1, tmp_path / "file" / "modems"),
    ):
        pass
