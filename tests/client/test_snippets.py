"""What the how-to shows for other programs does its work, in every language here.

```python app      runs against a demo, with URL and KEY in its environment
```python hook     is started as a receiver of webhooks, with PORT and WEBHOOK_SECRET
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from modemgw.gateway import signing
from tests.scenario.box import wait_for
from tests.scenario.demo import START_S, running_demo
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs" / "how-to" / "send-from-your-app.md"
PAGES = [PAGE, ROOT / "README.md"]
FENCE = re.compile(r"^```(\w+) (app|hook)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNNERS = {"python": sys.executable, "php": "php", "javascript": "node"}
SUFFIXES = {"python": ".py", "php": ".php", "javascript": ".js"}
SECRET = signing.new_secret()

# One daemon serves the whole file.
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("client")]


def snippets(kind: str) -> list[Any]:
    found = []
    for page in PAGES:
        for number, match in enumerate(FENCE.finditer(page.read_text("utf-8"))):
            language, what, text = match.groups()
            if what == kind and language in RUNNERS:
                name = f"{page.stem}-{number}-{language}"
                found.append(pytest.param(language, text, id=name))
    return found


def program(language: str, text: str, home: Path) -> list[str]:
    runner = shutil.which(RUNNERS[language])
    if runner is None:
        pytest.skip(f"{RUNNERS[language]} is not installed")
    file = home / f"snippet{SUFFIXES[language]}"
    file.write_text(text, "utf-8")
    return [runner, str(file)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_demo(tmp_path_factory.mktemp("d")) as found:
        yield found


@pytest.mark.parametrize(("language", "text"), snippets("app"))
def test_an_app_sends(
    language: str, text: str, demo: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(  # noqa: S603
        program(language, text, tmp_path),
        env={**os.environ, **demo},
        capture_output=True,
        text=True,
        check=False,
        timeout=START_S,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\b(queued|delivered)\b", done.stdout)


def test_what_home_assistant_sends(demo: dict[str, str]) -> None:
    """Its own rules: `rest_command` renders a template, `notify` adds the message."""
    (text,) = (b.text for b in blocks(PAGE) if b.language == "yml")
    config = yaml.load(text, _Secrets)  # noqa: S506 - a SafeLoader
    command, (notify,) = config["rest_command"]["sms"], config["notify"]
    said = 'Door "front" öffnet:\n5 %'
    payload = command["payload"]
    for name, value in (("to", "+999000001"), ("text", said)):
        payload = payload.replace(f"{{{{ {name} | to_json }}}}", json.dumps(value))
    sent = _post(demo, command["url"], command["headers"], payload)
    assert (sent["text"], sent["class"]) == (said, "alert")
    assert command["content_type"] == "application/json"
    assert (command["method"], notify["method"]) == ("post", "POST_JSON")
    body = {notify["message_param_name"]: said, **notify["data"]}
    sent = _post(demo, notify["resource"], notify["headers"], json.dumps(body))
    assert (sent["to"], sent["text"]) == ("+999000001", said)


class _Secrets(yaml.SafeLoader):
    """Reads `!secret name` as Home Assistant does."""


_Secrets.add_constructor("!secret", lambda loader, node: f"secret:{node.value}")


def _post(
    demo: dict[str, str], url: str, headers: dict[str, str], body: str
) -> dict[str, Any]:
    assert headers == {"Authorization": "secret:modemgw_bearer"}
    assert url.startswith("http://127.0.0.1:8080/")
    request = urllib.request.Request(  # noqa: S310
        url.replace("http://127.0.0.1:8080", demo["URL"]),
        body.encode(),
        {
            "Authorization": f"Bearer {demo['KEY']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


@contextmanager
def receiver(command: list[str], log: Path) -> Iterator[int]:
    """Start a receiver; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    if Path(command[0]).name.startswith("php"):
        command = [command[0], "-S", f"127.0.0.1:{port}", *command[1:]]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603
            command,
            env={**os.environ, "PORT": str(port), "WEBHOOK_SECRET": SECRET},
            stdout=out,
            stderr=out,
        )

    def is_up() -> bool:
        assert process.poll() is None, log.read_text("utf-8")
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for("the receiver", is_up, START_S)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize(("language", "text"), snippets("hook"))
def test_a_receiver_knows_what_is_genuine(
    language: str, text: str, tmp_path: Path
) -> None:
    log = tmp_path / "said"
    now = int(time.time())
    body = json.dumps(
        {
            "type": "message.delivered",
            "timestamp": "2026-11-22T10:00:09Z",
            "data": {"id": "msg_ü", "state": "delivered"},
        }
    ).encode()

    def signed(*secrets: str, at: int = now) -> dict[str, str]:
        return signing.headers(secrets, "evt_1", at, body)

    good, other = signed(SECRET), signing.new_secret()
    with receiver(program(language, text, tmp_path), log) as port:
        assert _push(port, good, body) == 204
        assert _push(port, signed(other, SECRET), body) == 204
        assert _push(port, good, body + b" ") == 401
        assert _push(port, {**good, "webhook-id": "evt_2"}, body) == 401
        assert _push(port, {**good, "webhook-timestamp": "x"}, body) == 401
        assert _push(port, {}, body) == 401
        assert _push(port, signed(SECRET, at=now - 900), body) == 401
        assert _push(port, signed(other), body) == 401
        assert log.read_text("utf-8").count("message.delivered msg_ü") == 2


def _push(port: int, headers: dict[str, str], body: bytes) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/",
        body,
        {**headers, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
