"""The demo as a person meets it: printed lines are typed as they are, Ctrl-C ends it.

Real processes, ptys and time: one demo serves every test of this file.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modemgw import __version__
from tests.cli.conftest import Cli

START_S = 60
STATES_S = 30  # until a message is where it should be


@dataclass
class Demo:
    """A running demo and what it printed."""

    process: "subprocess.Popen[str]"
    said: str
    data: Path

    @property
    def config(self) -> str:
        return str(self.data / "demo.yaml")

    def line(self, word: str) -> str:
        """Return the printed line that begins with `word`."""
        found = re.search(rf"^ *{word}.*$", self.said, re.MULTILINE)
        assert found is not None, self.said
        return found[0].strip()


def start(data: Path, *options: str) -> Demo:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "modemgw", "demo", "--data", str(data), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        if not line:
            _, errors = process.communicate()
            raise AssertionError(f"the demo ended: {said}\n{errors}")
        said += line
    timer.cancel()
    return Demo(process, said, data)


def stop(demo: Demo, how: signal.Signals = signal.SIGTERM) -> str:
    demo.process.send_signal(how)
    _, errors = demo.process.communicate(timeout=60)
    assert demo.process.returncode == 0, errors
    return errors


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    data = Path(tempfile.mkdtemp(prefix="mgw"))
    running = start(data, "--modems", "2", "--listen", "127.0.0.1:0", "--quiet")
    yield running
    errors = stop(running)
    shutil.rmtree(data)
    assert "Traceback" not in errors


def shell(command: str) -> Any:
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", command],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_lines_work_as_they_are(demo: Demo) -> None:
    accepted = shell(demo.line("curl -s .* -d "))
    assert (accepted["state"], accepted["to"]) == ("queued", "+999000001")
    timeline = demo.line("curl -s .*timeline").replace("/ID/", f"/{accepted['id']}/")
    end = time.monotonic() + STATES_S
    while time.monotonic() < end:
        steps = shell(timeline)["data"]
        if steps[-1]["type"] == "message.delivered":
            break
        time.sleep(0.1)
    types = [step["type"] for step in steps]
    assert types[0] == "message.queued"
    assert {"message.sent", "message.delivered"} <= set(types)
    assert "AT+CMGS=" in json.dumps(steps)


def test_send_waits_for_the_report(demo: Demo, cli: Cli) -> None:
    good = cli("send", "--config", demo.config, "--to", "+999000001", "--text", "x",
               "--wait")  # fmt: skip
    assert (good.code, good.err) == (0, "")
    assert good.out.endswith(" delivered +999000001\n")
    once = [
        cli("send", "--config", demo.config, "--to", "+999000001", "--text", "x",
            "--idempotency-key", "job-7").out.split()[0]
        for _ in range(2)
    ]  # fmt: skip
    assert once[0] == once[1]
    bad = cli("send", "--config", demo.config, "--to", "+999000005", "--text", "x",
              "--wait")  # fmt: skip
    assert bad.code == 1
    assert " failed +999000005 (recipient_unknown" in bad.out
    wrong = cli("send", "--config", demo.config, "--to", "+49", "--text", "x")
    assert (wrong.code, wrong.out) == (1, "")
    assert "/to: " in wrong.err


def test_keys_are_made_beside_the_running_daemon(demo: Demo, cli: Cli) -> None:
    made = cli("keys", "create", "--config", demo.config, "--name", "k", "--scopes",
               "messages:read", "--plain")  # fmt: skip
    key = made.out.strip()
    url = demo.line("URL").split()[1]
    found = shell(f"curl -s {url}/v1/messages -H 'Authorization: Bearer {key}'")
    assert "data" in found
    key_id = key.split("_")[1]
    assert key_id in cli("keys", "list", "--config", demo.config).out
    assert cli("keys", "revoke", "--config", demo.config, key_id).code == 0
    found = shell(f"curl -s {url}/v1/messages -H 'Authorization: Bearer {key}'")
    assert found["status"] == 401


def test_lists_show_the_simulated_modems(demo: Demo, cli: Cli) -> None:
    end = time.monotonic() + STATES_S
    while time.monotonic() < end:
        modems = json.loads(
            cli("modems", "list", "--config", demo.config, "--json").out
        )["data"]
        if all(modem["phase"] == "ready" for modem in modems):
            break
        time.sleep(0.1)
    assert [modem["name"] for modem in modems] == ["modem0", "modem1"]
    sims = cli("sims", "list", "--config", demo.config).out
    assert re.search(
        r"^sim0 +ready +100 % +modem0 +\+999010000000 ", sims, re.MULTILINE
    )
    messages = cli("messages", "list", "--config", demo.config)
    assert messages.code == 0


def test_webhooks_come_and_go(demo: Demo, cli: Cli) -> None:
    made = cli("webhooks", "add", "--config", demo.config, "--url",
               "http://127.0.0.1:9000/hook")  # fmt: skip
    assert made.code == 0, made.err
    first, second = made.out.splitlines()
    hook, secret = first.split()[0], second.split()[1]
    assert hook in cli("webhooks", "list", "--config", demo.config).out
    shown = cli("webhooks", "secret", "--config", demo.config, hook)
    assert shown.out.strip() == secret
    on = ("--config", demo.config, hook)
    turned = cli("webhooks", "rotate", *on, "--overlap", "60")
    fresh = turned.out.split()[1]
    assert fresh != secret
    assert "both secrets sign until 20" in turned.err
    assert cli("webhooks", "secret", *on).out.strip() == fresh
    assert cli("webhooks", "pause", *on).out == f"{hook} paused\n"
    assert "make it active first" in cli("webhooks", "test", *on).err
    assert cli("webhooks", "resume", *on).out == f"{hook} active\n"
    event = cli("webhooks", "test", *on).out.split()[0]
    end = time.monotonic() + STATES_S
    while time.monotonic() < end:
        listed = json.loads(cli("webhooks", "deliveries", *on, "--json").out)["data"]
        if listed[0]["failures"]:
            break
        time.sleep(0.05)
    assert listed[0]["event_id"] == event
    assert listed[0]["failures"][0]["error"].startswith("no connection")
    still = cli("webhooks", "replay", *on, listed[0]["id"])
    assert "is still pending" in still.err
    refused = cli("webhooks", "add", "--config", demo.config, "--url",
                  "http://169.254.169.254/")  # fmt: skip
    assert refused.code == 1
    assert cli("webhooks", "remove", "--config", demo.config, hook).code == 0


def test_events_are_watched_as_they_happen(demo: Demo, cli: Cli) -> None:
    command = ["events", "tail", "--config", demo.config, "--types", "message.*"]
    watch = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "modemgw", *command, "--count", "3"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watch.stdout is not None
    timer = threading.Timer(STATES_S, watch.kill)
    timer.start()
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(watch.stdout or ()))
    reader.start()
    while not said:  # until it listens
        cli("send", "--config", demo.config, "--to", "+999000001", "--text", "x")
        time.sleep(0.2)
    reader.join()
    timer.cancel()
    assert watch.wait(30) == 0
    assert len(said) == 3
    assert re.match(r"20\S+Z  message\.\w+ +id=msg_\S+ state=\w+ ", said[0])
    first = json.loads(
        cli(*command, "--json", "--count", "1", "--since", _oldest(demo)).out
    )
    assert first["type"].startswith("message.")
    wrong = cli(*command, "--since", "evt_unknown")
    assert (wrong.code, wrong.out) == (1, "")
    assert "since: " in wrong.err
    watch.stdout.close()


def test_the_socket_program_of_the_page_sends_and_waits(demo: Demo) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "stream-events.md"
    program = re.search(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert program is not None
    where = {name.upper(): demo.line(name).split()[1] for name in ("URL", "Key")}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program[1]],
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        check=True,
        timeout=STATES_S,
    )
    assert re.fullmatch(r"msg_\w+ delivered\n", done.stdout)


def _oldest(demo: Demo) -> str:
    """Return the first event of all."""
    key = demo.line("Key").split()[1]
    url = demo.line("URL").split()[1]
    ask = f"curl -s '{url}/v1/events?limit=1' -H 'Authorization: Bearer {key}'"
    return str(shell(ask)["data"][0]["id"])


def test_a_second_daemon_on_the_same_data_is_refused(demo: Demo) -> None:
    copy = demo.data / "other.yaml"
    text = Path(demo.config).read_text("utf-8")
    copy.write_text(re.sub(r'listen: "[^"]*"', 'listen: "127.0.0.1:0"', text))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "modemgw", "run", "--config", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "is in use by another modemgw" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_and_the_data_stays(tmp_path: Path) -> None:
    data = Path(tempfile.mkdtemp(prefix="mgw"))
    try:
        first = start(data, "--modems", "1", "--listen", "127.0.0.1:0")
        errors = stop(first, signal.SIGINT)
        assert f"version={__version__}" in errors
        assert not (data / "modemgw.sock").exists()
        assert not list((data / "modems").iterdir())
        again = start(data, "--modems", "1", "--listen", "127.0.0.1:0", "--quiet")
        stop(again)
        assert (data / "modemgw.db").exists()
    finally:
        shutil.rmtree(data)


def test_without_a_directory_nothing_is_left_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "modemgw", "demo", "--modems", "1", "--quiet",
         "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert process.stdout is not None
    while "Ctrl-C" not in (line := process.stdout.readline()):
        assert line
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith("modemgw-demo-")]


def test_run_tells_the_service_manager_when_it_is_ready(
    cli: Cli, directory: Path
) -> None:
    """Below a path that no socket could have; READY comes when the API answers."""
    deep = directory / ("d" * 100)
    cli.config.write_text(
        f"data_dir: {deep}\nhttp: {{listen: '127.0.0.1:0'}}\ndiscovery: off\n"
    )
    key = cli.on("keys", "create", "--name", "k", "--scopes", "reader", "--plain")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(directory / "notify"))
        manager.settimeout(START_S)
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "modemgw", "run", "--config", str(cli.config)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify")},
        )
        assert manager.recv(512).startswith(b"READY=1")
        listed = cli.on("modems", "list", "--json")
        assert (listed.code, listed.out) == (0, '{"data": []}\n')
        process.terminate()
        told = b""
        while not told.startswith(b"STOPPING=1"):
            told = manager.recv(512)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    address = re.search(r"listening address=(\S+)", errors)
    assert address is not None
    assert "no modems are listed: nothing will be sent" in errors
    assert key.out.strip() not in errors
