"""One attempt at a time: every way the other side can behave, and every answer."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from modemgw.gateway import post
from modemgw.gateway.post import Answer, Sender, open_session, retry_after
from modemgw.gateway.resolve import TargetFinder
from modemgw.gateway.targets import Address, TargetGuard, literal
from modemgw.gateway.webhook_schedule import SCHEDULE_S, Next, Verdict, judge
from tests.gateway.hooks import SetClock

HERE = ip_address("127.0.0.1")
NOW_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z


@asynccontextmanager
async def sender(
    *addresses: Address, tls: ssl.SSLContext | None = None, deadline_s: float = 5.0
) -> AsyncIterator[Sender]:
    """A sender for which every name has `addresses`."""

    async def lookup(host: str) -> list[Address]:
        address = literal(host)
        return [address] if address is not None else list(addresses)

    finder = TargetFinder(TargetGuard(), lookup)
    async with open_session() as session:
        yield Sender(session, finder, SetClock(), tls=tls, deadline_s=deadline_s)


async def post_to(one: Sender, url: str, *, trusted: bool = True) -> Answer:
    return await one.post(url, b'{"a":1}', {"webhook-id": "evt_1"}, trusted=trusted)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(talk: Talk) -> AsyncIterator[int]:
    """A server that says what it is told to, HTTP or not."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def answer_of(talk: Talk, deadline_s: float = 5.0) -> Answer:
    async def whole() -> Answer:
        async with raw_server(talk) as port, sender(deadline_s=deadline_s) as one:
            return await post_to(one, f"http://127.0.0.1:{port}/")

    return asyncio.run(whole())


