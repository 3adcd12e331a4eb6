"""The viewer and the pages about errors: all there, and from nowhere else."""

import asyncio
import hashlib
import re
import shutil
from pathlib import Path

import pytest

from modemgw.api import viewer
from modemgw.api.problems import TITLES
from tests.api.desk import Desk, at_desk

DOCS = Path(__file__).parents[2] / "docs"
UI = viewer.STATIC / "swagger-ui"


def test_the_viewer_is_complete_and_asks_nobody_else(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        page = await desk.get("/docs", key="")
        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "script-src 'self';" in policy
        text = page.octets.decode()
        assert not re.search(r"(src|href)=\"(https?:)?//", text)
        assert not re.search(r"<script(?! src=)|\son\w+=", text)
        for name in re.findall(r'(?:src|href)="docs/([^"]+)"', text):
            answer = await desk.get(f"/docs/{name}", key="")
            assert answer.status == 200, name
            assert len(answer.octets) > 100
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        script = (await desk.get("/docs/viewer.js", key="")).octets.decode()
        assert 'url: "v1/openapi.json"' in script
        assert (await desk.get("/v1/openapi.json", key="")).status == 200

    at_desk(tmp_path, story)


CHROMIUM = shutil.which("chromium")


@pytest.mark.interop
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_shows_the_api_and_breaks_no_rule(tmp_path: Path) -> None:
    """Real Chromium under our Content-Security-Policy, which it complains about."""

    async def story(desk: Desk) -> None:
        browser = await asyncio.create_subprocess_exec(
            *(CHROMIUM or "", "--headless", "--no-sandbox", "--disable-gpu"),
            *("--no-first-run", "--virtual-time-budget=15000", "--dump-dom"),
            *("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'browser'}"),
            str(desk.client.make_url("/docs")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        shown, said = await browser.communicate()
        text = shown.decode()
        assert 'id="operations-tag-messages"' in text
        assert "message.received" in text
        assert ":CONSOLE" not in said.decode()

    at_desk(tmp_path / "data", story)


@pytest.mark.parametrize(
    "name", ["README", "..%2Fapp.py", "..%2Fproblems.md", "%00", "docs.html", "x" * 300]
)
def test_nothing_else_can_be_read(tmp_path: Path, name: str) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get(f"/docs/{name}", key="")).problem == "not-found"
        assert (await desk.get(f"/problems/{name}", key="")).problem == "not-found"

    at_desk(tmp_path, story)


def test_the_viewer_is_the_one_that_was_recorded() -> None:
    readme = (UI / "README").read_text("utf-8")
    sums = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", readme, re.MULTILINE))
    assert set(sums.values()) == {"swagger-ui-bundle.js", "swagger-ui.css"}
    for digest, name in sums.items():
        assert hashlib.sha256((UI / name).read_bytes()).hexdigest() == digest
    assert "Apache License" in (UI / "LICENSE").read_text("utf-8")
    assert re.search(r"swagger-ui-dist \d+\.\d+\.\d+ \(Apache-2\.0", readme)


def test_every_kind_of_error_has_its_page(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        index = (await desk.get("/problems", key="")).octets.decode()
        for kind in viewer.sections():
            assert f'href="problems/{kind}"' in index
            page = await desk.get(f"/problems/{kind}", key="")
            assert page.status == 200
            text = page.octets.decode()
            assert f"<code>{kind}</code>" in text
            assert "<script" not in text
            assert page.headers["Content-Security-Policy"].startswith("default-src 'n")
        assert set(TITLES) <= set(viewer.sections())
        table = (await desk.get("/problems/invalid-field", key="")).octets
        assert b"<td>" in table

    at_desk(tmp_path, story)


def test_the_pages_about_errors_are_those_of_the_docs() -> None:
    served = (viewer.STATIC / "problems.md").read_text("utf-8")
    assert served == (DOCS / "problems.md").read_text("utf-8"), (
        "cp docs/problems.md modemgw/api/static/problems.md"
    )


def test_a_request_keeps_the_id_it_was_given(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for given in ("trace-1", "550e8400-e29b-41d4-a716-446655440000", "a" * 100):
            answer = await desk.get("/v1/nothing", headers={"X-Request-Id": given})
            assert answer.headers["X-Request-Id"] == given
            assert answer.json["request_id"] == given
        for given in ("", "a" * 101, "a b", "a;b", "\u00e4", 'x"y'):
            answer = await desk.get("/healthz", headers={"X-Request-Id": given})
            assert answer.headers["X-Request-Id"].startswith("req_"), given

    at_desk(tmp_path, story)


def test_options_and_head_are_answered_sensibly(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        options = await desk.ask("OPTIONS", "/v1/messages", key="")
        assert options.status == 204
        assert options.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
        assert "X-Request-Id" in options.headers
        assert (await desk.ask("OPTIONS", "/v1/nothing", key="")).status == 404
        shown = await desk.get("/v1/messages")
        head = await desk.ask("HEAD", "/v1/messages")
        assert (head.status, head.octets) == (200, b"")
        assert head.headers["Content-Length"] == str(len(shown.octets))
        assert (await desk.ask("HEAD", "/v1/messages", key="")).status == 401
        wrong = await desk.ask("PATCH", "/v1/messages", {})
        assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD, POST")

    at_desk(tmp_path, story)
