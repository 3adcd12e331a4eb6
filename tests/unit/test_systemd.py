"""The line to the service manager, heard by a socket of our own."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemgw.systemd import Notifier, watchdog_interval_s


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def test_states_are_told(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname())
    assert notifier.is_connected
    notifier.ready("3 modems\nready")
    assert manager.recv(512) == b"READY=1\nSTATUS=3 modems ready"
    notifier.reloading()
    assert manager.recv(512).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    notifier.status("draining")
    assert manager.recv(512) == b"STATUS=draining"
    notifier.alive()
    assert manager.recv(512) == b"WATCHDOG=1"
    notifier.stopping()
    assert manager.recv(512) == b"STOPPING=1"


def test_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"modemgw-test-{os.getpid()}"
        listening.bind("\0" + name)
        listening.settimeout(5)
        Notifier("@" + name).alive()
        assert listening.recv(64) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    notifier = Notifier(address)
    assert not notifier.is_connected
    notifier.ready()


def test_a_manager_that_is_gone_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Notifier(str(tmp_path / "gone")).ready()
    assert "service manager not reachable" in caplog.text


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("60000000", "", 30.0),
        pytest.param("60000000", str(os.getpid()), 30.0, id="own"),
        ("60000000", "1", None),
        ("0", "", None),
        ("", "", None),
    ],
)
def test_watchdog_interval(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str, seconds: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert watchdog_interval_s() == seconds
