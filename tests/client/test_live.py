"""The client and the real daemon, with every text counted where it reaches the air."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from modemgw.client import AsyncClient, Client, Refused
from tests.client.both import KINDS, connect
from tests.client.proxy import losing_answers
from tests.scenario.box import Box, wait_for

# One daemon serves the whole file.
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("client")]

GOOD, BAD = "+999000001", "+999000005"
TEXTS = 5


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    home = tmp_path_factory.mktemp("b")
    with Box(home, modems=2, latency="2ms", report_latency="10ms") as running:
        running.start_daemon()
        wait_for("the modems", lambda: running.ready_modems() == 2)
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_goes_out_twice(kind: str, box: Box) -> None:
    """Every first answer is lost after the gateway has the message."""
    port = urlsplit(box.url).port
    assert port is not None
    before = len(box.on_air())
    with (
        losing_answers(port, TEXTS) as proxy,
        connect(kind, proxy.url, box.key) as sms,
    ):
        ids = [sms.send(GOOD, f"text {number}").id for number in range(TEXTS)]
        assert proxy.lost == TEXTS
        states = {sms.wait(id, timeout=20).state for id in ids}
    assert states == {"delivered"}
    assert len(set(ids)) == TEXTS
    assert len(box.on_air()) - before == TEXTS


@pytest.mark.parametrize("kind", KINDS)
def test_what_happens_to_a_message_is_told(kind: str, box: Box) -> None:
    with connect(kind, box.url, box.key) as sms:
        before = list(sms.events(follow=False))[-1]
        coming = sms.events("message.*", since=before.id)
        id = sms.send(GOOD, "Hello", reference="live").id
        types: list[str] = []
        while "message.delivered" not in types:
            event = next(coming)
            if event.data["id"] == id:
                assert event.data["reference"] == "live"
                types.append(event.type)
        coming.close()
        assert types == ["message.queued", "message.sent", "message.delivered"]
        steps = sms.timeline(id).steps
        assert any("AT+CMGS" in line.text for step in steps for line in step.wire)
        again = sms.resend(id)
        assert again.resend_of == id
        assert sms.wait(again.id, "delivered", timeout=20).text == "Hello"
        failed = sms.wait(sms.send(BAD, "Hello").id, "delivered", timeout=20)
        assert failed.state == "failed"
        assert failed.reason.code
        assert {sim.state for sim in sms.sims()} <= {"ready", "paced", "benched"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_admin_socket_needs_no_key(kind: str, box: Box) -> None:
    path = box.home / "data" / "modemgw.sock"
    with connect(kind, f"unix:{path}") as sms:
        assert {modem["phase"] for modem in sms.request("GET", "/v1/modems")["data"]}
        assert sms.wait(sms.send(GOOD, "Hello").id, timeout=20).state == "delivered"
    with connect(kind, box.url) as sms, pytest.raises(Refused) as caught:
        sms.sims()
    assert (caught.value.status, caught.value.problem) == (401, "unauthorized")


def test_one_client_serves_many_threads(box: Box) -> None:
    with Client(box.url, box.key) as sms, ThreadPoolExecutor(16) as pool:
        sent = list(pool.map(lambda n: sms.send(GOOD, f"text {n}"), range(100)))
        found = list(pool.map(lambda message: sms.message(message.id), sent))
    assert [message.text for message in found] == [f"text {n}" for n in range(100)]
    assert len({message.id for message in sent}) == 100


def test_one_client_serves_many_tasks(box: Box) -> None:
    async def story() -> None:
        async with AsyncClient(box.url, box.key) as sms:
            sends = (sms.send(GOOD, f"text {n}") for n in range(100))
            sent = await asyncio.gather(*sends)
            assert len({message.id for message in sent}) == 100
            await asyncio.gather(*(sms.wait(m.id, timeout=30) for m in sent[:5]))

    asyncio.run(story())


def test_a_restart_is_ridden_out(box: Box) -> None:
    """The daemon is away while a program sends; nobody notices, nothing is lost."""
    path = box.home / "data" / "modemgw.sock"
    with Client(f"unix:{path}") as sms, ThreadPoolExecutor(1) as pool:
        before = sms.send(GOOD, "before")
        box.kill_daemon()
        pending = pool.submit(sms.send, GOOD, "during")
        box.start_daemon()
        during = pending.result(30)
        texts = [sms.message(one.id).text for one in (before, during)]
    assert texts == ["before", "during"]
