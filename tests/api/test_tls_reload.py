"""Certificates when the configuration is read again."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from modemgw.api.authority import Authority, TlsError
from modemgw.api.tls import OwnTls, Tls
from modemgw.config.http import Tls as TlsConfig
from modemgw.config.model import Config, Http
from tests.api.test_tls import Clock, shake, trusting


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    made = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    for directory in made:
        assert Authority(directory).ensure(["localhost"], datetime.now(UTC))
    return made


def naming(cert: Path, key: Path) -> Config:
    tls = TlsConfig("files", cert, key)
    return Config(path=None, data_dir=cert.parent, http=Http(tls=tls))


def test_other_files(two: tuple[Path, Path]) -> None:
    first, second = two
    tls = Tls(first / "server.pem", first / "server.key")

    async def story() -> None:
        old = shake(trusting(first / "ca.pem"), tls.context, "localhost")
        config = naming(second / "server.pem", second / "server.key")
        take_up = await tls.prepare(config)
        assert shake(trusting(first / "ca.pem"), tls.context, "localhost") == old
        take_up()
        assert shake(trusting(second / "ca.pem"), tls.context, "localhost") != old
        assert not tls.refresh(), "they did not change since"
        for cert, key in (("server.pem", "ca.key"), ("gone.pem", "server.key")):
            with pytest.raises(TlsError):
                await tls.prepare(naming(second / cert, second / key))
        assert shake(trusting(second / "ca.pem"), tls.context, "localhost")

    asyncio.run(story())


def test_other_names(two: tuple[Path, Path]) -> None:
    config = Config(path=None, data_dir=two[0], http=Http(tls=TlsConfig("self")))
    clock = Clock(datetime.now(UTC))
    tls = OwnTls(Authority(two[0]), config, clock)
    more = structs.replace(
        config, http=Http(tls=TlsConfig("self"), hosts=("pi.local",))
    )

    async def story() -> None:
        (await tls.prepare(more))()
        assert shake(trusting(two[0] / "ca.pem"), tls.context, "pi.local")

    asyncio.run(story())
