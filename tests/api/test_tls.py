"""TLS: an authority of its own, files that change, and nobody who holds up others."""

import asyncio
import ipaddress
import os
import shutil
import socket
import ssl
import stat
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from msgspec import structs

from modemgw.api import authority as module
from modemgw.api.authority import LEAF_LIFE, RENEW_BEFORE, Authority, TlsError
from modemgw.api.door import HANDSHAKE_S, MOST_BEGUN, Door
from modemgw.api.own_names import own_names
from modemgw.api.tls import OwnTls, Tls, TlsSite, open_tls
from modemgw.config.http import Tls as TlsConfig
from modemgw.config.load import parse
from modemgw.config.model import Config, Http
from modemgw.config.paths import ca_certificate
from modemgw.daemon import Daemon
from tests.api.desk import Desk, at_desk

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = ["pi", "pi.local", "localhost", "127.0.0.1", "::1"]


class Clock:
    """A wall clock to set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    def monotonic(self) -> float:
        return self.now.timestamp()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, made once for all tests; take a copy to change it."""
    directory = tmp_path_factory.mktemp("tls")
    # For as long as the clock of this machine says, which openssl clients ask.
    assert Authority(directory).ensure(NAMES, datetime.now(UTC))
    return directory


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Authority:
    shutil.copytree(made, tmp_path / "tls")
    return Authority(tmp_path / "tls")


def text(path: Path) -> str:
    done = subprocess.run(  # noqa: S603
        ["openssl", "x509", "-noout", "-text", "-in", str(path)],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bytes:
    """Do a handshake in memory; return the certificate of the server."""
    pipes = [ssl.MemoryBIO() for _ in range(4)]
    a = client.wrap_bio(pipes[0], pipes[1], server_hostname=name)
    b = server.wrap_bio(pipes[2], pipes[3], server_side=True)
    done = [False, False]
    for _ in range(10):
        for index, side in enumerate((a, b)):
            try:
                side.do_handshake()
                done[index] = True
            except ssl.SSLWantReadError:
                pass
        pipes[2].write(pipes[1].read())
        pipes[0].write(pipes[3].read())
        if all(done):
            break
    assert all(done)
    der = a.getpeercert(binary_form=True)
    assert der is not None
    return der


def trusting(ca: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca))


@pytest.mark.parametrize("name", NAMES)
def test_who_trusts_the_authority_trusts_the_server(made: Path, name: str) -> None:
    tls = Tls(made / "server.pem", made / "server.key")
    assert shake(trusting(made / "ca.pem"), tls.context, name)


