"""Where deliveries come from: callbacks, the configuration, test events."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from modemgw.config.model import WebhookConfig
from modemgw.config.secret import Secret
from modemgw.errors import ConfigError
from modemgw.gateway import signing
from modemgw.store import deliveries, keys, pings, webhooks
from modemgw.store.keys import KeyRow
from tests.gateway.hooks import Bench, run


async def make_key(bench: Bench, name: str = "app") -> KeyRow:
    now = bench.clock.ms
    key, _ = await bench.store.write(
        lambda db: keys.create(db, name, ["messages:send"], now)
    )
    return key


async def last_errors(bench: Bench) -> list[str | None]:
    found = await bench.store.read(
        lambda db: db.execute("SELECT last_error FROM delivery ORDER BY id").fetchall()
    )
    return [row[0] for row in found]


def test_a_callback_is_signed_with_the_secret_of_its_key(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        one, other = await make_key(bench), await make_key(bench, "other")
        for key in (one, other):
            url = bench.receiver.url(f"/{key.name}?ticket=77")
            await bench.events(1, callback_url=url, key_id=key.id)
        await bench.quiet()
        for key in (one, other):
            [got] = bench.receiver.to(f"/{key.name}")
            Webhook(key.webhook_secret).verify(got.body, got.headers)
        assert one.webhook_secret != other.webhook_secret
        assert await last_errors(bench) == [None, None]

    run(tmp_path, story, allow=True)


def test_a_callback_obeys_the_target_rules(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        key = await make_key(bench)
        bench.names["inside.example"] = [ip_address("127.0.0.1")]
        for url in (bench.receiver.url(), bench.receiver.url(host="inside.example")):
            await bench.events(1, callback_url=url, key_id=key.id)
        await bench.quiet()
        assert bench.receiver.got == []
        for error in await last_errors(bench):
            assert error is not None
            assert "loopback" in error
            assert "http.webhook_allow" in error

    run(tmp_path, story)


def test_an_endpoint_made_over_the_api_obeys_them_too(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        made = await bench.endpoint("/made", declared=False)
        await bench.endpoint("/declared")
        await bench.event()
        await bench.quiet()
        assert [one.path for one in bench.receiver.got] == ["/declared"]
        [row] = await bench.deliveries(made)
        assert row.state == "pending"

    run(tmp_path, story)


def test_webhook_allow_opens_the_receiver(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.endpoint("/made", declared=False)
        await bench.event()
        await bench.quiet()
        assert len(bench.receiver.got) == 1

    run(tmp_path, story, allow=True)


def test_a_callback_without_a_key_has_nothing_to_sign_with(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.events(1, callback_url=bench.receiver.url())
        await bench.quiet()
        assert bench.receiver.got == []
        assert await last_errors(bench) == [
            "there is no secret to sign this request with"
        ]

    run(tmp_path, story, allow=True)


def test_a_callback_that_leads_nowhere_says_so_and_holds_up_nobody(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        key = await make_key(bench)
        for url in ("no url at all", "http://nowhere.example/", bench.receiver.url()):
            await bench.events(1, callback_url=url, key_id=key.id)
        await bench.quiet()
        assert len(bench.receiver.got) == 1
        invalid, unknown, fine = await last_errors(bench)
        assert invalid == "the URL contains a space or a control character"
        assert unknown == "nowhere.example has no address"
        assert fine is None

    run(tmp_path, story, allow=True)


def test_the_declared_endpoints_follow_the_configuration(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        secret = signing.new_secret()
        one = WebhookConfig(
            bench.receiver.url("/one"), ("message.*",), Secret("whsec", plain=secret)
        )
        two = WebhookConfig(bench.receiver.url("/two"))
        await bench.engine.sync_declared((one, two))
        await bench.event()
        await bench.quiet()
        [got] = bench.receiver.to("/one")
        Webhook(secret).verify(got.body, got.headers)
        [got] = bench.receiver.to("/two")
        rows = await bench.store.read(webhooks.list_webhooks)
        Webhook(rows[1].secret).verify(got.body, got.headers)

        await bench.engine.sync_declared((two,))
        await bench.restart()
        await bench.engine.sync_declared((two,))
        await bench.event()
        await bench.quiet()
        assert len(bench.receiver.to("/one")) == 1
        second = bench.receiver.to("/two")[1]
        Webhook(rows[1].secret).verify(second.body, second.headers)

    run(tmp_path, story)


def test_a_declared_secret_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        missing = Secret("whsec", file=tmp_path / "missing")
        declared = WebhookConfig(bench.receiver.url(), secret=missing)
        with pytest.raises(ConfigError, match="missing"):
            await bench.engine.sync_declared((declared,))
        assert await bench.store.read(webhooks.list_webhooks) == []

    run(tmp_path, story)


def test_a_test_event_goes_to_one_endpoint_at_once(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        tested = await bench.endpoint("/tested", ["sim.*"])
        await bench.endpoint("/other", ["*"])
        busy = 503
        bench.receiver.answers["/tested"] = [busy]
        await bench.event("sim.up")
        await bench.quiet()
        ids, now = bench.store.ids, bench.clock.ms
        delivery = await bench.store.write(
            lambda db: pings.ping(db, ids, tested.id, at=now, data={"by": "me"})
        )
        bench.engine.wake()
        await bench.quiet()
        types = [one.json["type"] for one in bench.receiver.to("/tested")]
        assert types == ["sim.up", "test.ping"]
        assert len(bench.receiver.to("/other")) == 1
        row = await bench.store.read(lambda db: deliveries.get(db, delivery))
        assert row is not None
        assert (row.state, row.last_status) == ("done", 204)

    run(tmp_path, story)
