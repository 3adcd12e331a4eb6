"""The programs of docs/webhooks.md do what the page says."""

import asyncio
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from modemgw.gateway import signing
from modemgw.gateway.webhook_lanes import PER_LANE, TOTAL
from modemgw.gateway.webhook_schedule import SCHEDULE_S
from tests.gateway.hooks import Bench, run

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_python_receiver_takes_an_event_and_refuses_a_forged_one(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        secret = signing.new_secret()
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            block("python"),
            env={"WEBHOOK_SECRET": secret, "PORT": "0"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert program.stdout is not None
        try:
            greeting = (await program.stdout.readline()).decode()
            port = int(greeting.removeprefix("listening on port"))
            url = f"http://127.0.0.1:{port}/hook"
            forged = await bench.endpoint(url=url)
            genuine = await bench.endpoint(url=url, secret=secret)
            await bench.event("message.sent", {"id": "msg_1"})
            await bench.quiet()
            [row] = await bench.deliveries(forged)
            assert (row.state, row.last_status) == ("pending", 401)
            [row] = await bench.deliveries(genuine)
            assert (row.state, row.last_status) == ("done", 204)
            line = (await program.stdout.readline()).decode()
            assert line == "message.sent {'id': 'msg_1'}\n"
        finally:
            program.kill()
            await program.wait()

    run(tmp_path, story)


def test_the_node_verifier_agrees(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js on this machine")
    asks = (
        'const [secret, headers, body] = JSON.parse(require("fs").readFileSync(0));'
        "console.log(isGenuine(secret, headers, Buffer.from(body)))"
    )

    async def ask(secret: str, headers: dict[str, str], body: str) -> str:
        program = await asyncio.create_subprocess_exec(
            *(node, "-e", block("javascript") + asks),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        question = json.dumps([secret, headers, body]).encode()
        told, _ = await program.communicate(question)
        return told.decode().strip()

    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        await bench.event("message.sent", {"text": "Grüße 👋"})
        await bench.quiet()
        [got] = bench.receiver.got
        body = got.body.decode()
        assert await ask(hook.secret, got.headers, body) == "true"
        assert await ask(hook.secret, got.headers, body + " ") == "false"
        assert await ask(signing.new_secret(), got.headers, body) == "false"
        old = {**got.headers, "webhook-timestamp": "1"}
        assert await ask(hook.secret, old, body) == "false"

    run(tmp_path, story)


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    words = {5: "5 s", 30: "30 s", 300: "5 min", 1800: "30 min"}
    waits = [words.get(s, f"{s // 3600} h") for s in SCHEDULE_S[1:]]
    told = ", ".join(waits[:-1]) + f" and {waits[-1]}"
    assert told in " ".join(PAGE.split())
    assert (PER_LANE, TOTAL) == (4, 32)
    assert len(SCHEDULE_S) == 11