async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def noise(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 smtp.example ESMTP\r\n\r\n")
    await writer.drain()


async def endless_headers(
    _: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


async def endless_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"z" * 65536)
        await writer.drain()


async def half_a_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\nabc")
    await writer.drain()


async def slow_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
    await writer.wait_closed()


async def slow_refusal(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 10\r\n\r\nabc")
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("talk", "deadline_s", "status", "error"),
    [
        pytest.param(silence, 0.05, None, "no answer within 0.05 s", id="silence"),
        pytest.param(hang_up, 5, None, "closed before an answer", id="hangs-up"),
        pytest.param(noise, 5, None, "not HTTP", id="not-http"),
        pytest.param(endless_headers, 5, None, "not HTTP", id="endless-headers"),
        pytest.param(endless_body, 5, 200, None, id="endless-body-is-cut"),
        pytest.param(half_a_body, 5, 202, None, id="half-a-body-still-counts"),
        pytest.param(slow_body, 0.1, 200, None, id="slow-body-still-counts"),
        pytest.param(slow_refusal, 0.1, 500, "answered 500", id="slow-refusal"),
    ],
)
def test_whatever_the_other_side_does_becomes_an_answer(
    talk: Talk, deadline_s: float, status: int | None, error: str | None
) -> None:
    answer = answer_of(talk, deadline_s)
    assert answer.status == status
    assert answer.delivered == (error is None)
    if error is not None:
        assert answer.error is not None
        assert error in answer.error


def test_a_closed_port_says_so() -> None:
    async def whole() -> Answer:
        async with raw_server(silence) as port:
            pass  # closed again
        async with sender() as one:
            return await post_to(one, f"http://127.0.0.1:{port}/secret-path?token=x")

    answer = asyncio.run(whole())
    assert answer.error is not None
    assert "no connection" in answer.error
    assert "secret" not in answer.error
    assert "token" not in answer.error


def test_a_bug_of_ours_fails_the_attempt_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def whole() -> Answer:
        async with sender() as one:
            monkeypatch.setattr(one, "_open", None)
            return await post_to(one, "http://10.0.0.5/")

    assert asyncio.run(whole()) == Answer(None, "internal error, see the log")


def test_the_connection_goes_to_the_checked_address_and_the_host_stays() -> None:
    seen: list[str] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(request.headers["host"])
        return web.Response()

    async def whole() -> None:
        app = web.Application()
        app.router.add_post("/", take)
        async with TestServer(app, host="127.0.0.1") as server, sender(HERE) as one:
            url = f"http://hooks.example:{server.port}/"
            assert (await post_to(one, url)).delivered
            assert (await post_to(one, f"http://127.0.0.1:{server.port}/")).delivered
            refused = await post_to(one, url, trusted=False)
            assert refused.error is not None
            assert "loopback" in refused.error
            assert seen == [
                f"hooks.example:{server.port}",
                f"127.0.0.1:{server.port}",
            ]

    asyncio.run(whole())


def test_a_name_that_turns_to_loopback_is_refused_at_the_next_attempt() -> None:
    async def whole() -> None:
        hits: list[str] = []

        async def take(request: web.Request) -> web.Response:
            hits.append(request.host)
            return web.Response()

        app = web.Application()
        app.router.add_post("/", take)
        async with TestServer(app, host="127.0.0.1") as server:
            answers = [[HERE], [ip_address("127.0.0.2")], [HERE]]

            async def lookup(host: str) -> list[Address]:
                return answers.pop(0)

            guard = TargetGuard([f"127.0.0.1:{server.port}"])
            async with open_session() as session:
                one = Sender(session, TargetFinder(guard, lookup), SetClock())
                url = f"http://rebind.example:{server.port}/"
                assert (await post_to(one, url, trusted=False)).delivered
                # A connection to the first address is still open; it is not used.
                refused = await post_to(one, url, trusted=False)
                assert refused.status is None
                assert refused.error is not None
                assert "127.0.0.2" in refused.error
                assert (await post_to(one, url, trusted=False)).delivered
        assert len(hits) == 2

    asyncio.run(whole())


def test_another_address_is_tried_where_the_first_takes_no_connection() -> None:
    async def ok(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async def whole() -> Answer:
        closed = ip_address("127.0.0.3")  # nobody listens there
        async with raw_server(ok) as port, sender(closed, HERE) as one:
            return await post_to(one, f"http://two.example:{port}/")

    assert asyncio.run(whole()).status == 204


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(  # noqa: S603 - fixed arguments
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=hooks.example"),
            *("-addext", "subjectAltName=DNS:hooks.example"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return folder


def test_tls_is_checked_against_the_host_not_the_address(certificate: Path) -> None:
    names: list[str | None] = []

    def heard(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        names.append(name)

    async def ok(_: web.Request) -> web.Response:
        return web.Response()

    async def whole() -> None:
        server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        server_tls.sni_callback = heard
        trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        app = web.Application()
        app.router.add_post("/", ok)
        server = TestServer(app, host="127.0.0.1", scheme="https")
        await server.start_server(ssl=server_tls)
        try:
            async with sender(HERE, tls=trusting) as one:
                good = await post_to(one, f"https://hooks.example:{server.port}/")
                other = await post_to(one, f"https://other.example:{server.port}/")
            async with sender(HERE) as one:
                unknown = await post_to(one, f"https://hooks.example:{server.port}/")
        finally:
            await server.close()
        assert good.delivered
        assert names == ["hooks.example", "other.example", "hooks.example"]
        for refused in (other, unknown):
            assert refused.error is not None
            assert "certificate" in refused.error

    asyncio.run(whole())


def test_https_to_a_port_that_speaks_no_tls_says_so() -> None:
    async def whole() -> Answer:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 smtp.example ESMTP\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server, sender() as one:
            port = server.sockets[0].getsockname()[1]
            return await post_to(one, f"https://127.0.0.1:{port}/")

    answer = asyncio.run(whole())
    assert answer == Answer(None, "TLS could not be agreed on")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("120", 120, id="seconds"),
        pytest.param(" 5 ", 5, id="spaces"),
        pytest.param("0", 1, id="at-least-one-second"),
        pytest.param("99999999", post.RETRY_AFTER_MAX_S, id="capped"),
        pytest.param("9" * 5000, post.RETRY_AFTER_MAX_S, id="absurd"),
        pytest.param("Sun, 22 Nov 2026 10:10:00 GMT", 600, id="date"),
        pytest.param("Sun, 22 Nov 2026 10:10:00 -0000", 600, id="date-no-zone"),
        pytest.param("Sun, 22 Nov 2026 09:00:00 GMT", 1, id="date-gone-by"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", post.RETRY_AFTER_MAX_S, id="far"),
        pytest.param("soon", None, id="word"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("٣", None, id="other-digits"),
        pytest.param("", None, id="empty"),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW_MS) == seconds
    assert datetime.fromtimestamp(NOW_MS / 1000, UTC).hour == 10


@pytest.mark.parametrize(
    ("answer", "attempts", "next", "low_s", "high_s"),
    [
        pytest.param(Answer(204), 1, Next.DONE, 0, 0, id="done"),
        pytest.param(Answer(299), 11, Next.DONE, 0, 0, id="done-at-last"),
        pytest.param(Answer(410, "gone"), 1, Next.DEAD, 0, 0, id="gone"),
        pytest.param(Answer(500, "no"), 1, Next.RETRY, 4, 6, id="first-failure"),
        pytest.param(Answer(None, "no"), 2, Next.RETRY, 24, 36, id="second"),
        pytest.param(Answer(500, "no"), 10, Next.RETRY, 69120, 103680, id="tenth"),
        pytest.param(Answer(500, "no"), 11, Next.DEAD, 0, 0, id="eleventh"),
        pytest.param(Answer(429, "busy", 90.0), 1, Next.RETRY, 90, 90, id="obeys"),
        pytest.param(Answer(429, "busy", 90.0), 11, Next.DEAD, 0, 0, id="but-counts"),
    ],
)
def test_what_follows_from_an_attempt(
    answer: Answer, attempts: int, next: Next, low_s: int, high_s: int
) -> None:
    for seed in range(20):
        rng = Random(seed)  # noqa: S311 - jitter
        verdict = judge(answer, attempts=attempts, now=NOW_MS, rng=rng)
        assert verdict.next is next
        assert NOW_MS + low_s * 1000 <= verdict.at <= NOW_MS + high_s * 1000


def test_the_schedule_is_the_published_one() -> None:
    hours = [round(seconds / 3600, 2) for seconds in SCHEDULE_S[4:]]
    assert SCHEDULE_S[:4] == (0, 5, 30, 300)
    assert hours == [0.5, 2, 5, 10, 14, 20, 24]
    assert judge(Answer(200), attempts=1, now=5, rng=Random(0)) == Verdict(  # noqa: S311
        Next.DONE, 5
    )
