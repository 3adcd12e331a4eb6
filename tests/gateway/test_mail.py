"""Alarms by mail: against a server that speaks, refuses, hangs or dribbles."""

import asyncio
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from modemgw.api.authority import Authority
from modemgw.config.alarms import MailConfig
from modemgw.config.secret import Secret
from modemgw.gateway import mail

NOW = 1_795_341_600_000
SECRET = Secret("password", plain="hunter2 secret")


@dataclass
class Server:
    """A mail server of a few lines; `says` overrides what it answers to a verb."""

    says: dict[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    dribbles: bool = False
    floods: bool = False
    flooded: int = 0  # octets that were taken from us
    port: int = 0
    heard: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    def talk(self, peer: socket.socket) -> None:
        if self.says.get("hello") == "":
            peer.recv(1)  # says nothing, until the other side gives up
            return
        if self.dribbles:
            for octet in b"220 " + b"x" * 4000:
                peer.sendall(bytes([octet]))
                time.sleep(0.02)
        for _ in range(4096 if self.floods else 0):
            peer.sendall(b"220-an answer of many lines\r\n" * 2048)
            self.flooded += 58_000
        with peer.makefile("rwb") as stream:
            self._say(stream, "hello", "220 mail.example ready")
            self._obey(stream, peer)

    def _obey(self, stream: Any, peer: socket.socket | None = None) -> None:
        while line := stream.readline():
            text = line.decode("ascii").strip()
            verb = text.split()[0].upper() if text else ""
            self.heard.append(text[:4].upper() + text[4:])
            if verb == "STARTTLS":
                self._say(stream, verb, "220 go on")
                if self.context is not None and peer is not None:
                    with (
                        self.context.wrap_socket(peer, server_side=True) as safe,
                        safe.makefile("rwb") as inner,
                    ):
                        self._obey(inner)
                    return
            elif verb == "DATA":
                self._say(stream, verb, "354 go on")
                body = b""
                while (more := stream.readline()) not in (b".\r\n", b""):
                    body += more
                self.mails.append(body)
                self._say(stream, "end", "250 taken")
            elif verb == "QUIT":
                self._say(stream, verb, "421 nobody quits here")
                return
            elif verb == "EHLO":
                tls = b"250-STARTTLS\r\n" if self.context else b""
                stream.write(b"250-mail.example\r\n" + tls + b"250 AUTH PLAIN\r\n")
                stream.flush()
            else:
                self._say(stream, verb, "235 fine" if verb == "AUTH" else "250 fine")

    def _say(self, stream: Any, verb: str, usual: str) -> None:
        stream.write(f"{self.says.get(verb, usual)}\r\n".encode())
        stream.flush()


@contextmanager
def running(server: Server) -> Iterator[Server]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                server.talk(self.request)
            except OSError:
                """The client has gone."""

    class Threads(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Threads(("127.0.0.1", 0), Handler) as tcp:
        server.port = tcp.server_address[1]
        thread = threading.Thread(target=tcp.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            tcp.shutdown()
            thread.join()


def config(server: Server, **more: Any) -> MailConfig:
    usual: dict[str, Any] = {"tls": "off", "to": ("ann@example.org", "bob@example.org")}
    return MailConfig(server=f"127.0.0.1:{server.port}", **{**usual, **more})


def post(wanted: MailConfig, subject: str = "modemgw: häh?", body: str = "Ü\n") -> None:
    asyncio.run(mail.send(wanted, subject, body, now_ms=NOW))


def test_a_mail_is_handed_over() -> None:
    with running(Server()) as server:
        post(config(server, from_="gw@example.org"))
    (octets,) = server.mails
    found = message_from_bytes(octets, policy=policy.default)
    assert found["Subject"] == "modemgw: häh?"
    assert (found["From"], found["To"]) == (
        "gw@example.org",
        "ann@example.org, bob@example.org",
    )
    assert found["Date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_content().strip() == "Ü"
    assert [line for line in server.heard if line.startswith("RCPT")] == [
        "RCPT TO:<ann@example.org>",
        "RCPT TO:<bob@example.org>",
    ]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({"hello": "554 go away"}, "554 go away"),
        ({"MAIL": "451 later"}, "the server said 451 later"),
        ({"RCPT": "550 who?"}, "the server refused ann@example.org, bob@example.org"),
        ({"end": "552 full \x1b[2J\x07"}, "552 full"),
    ],
)
def test_a_server_that_refuses_is_quoted(says: dict[str, str], why: str) -> None:
    with running(Server(says)) as server, pytest.raises(mail.MailError) as caught:
        post(config(server))
    assert why in str(caught.value)
    assert str(caught.value).isprintable()


def test_what_cannot_be_written_is_said() -> None:
    with pytest.raises(mail.MailError, match="cannot be written"):
        post(MailConfig(server="mail.example", to=("a@b.c",)), body="\ud800")


def test_an_answer_without_end_is_not_held_in_memory() -> None:
    """Before TLS begins, anybody on the way may say that."""
    with (
        running(Server(floods=True)) as server,
        pytest.raises(mail.MailError, match="talks without end"),
    ):
        post(config(server, tls="starttls"))
    assert server.flooded < 50_000_000


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(mail.MailError, match="refused"):
        post(MailConfig(server=f"127.0.0.1:{port}", tls="off", to=("a@b.c",)))


@pytest.mark.parametrize("server", [Server({"hello": ""}), Server(dribbles=True)])
def test_a_server_that_hangs_or_dribbles_is_left(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "DEADLINE_S", 0.2)
    with running(server):
        began = time.monotonic()
        with pytest.raises(mail.MailError, match="no end within"):
            post(config(server))
        assert time.monotonic() - began < 2
        for thread in threading.enumerate():
            if thread.name == "mail":
                thread.join(5)  # its socket was cut
                assert not thread.is_alive()


def test_passwords_go_over_tls_alone_and_certificates_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    authority = Authority(tmp_path)
    authority.ensure(["localhost", "127.0.0.1"], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.leaf, authority.leaf_key)
    wanted: dict[str, Any] = {
        "tls": "starttls",
        "user": "ann",
        "password": SECRET,
    }
    with running(Server(context=context)) as server:
        with pytest.raises(mail.MailError, match="certificate is not trusted"):
            post(config(server, **wanted))
        assert not any(line.startswith("AUTH") for line in server.heard)
        trusting = ssl.create_default_context(cafile=authority.ca)
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        post(config(server, **wanted))
        assert len(server.mails) == 1
        assert server.heard.index("STARTTLS") < next(
            place for place, line in enumerate(server.heard) if line[:4] == "AUTH"
        )
        server.says["AUTH"] = "535 no"
        with pytest.raises(mail.MailError) as caught:
            post(config(server, **wanted))
        assert str(caught.value) == "the server does not take user and password"
        # A server that offers no TLS gets neither the password nor the mail.
        server.context = None
        server.heard.clear()
        with pytest.raises(mail.MailError, match="STARTTLS"):
            post(config(server, **wanted))
        assert not any(line.startswith(("AUTH", "MAIL")) for line in server.heard)
