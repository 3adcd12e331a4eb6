"""A real Alertmanager fires at a real daemon, whose modem is simulated.

`exchange` returns what was seen, line by line; it raises AssertionError where that is
not what it should be. Used by the tests and by scripts/interop.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, TypeVar

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
TO = "+4915112345678"
T = TypeVar("T")
PATIENCE_S = 30.0
TICK_S = 0.05
BEGAN = datetime.now(UTC) - timedelta(minutes=5)
REPEATS = 3  # notifications of the same group that have to come, for one text

CONFIG = """\
route:
  receiver: sms
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 500ms
  repeat_interval: 500ms
receivers:
  - name: sms
    webhook_configs:
      - url: {url}/hooks/alertmanager?to=%2B{digits}
        http_config:
          authorization: {{credentials: {key}}}
"""


def exchange(directory: Path) -> list[str]:
    """Fire an alert, let it be repeated, resolve it; return what was seen."""
    seen: list[str] = []
    with _gateway(directory / "gateway") as (url, key):
        config = CONFIG.format(url=url, digits=TO[1:], key=key)
        with _alertmanager(directory, config) as manager:
            began = time.monotonic()
            _fire(manager, ends=timedelta(hours=1))
            first = _wait(lambda: _texts(url, key, 1), "the text")
            took = time.monotonic() - began
            seen.append(f"fired, {took:.1f} s later: {first[0]['text']!r}")
            count = _wait(lambda: _told(manager, REPEATS), "repetitions")
            again = _texts(url, key, 1) or []
            seen.append(f"told {count} times, texted {len(again)} time")
            _fire(manager, ends=timedelta(seconds=-1))
            both = _wait(lambda: _texts(url, key, 2), "the second text")
            seen.append(f"resolved: {both[1]['text']!r}")
            _wait(
                lambda: all(
                    one["state"] == "delivered" for one in _texts(url, key, 2) or [{}]
                ),
                "delivery reports",
            )
            seen.append(f"both delivered; failed notifications: {_failed(manager)}")
    assert first[0]["text"] == "FIRING 1: DiskFull pi3 - 3 % free on /", seen
    assert both[1]["text"] == "RESOLVED 1: DiskFull pi3 - 3 % free on /", seen
    assert len(again) == 1, seen
    assert len(both) == 2, seen
    assert seen[-1].endswith(": 0"), seen
    return seen


@contextmanager
def _gateway(data: Path) -> Iterator[tuple[str, str]]:
    """Run a demo with one modem; yield its URL and a key."""
    command = ["demo", "--modems", "1", "--listen", "127.0.0.1:0", "--quiet"]
    with _process(
        [sys.executable, "-m", "modemgw", *command, "--data", str(data)]
    ) as out:
        said = ""
        while "Ctrl-C" not in said:
            line = out.readline()
            assert line, f"the demo ended: {said}"
            said += line
        found = dict(re.findall(r"^  (URL|Key) +(\S+)$", said, re.MULTILINE))
        yield found["URL"], found["Key"]


@contextmanager
def _alertmanager(directory: Path, config: str) -> Iterator[str]:
    """Run Alertmanager alone, without a cluster; yield its URL."""
    assert PROGRAM is not None
    file = directory / "alertmanager.yml"
    file.write_text(config)
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"127.0.0.1:{free.getsockname()[1]}"
    with _process(
        [
            PROGRAM,
            f"--config.file={file}",
            f"--storage.path={directory / 'alertmanager'}",
            f"--web.listen-address={where}",
            "--cluster.listen-address=",
        ]
    ):
        url = f"http://{where}"
        _wait(lambda: _get(f"{url}/-/ready"), "Alertmanager")
        yield url


@contextmanager
def _process(command: list[str]) -> Iterator[IO[str]]:
    process = subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


def _fire(manager: str, ends: timedelta) -> None:
    """Tell Alertmanager of an alert that ends in a while, or has ended."""
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": "DiskFull", "instance": "pi3:9100"},
        "annotations": {"summary": "3 % free on /"},
        "startsAt": BEGAN.isoformat(),
        "endsAt": (now + ends).isoformat(),
    }
    request = urllib.request.Request(  # noqa: S310 - our own URL
        f"{manager}/api/v2/alerts",
        json.dumps([alert]).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310
        pass


def _texts(url: str, key: str, least: int) -> list[dict[str, Any]] | None:
    """Return what was texted, oldest first, once there is enough of it."""
    found = _get(f"{url}/v1/messages?to={TO.replace('+', '%2B')}", key)
    data = list(reversed(json.loads(found or "{}").get("data", ())))
    return data if len(data) >= least else None


def _told(manager: str, least: int) -> int | None:
    count = _counter(manager, "alertmanager_notifications_total")
    return count if count >= least else None


def _failed(manager: str) -> int:
    return _counter(manager, "alertmanager_notifications_failed_total")


def _counter(manager: str, name: str) -> int:
    found = re.findall(
        rf'^{name}\{{.*integration="webhook".*\}} (\S+)$',
        _get(f"{manager}/metrics") or "",
        re.MULTILINE,
    )
    return round(sum(map(float, found)))


def _get(url: str, key: str = "") -> str | None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own
    with suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return str(answer.read().decode())
    return None


def _wait(look: Callable[[], T | None], what: str) -> T:
    """Look until there is something; AssertionError where that takes too long."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(TICK_S)
    raise AssertionError(f"{what} did not come within {PATIENCE_S:g} s")
