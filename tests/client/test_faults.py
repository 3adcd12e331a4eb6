"""What the client does when the wire, the gateway or a proxy misbehaves."""

import errno
import socket
import ssl
import threading
from contextlib import suppress
from typing import Any

import pytest

from modemgw.client import BadAnswer, Refused, Unreachable
from modemgw.client import answers as client_answers
from tests.client.both import KINDS, connect
from tests.client.scripted import (
    MESSAGE,
    answer,
    drop,
    problem,
    raw,
    scripted,
    silence,
)

TO = "+4915112345678"
ACCEPTED = answer(202, MESSAGE)
HALF = raw(b'HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\n{"id": "msg')
HALF_CHUNKED = raw(
    b'HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"id": "msg'
)
NO_END = raw(b'HTTP/1.1 200 OK\r\n\r\n{"id": "msg_1"}')
HALF_HEAD = raw(b"HTTP/1.1 202 Acc")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause before another try: noted, not made."""
    made: list[float] = []
    judge = client_answers.Patience.pause

    def pause(self: Any, error: Any, now: float) -> float | None:
        found = judge(self, error, now)
        if found is None:
            return None
        made.append(found)
        return 0.0

    monkeypatch.setattr(client_answers.Patience, "pause", pause)
    return made


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(drop, id="dropped-after-the-request"),
        pytest.param(HALF, id="half-a-body"),
        pytest.param(HALF_CHUNKED, id="half-a-chunk"),
        pytest.param(HALF_HEAD, id="half-a-head"),
        pytest.param(NO_END, id="without-an-end"),
        pytest.param(raw(b"220 smtp.example.org ESMTP\r\n"), id="another-protocol"),
        pytest.param(problem(503, "queue-full", Retry_After="1"), id="queue-full"),
        pytest.param(problem(429, "quota-exceeded", Retry_After="2"), id="quota"),
        pytest.param(
            problem(409, "idempotency-in-progress", Retry_After="1"), id="in-progress"
        ),
        pytest.param(answer(502, b"<html>Bad Gateway"), id="a-proxy-lost-it"),
        pytest.param(answer(503, b"<html>Busy"), id="a-proxy-is-busy"),
    ],
)
def test_sending_is_repeated_with_the_same_key(
    kind: str, fault: Any, pauses: list[float]
) -> None:
    with scripted(fault, fault, ACCEPTED) as gateway, connect(kind, gateway.url) as sms:
        assert sms.send(TO, "Hello").id == "msg_1"
    first, *others = gateway.keys()
    assert first is not None
    assert others == [first, first]
    assert len({asked.body for asked in gateway.asked}) == 1
    assert len(pauses) == 2


def test_each_message_has_a_key_of_its_own(kind: str) -> None:
    with (
        scripted(ACCEPTED, ACCEPTED, ACCEPTED) as gateway,
        connect(kind, gateway.url) as sms,
    ):
        sms.send(TO, "Hello")
        sms.send(TO, "Hello")
        sms.send(TO, "Hello", idempotency_key="order-991")
    first, second, third = gateway.keys()
    assert first != second
    assert third == "order-991"
    assert {asked.connection for asked in gateway.asked} == {0}  # kept alive


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(problem(422, "invalid-field"), id="invalid"),
        pytest.param(problem(401, "unauthorized"), id="unauthorized"),
        pytest.param(problem(500, "internal-error"), id="their-mistake"),
        pytest.param(problem(409, "conflict"), id="conflict"),
        pytest.param(problem(422, "idempotency-mismatch"), id="mismatch"),
        pytest.param(problem(503, "query-too-slow"), id="503-without-a-time"),
        pytest.param(
            problem(429, "quota-exceeded", Retry_After="86400"), id="tomorrow"
        ),
    ],
)
def test_what_does_not_pass_is_told_at_once(kind: str, fault: Any) -> None:
    with scripted(fault) as gateway, connect(kind, gateway.url) as sms:
        with pytest.raises(Refused):
            sms.send(TO, "Hello")
        assert len(gateway.asked) == 1


@pytest.mark.parametrize("fault", [drop, HALF, answer(502, b"")])
def test_what_could_be_done_twice_is_not_repeated(kind: str, fault: Any) -> None:
    """Cancelling has no Idempotency-Key, so a lost answer is told."""
    with scripted(fault, ACCEPTED) as gateway, connect(kind, gateway.url) as sms:
        with pytest.raises((Unreachable, Refused)) as caught:
            sms.cancel("msg_1")
        assert len(gateway.asked) == 1
    if isinstance(caught.value, Unreachable):
        assert caught.value.sent


def test_what_the_gateway_did_not_do_is_repeated(kind: str) -> None:
    busy = problem(503, "stopping", Retry_After="1")
    with scripted(busy, ACCEPTED) as gateway, connect(kind, gateway.url) as sms:
        assert sms.cancel("msg_1").id == "msg_1"


def test_nobody_there(kind: str, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with connect(kind, f"http://127.0.0.1:{port}", retry_for=0) as sms:
        with pytest.raises(Unreachable) as caught:
            sms.cancel("msg_1")
        assert not caught.value.sent
        cause = caught.value.__cause__
        assert isinstance(cause, OSError)
        assert cause.errno == errno.ECONNREFUSED
    assert pauses == []


def test_an_answer_that_does_not_come(kind: str) -> None:
    with (
        scripted(silence) as gateway,
        connect(kind, gateway.url, timeout=0.1, retry_for=0) as sms,
        pytest.raises(Unreachable, match=r"no answer within 0\.1 s"),
    ):
        sms.message("msg_1")


def test_an_answer_that_drips(kind: str) -> None:
    """Each octet comes in time, and all of them do not."""

    def drip(sock: socket.socket) -> bool:
        for octet in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
            sock.sendall(bytes([octet]))
            with suppress(TimeoutError):
                sock.settimeout(0.01)
                sock.recv(1)
        return False

    with (
        scripted(drip) as gateway,
        connect(kind, gateway.url, timeout=0.15, retry_for=0) as sms,
        pytest.raises(Unreachable, match=r"no answer within 0\.15 s"),
    ):
        sms.message("msg_1")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(kind: str, status: int) -> None:
    with scripted(ACCEPTED) as elsewhere:
        moved = answer(status, b"", Location=f"{elsewhere.url}/v1/messages")
        with scripted(moved) as gateway, connect(kind, gateway.url, "mgw_key") as sms:
            with pytest.raises(BadAnswer, match="redirects are not followed"):
                sms.send(TO, "Hello")
            assert len(gateway.asked) == 1
        assert elsewhere.asked == []  # and it never learned the key


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Content-Length: 99999999999", id="announced"),
        pytest.param(b"Transfer-Encoding: chunked", id="in-chunks"),
    ],
)
def test_huge_answers_end(
    kind: str, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 1 << 20
    for name in ("wire", "aio"):
        monkeypatch.setattr(f"modemgw.client.{name}.MAX_ANSWER", limit)
    sent = 0

    def flood(sock: socket.socket) -> bool:
        nonlocal sent
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        while True:
            sent += sock.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with (
        scripted(flood) as gateway,
        connect(kind, gateway.url, retry_for=0) as sms,
        pytest.raises(BadAnswer, match="an answer of more than"),
    ):
        sms.message("msg_1")
    assert sent < 20 * limit  # what the sockets hold, and no more


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"id": 1}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_answer(kind: str, body: bytes) -> None:
    with (
        scripted(answer(200, body)) as gateway,
        connect(kind, gateway.url) as sms,
        pytest.raises(BadAnswer),
    ):
        sms.message("msg_1")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"\xff", b"[" * 100_000, b'{"errors": [1, {}]}']
)
def test_a_refusal_that_is_no_problem_document(kind: str, body: bytes) -> None:
    with (
        scripted(answer(404, body, X_Request_Id="req_1")) as gateway,
        connect(kind, gateway.url) as sms,
        pytest.raises(Refused) as caught,
    ):
        sms.message("msg_1")
    assert (caught.value.status, caught.value.problem) == (404, "")
    assert caught.value.request_id == "req_1"
    assert str(caught.value).startswith("HTTP 404")


def test_a_connection_that_was_closed_meanwhile_is_not_used(
    kind: str, pauses: list[float]
) -> None:
    closed = threading.Event()

    def answer_and_close(sock: socket.socket) -> bool:
        ACCEPTED(sock)
        sock.shutdown(socket.SHUT_WR)
        closed.set()
        return False

    with (
        scripted(answer_and_close, ACCEPTED) as gateway,
        connect(kind, gateway.url) as sms,
    ):
        sms.cancel("msg_1")
        assert closed.wait(20)
        sms.hear()
        sms.cancel("msg_1")
    assert [asked.connection for asked in gateway.asked] == [0, 1]
    assert pauses == []


def test_tls_with_a_ca(kind: str, tls_files: tuple[str, str, str]) -> None:
    ca, certificate, key = tls_files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with scripted(ACCEPTED, ACCEPTED, tls=context) as gateway:
        with connect(kind, gateway.url, ca=ca) as sms:
            assert sms.send(TO, "Hello").id == "msg_1"
            assert sms.send(TO, "Hello").id == "msg_1"
        by_name = gateway.url.replace("127.0.0.1", "localhost")
        for url, trusted in ((gateway.url, None), (by_name, ca)):
            with (
                connect(kind, url, ca=trusted) as sms,
                pytest.raises(Exception, match="the certificate is not trusted") as no,
            ):
                sms.send(TO, "Hello")
            assert type(no.value).__name__ == "Untrusted"
    assert len(gateway.asked) == 2
    assert {asked.connection for asked in gateway.asked} == {0}