def test_another_name_is_refused(made: Path) -> None:
    tls = Tls(made / "server.pem", made / "server.key")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(trusting(made / "ca.pem"), tls.context, "example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(ssl.create_default_context(), tls.context, "localhost")


def test_the_authority_is_good_for_nobody_elses_names(own: Authority) -> None:
    """A thief of its key signs for a bank; a browser that trusts it says no."""
    module_permits = module._is_permitted
    notes = own._read()
    assert notes is not None
    own._make_leaf(notes, ["bank.example.com", "8.8.8.8"], datetime.now(UTC))
    tls = Tls(own.leaf, own.leaf_key)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake(trusting(own.ca), tls.context, "bank.example.com")
    assert not module_permits("bank.example.com", notes.permitted)
    assert not module_permits("8.8.8.8", notes.permitted)
    assert not module_permits("nonlocal", notes.permitted)


def test_keys_are_for_the_owner_alone_and_nothing_is_left_over(made: Path) -> None:
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((made / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in made.iterdir()) == [
        *("ca.key", "ca.pem", "notes.json", "server.key", "server.pem")
    ]
    shown = text(made / "ca.pem")
    assert "CA:TRUE, pathlen:0" in shown
    assert "X509v3 Name Constraints: critical" in shown
    assert "CA:FALSE" in text(made / "server.pem")


def test_it_is_renewed_before_its_end_and_not_sooner(own: Authority) -> None:
    began = datetime.now(UTC)
    ca, leaf = own.ca.read_bytes(), own.leaf.read_bytes()
    soon = began + LEAF_LIFE - RENEW_BEFORE
    assert not own.ensure(NAMES, began)
    assert not own.ensure(NAMES, soon - timedelta(hours=1))
    assert own.ensure(NAMES, soon + timedelta(hours=1))
    assert own.leaf.read_bytes() != leaf
    assert own.ca.read_bytes() == ca


def test_a_new_address_is_added_and_a_lost_one_stays(own: Authority) -> None:
    now = datetime.now(UTC)
    assert own.ensure([*NAMES, "192.168.7.7", "fd00::7"], now)
    assert "192.168.7.7" in text(own.leaf)
    assert not own.ensure(NAMES, now)


def test_two_who_renew_at_once_leave_a_key_that_fits(
    own: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload, and the look that comes every ten minutes."""
    now, make = datetime.now(UTC), Authority._make_leaf
    busy: list[int] = []

    def alone(self: Authority, *about: Any) -> None:
        busy.append(1)
        assert busy == [1]
        make(self, *about)
        busy.pop()

    monkeypatch.setattr(Authority, "_make_leaf", alone)
    with ThreadPoolExecutor(2) as pool:
        more = [[*NAMES, "192.168.7.7"], [*NAMES, "192.168.7.8"]]
        list(pool.map(lambda names: own.ensure(names, now), more))
    Tls(own.leaf, own.leaf_key)


def test_a_name_that_the_authority_is_not_for_is_left_out(
    own: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    assert not own.ensure([*NAMES, "sms.example.org", "9.9.9.9"], now)
    assert "made for other names" in caplog.text


def test_names_of_the_configuration_are_permitted_from_the_start(
    tmp_path: Path,
) -> None:
    own = Authority(tmp_path)
    own.ensure([*NAMES, "sms.example.org", "*.home.arpa", "9.9.9.9"], datetime.now(UTC))
    tls = Tls(own.leaf, own.leaf_key)
    for name in ("sms.example.org", "box.home.arpa", "9.9.9.9"):
        assert shake(trusting(own.ca), tls.context, name)


def test_a_clock_in_1970_makes_nothing_that_has_ended(tmp_path: Path) -> None:
    own = Authority(tmp_path)
    own.ensure(NAMES, datetime(1970, 1, 1, tzinfo=UTC))
    ca = own.ca.read_bytes()
    assert own.ensure(NAMES, datetime.now(UTC))  # the clock was set: a new leaf
    assert own.ca.read_bytes() == ca
    tls = Tls(own.leaf, own.leaf_key)
    assert shake(trusting(own.ca), tls.context, "pi.local")


def test_what_is_wrong_is_said(
    own: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own.directory / "notes.json").write_text("x")
    with pytest.raises(TlsError, match="damaged"):
        own.ensure(NAMES, NOW)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "which", lambda name: None)
        with pytest.raises(TlsError, match="apt install openssl"):
            Authority(tmp_path / "new").ensure(NAMES, NOW)
    with pytest.raises(TlsError, match="openssl req failed"):
        Authority(tmp_path / "odd").ensure(["a\nb = c"], NOW)
    with pytest.raises(TlsError, match="no such file"):
        Tls(tmp_path / "none.pem", tmp_path / "none.key")
    (tmp_path / "bad.pem").write_text("x")
    with pytest.raises(TlsError, match="must be PEM"):
        Tls(tmp_path / "bad.pem", own.leaf_key)


def test_own_names_are_those_of_this_machine() -> None:
    found = own_names(["sms.lan", "0.0.0.0", "10.1.2.3"], "Pi.fritz.box")  # noqa: S104
    assert found[:4] == ["pi.fritz.box", "pi.local", "localhost", "sms.lan"]
    assert {"127.0.0.1", "::1", "10.1.2.3"} <= set(found)
    assert "0.0.0.0" not in found  # noqa: S104
    for one in found:
        if one[0].isdigit() or ":" in one:
            assert not ipaddress.ip_address(one).is_unspecified
    assert own_names([], "bad_name;x")[0] == "localhost"


def test_a_machine_without_files_left_keeps_its_certificate(
    own: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its addresses are asked through sockets, which a flood may have taken."""
    config = parse("http: {tls: self}\ndiscovery: on\n", "x")
    tls = OwnTls(own, config, Clock(datetime.now(UTC)))

    def none_left(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", none_left)
    with pytest.raises(TlsError, match="Too many open files"):
        tls.renew()


# -- while it serves -------------------------------------------------------------------


async def _pong(request: web.Request) -> web.Response:
    return web.Response(text="pong")


@asynccontextmanager
async def serving(tls: Tls) -> AsyncIterator[int]:
    app, door = web.Application(), Door()
    app.router.add_get("/", _pong)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    assert runner.server is not None
    door.watch(runner.server, 100)
    await TlsSite(runner, "127.0.0.1", 0, tls, door).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Caller:
    """One TLS connection that stays."""

    def __init__(self, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        self._reader, self._out = reader, out

    async def ask(self) -> bytes:
        self._out.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert await self._reader.readexactly(4) == b"pong"
        return head

    def certificate(self) -> bytes:
        der = self._out.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert isinstance(der, bytes)
        return der

    async def close(self) -> None:
        self._out.close()
        await self._out.wait_closed()


async def dial(port: int, ca: Path) -> Caller:
    return Caller(
        *await asyncio.open_connection(
            "127.0.0.1", port, ssl=trusting(ca), server_hostname="localhost"
        )
    )


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_new_certificate_is_taken_and_no_connection_dropped(own: Authority) -> None:
    async def story() -> None:
        tls = Tls(own.leaf, own.leaf_key)
        async with serving(tls) as port:
            before = await dial(port, own.ca)
            await before.ask()
            assert not tls.refresh()
            own.ensure([*NAMES, "10.9.9.9"], datetime.now(UTC))
            assert tls.refresh()
            after = await dial(port, own.ca)
            assert after.certificate() != before.certificate()
            await before.ask()  # it lives on with what it began with
            await after.ask()
            await before.close()
            await after.close()

    run(story)


def test_half_a_change_leaves_the_old_certificate(own: Authority, made: Path) -> None:
    """Programs write the certificate and the key one after the other."""

    async def story() -> None:
        tls = Tls(own.leaf, own.leaf_key)
        own.ensure([*NAMES, "10.9.9.9"], datetime.now(UTC))
        new = own.leaf_key.read_bytes()
        own.leaf_key.write_bytes((made / "server.key").read_bytes())
        assert not tls.refresh()
        own.leaf.unlink()
        assert not tls.refresh()
        async with serving(tls) as port:
            caller = await dial(port, own.ca)
            await caller.ask()
            await caller.close()
        shutil.copy(made / "server.pem", own.leaf)
        own.leaf_key.write_bytes(new)
        assert not tls.refresh()

    run(story)


def test_who_says_nothing_in_a_handshake_holds_up_nobody(own: Authority) -> None:
    async def story() -> None:
        async with serving(Tls(own.leaf, own.leaf_key)) as port:
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            caller = await dial(port, own.ca)
            await caller.ask()
            await caller.close()
            for _, out in idle:
                out.close()
                await out.wait_closed()

    run(story)


def test_handshakes_are_limited_in_number() -> None:
    class Server:
        def __call__(self) -> asyncio.Protocol:
            return asyncio.Protocol()

    async def story() -> None:
        door = Door()
        for _ in range(MOST_BEGUN):
            door.begin(Server())  # type: ignore[arg-type]
        with pytest.raises(ConnectionAbortedError):
            door.begin(Server())  # type: ignore[arg-type]

    run(story)


def test_a_handshake_that_is_over_keeps_no_timer(
    own: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        timers: list[asyncio.TimerHandle] = []
        loop = asyncio.get_running_loop()
        later = loop.call_later

        def call_later(delay: float, *what: Any, **more: Any) -> asyncio.TimerHandle:
            timer = later(delay, *what, **more)
            if delay == HANDSHAKE_S + 1:
                timers.append(timer)
            return timer

        async with serving(Tls(own.leaf, own.leaf_key)) as port:
            monkeypatch.setattr(loop, "call_later", call_later)
            caller = await dial(port, own.ca)
            await caller.ask()
            assert timers and all(timer.cancelled() for timer in timers)
            await caller.close()

    run(story)


def test_old_protocols_are_refused(own: Authority) -> None:
    tls = Tls(own.leaf, own.leaf_key)
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2
    client = trusting(own.ca)
    with pytest.warns(DeprecationWarning):
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        shake(client, tls.context, "localhost")


# -- as configured ---------------------------------------------------------------------


def config_of(tmp_path: Path, tls: TlsConfig) -> Config:
    return Config(path=None, data_dir=tmp_path, http=Http(tls=tls))


def test_each_mode_is_opened(made: Path, tmp_path: Path) -> None:
    async def story() -> None:
        for mode in ("off", "proxy"):
            assert await open_tls(config_of(tmp_path, TlsConfig(mode)), Clock()) is None
        files = TlsConfig("files", made / "server.pem", made / "server.key")
        assert type(await open_tls(config_of(tmp_path, files), Clock())) is Tls
        clock = Clock(datetime.now(UTC))
        config = config_of(tmp_path, TlsConfig("self"))
        own = await open_tls(config, clock)
        assert isinstance(own, OwnTls)
        host = socket.gethostname().lower()
        assert shake(trusting(ca_certificate(config)), own.context, host)
        assert not own.renew()
        clock.now += LEAF_LIFE
        assert own.renew()
        assert own.refresh()

    run(story)


def test_the_authority_is_given_to_everybody(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        path = ca_certificate(desk.gateway.config)
        path.parent.mkdir()
        path.write_text("PEM")
        nobody = {"Authorization": ""}
        closed = await desk.get("/ca.pem", headers=nobody)
        assert closed.problem == "not-found"
        http = Http(tls=TlsConfig("self"))
        desk.gateway.config = structs.replace(desk.gateway.config, http=http)
        answer = await desk.get("/ca.pem", headers=nobody)
        assert (answer.status, answer.octets) == (200, b"PEM")
        assert answer.headers["Content-Type"] == "application/x-pem-file"

    at_desk(tmp_path, story)


def test_the_environment_does_not_reach_openssl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENSSL_CONF", str(tmp_path / "evil.cnf"))
    (tmp_path / "evil.cnf").write_text("openssl_conf = x\n[x]\nengines = y\n")
    assert os.environ["OPENSSL_CONF"]
    assert Authority(tmp_path / "tls").ensure(NAMES, NOW)


def test_the_daemon_serves_with_its_own_authority(tmp_path: Path) -> None:
    text = (
        "data_dir: ./data\ndiscovery: off\nhttp: {listen: '127.0.0.1:0', tls: self}\n"
    )

    async def story() -> None:
        daemon = Daemon(parse(text, "test.yaml", path=tmp_path / "test.yaml"))
        asked: list[asyncio.Task[None]] = []

        async def ask() -> None:
            ca = ca_certificate(daemon.config)
            reader, out = await asyncio.open_connection(
                *daemon.addresses[0], ssl=trusting(ca), server_hostname="127.0.0.1"
            )
            out.write(b"GET /ca.pem HTTP/1.0\r\n\r\n")
            assert ca.read_bytes() in await reader.read()
            out.close()
            with suppress(ConnectionError):
                await out.wait_closed()
            daemon.stop()

        await daemon.run(lambda _: asked.append(asyncio.create_task(ask())))
        await asked[0]

    run(story)
