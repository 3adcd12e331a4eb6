"""The one-time link of setup: once, in time, from nearby, and nothing unescaped."""

import asyncio
import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modemgw.api import setup_page
from modemgw.api.setup_link import is_near
from modemgw.api.setup_page import Welcome, lines_for, welcome
from modemgw.store import setup_links
from tests.api.desk import TO, Answer, Desk, at_desk

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def made(desk: Desk, body: object = None) -> str:
    answer = await desk.post("/v1/setup-link", body or {}, admin=True)
    assert answer.status == 201, answer.octets
    return str(answer.json["path"])


async def press(desk: Desk, path: str) -> Answer:
    return await desk.ask("POST", path, b"", key="", headers=FORM)


def shown_key(answer: Answer) -> str:
    found = re.search(r"<pre>(mgw_\w+)</pre>", answer.octets.decode())
    assert found is not None
    return found[1]


def test_the_link_gives_a_key_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        path = await made(desk)
        for _ in range(2):  # a preview uses nothing up
            page = await desk.get(path, key="")
            assert page.status == 200
            assert b"mgw_" not in page.octets and b"<form method" in page.octets
        shown = await press(desk, path)
        assert shown.status == 200
        for name, word in {
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Type": "text/html; charset=utf-8",
        }.items():
            assert shown.headers[name] == word
        policy = shown.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script" not in policy
        assert b"<script" not in shown.octets
        key = shown_key(shown)
        sent = await desk.post("/v1/messages", {"to": TO, "text": "hi"}, key=key)
        assert sent.status == 202
        assert (await desk.get("/v1/keys", key=key)).status == 403
        for again in (await press(desk, path), await desk.get(path, key="")):
            assert again.status == 404 and b"mgw_" not in again.octets
        log = await desk.get("/v1/audit?action=key.create", admin=True)
        assert log.json["data"][0]["who"] == "setup link"

    at_desk(tmp_path, story)


def test_two_who_press_at_once_get_one_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        path = await made(desk)
        answers = await asyncio.gather(*(press(desk, path) for _ in range(5)))
        assert sorted(one.status for one in answers) == [200, 404, 404, 404, 404]
        keys = (await desk.get("/v1/keys", admin=True)).json["data"]
        assert [key["name"] for key in keys].count("setup link") == 1

    at_desk(tmp_path, story)


def test_a_new_link_ends_the_one_before(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        first, second = await made(desk), await made(desk)
        assert (await press(desk, first)).status == 404
        assert (await press(desk, second)).status == 200

    at_desk(tmp_path, story)


def test_it_ends_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        store = desk.gateway.store
        long_ago = desk.gateway.clock.now_ms() - setup_links.LIFE_MS - 1
        token, _ = await store.write(lambda db: setup_links.create(db, None, long_ago))
        assert (await press(desk, f"/setup/{token}")).status == 404
        kept = await store.read(
            lambda db: db.execute("SELECT hash FROM setup_link").fetchall()
        )
        assert token.encode() not in kept[0][0]

    at_desk(tmp_path, story)


def test_only_an_administrator_makes_one(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.post("/v1/setup-link", {})).status == 403
        missing = {"message": "msg_01KA7M2Z8Q4T6V8X0B2D4F6H8K"}
        answer = await desk.post("/v1/setup-link", missing, admin=True)
        assert answer.status == 404

    at_desk(tmp_path, story)


def test_the_first_text_is_shown_with_its_steps(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        sent = await desk.post("/v1/messages", {"to": TO, "text": "<b>secret</b>"})
        path = await made(desk, {"message": sent.json["id"]})
        page = (await press(desk, path)).octets.decode()
        assert "The first text: queued" in page and "message.queued" in page
        assert TO in html.unescape(page)
        assert "secret" not in page

    at_desk(tmp_path, story)


def test_guessing_slows_who_guesses(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        path = await made(desk)
        wrong = [f"/setup/{'A' * 32}", "/setup/x", "/setup/%00%0d%0a<script>"]
        for one in wrong * 4:
            answer = await desk.get(one, key="")
            assert answer.status in (404, 429)
            is_page = answer.headers["Content-Type"].startswith("text/html")
            assert not is_page or b"<script>" not in answer.octets
        assert (await desk.get(path, key="")).status == 429

    at_desk(tmp_path, story)


def test_a_large_form_and_a_query_are_refused(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        path = await made(desk)
        big = await desk.ask("POST", path, b"x" * 5000, key="", headers=FORM)
        assert big.status == 413
        assert (await desk.get(f"{path}?a=b", key="")).status == 422
        assert (await press(desk, path)).status == 200

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.7", True),
        ("::ffff:10.0.0.7", True),
        ("172.31.0.1", True),
        ("169.254.3.4", True),
        ("100.64.1.1", True),
        ("fe80::1%eth0", True),
        ("fd12::7", True),
        ("8.8.8.8", False),
        ("172.32.0.1", False),
        ("2001:4860:4860::8888", False),
        ("", False),
        ("unix", False),
    ],
)
def test_who_is_near(address: str, near: bool) -> None:
    assert is_near(address) is near


def test_from_afar_it_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.api.setup_link.is_near", lambda address: False)

    async def story(desk: Desk) -> None:
        path = await made(desk)
        for answer in (await desk.get(path, key=""), await press(desk, path)):
            assert answer.status == 403 and b"mgw_" not in answer.octets

    at_desk(tmp_path, story)


def test_nothing_on_the_page_is_markup() -> None:
    evil = "</pre><script>alert('x')</script>\"&"
    page = welcome(
        Welcome(
            url=f"http://{evil}",
            key=evil,
            to=evil,
            state=evil,
            steps=[(evil, evil)],
            modems=[(evil, evil, evil)],
            has_ca=True,
        )
    )
    assert "<script" not in page and page.count("</pre>") == page.count("<pre>")
    assert evil not in setup_page.sorry(evil)


def run(name: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = {
        "curl": ["/bin/bash", "-c", text],
        "Python": [sys.executable, "-c", text],
        "PHP": ["php", "-r", text],
        "Node": ["node", "--input-type=module", "-e", text],
    }[name]
    return subprocess.run(  # noqa: S603
        words, capture_output=True, text=True, check=False, cwd=folder, timeout=30
    )


@pytest.mark.interop
def test_the_lines_work_as_they_are(tmp_path: Path) -> None:
    programs = {"curl": "curl", "Python": sys.executable, "PHP": "php", "Node": "node"}
    here = [name for name, one in programs.items() if shutil.which(one)]

    async def story(desk: Desk) -> None:
        url = str(desk.client.make_url("/")).rstrip("/")
        key = await desk.new_key("messages:send")
        lines = lines_for(url, key, TO, ca=False)
        runs = (asyncio.to_thread(run, one, lines[one], tmp_path) for one in here)
        for name, done in zip(here, await asyncio.gather(*runs), strict=True):
            assert done.returncode == 0, f"{name}: {done.stderr}"
            assert "queued" in done.stdout, name

    at_desk(tmp_path, story)
