"""Both clients against the gateway itself: everything they offer."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modemgw.client import BadAnswer, NotGenuine, Refused, StillWaiting
from tests.api.desk import TO, Desk, at_desk
from tests.client.both import KINDS, connect
from tests.client.proxy import losing_answers


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def with_client(
    kind: str, tmp_path: Path, body: Callable[[Any], None], **options: Any
) -> None:
    """Run `body` with a client of the gateway, beside the gateway's own loop."""

    async def story(desk: Desk) -> None:
        def run() -> None:
            url = str(desk.client.make_url(""))
            with connect(kind, url, desk.key, retry_for=0) as sms:
                body(sms)

        await asyncio.to_thread(run)

    at_desk(tmp_path, story, **options)


def test_send_and_look(kind: str, tmp_path: Path) -> None:
    def body(sms: Any) -> None:
        sent = sms.send(
            TO,
            "Hello",
            class_="alert",
            expires_in=600,
            priority="high",
            reference="order-991",
            tags=("shop", "bike"),
            metadata={"ticket": 77},
        )
        assert (sent.state, sent.to, sent.text) == ("queued", TO, "Hello")
        assert sent.created_at is not None
        assert sent.created_at.tzinfo is not None
        assert (sent.expires_at - sent.created_at).total_seconds() == 600
        found = sms.message(sent.id)
        assert (found.class_, found.priority) == ("alert", "high")
        assert (found.reference, found.tags) == ("order-991", ["shop", "bike"])
        assert found.metadata == {"ticket": 77}
        assert [m.id for m in sms.messages(reference="order-991")] == [sent.id]
        steps = sms.timeline(sent.id).steps
        assert steps[0].type == "message.queued"
        canceled = sms.cancel(sent.id)
        assert canceled.state == "canceled"
        assert sms.wait(sent.id, "delivered").state == "canceled"  # it is final

    with_client(kind, tmp_path, body)


def test_one_key_is_one_message(kind: str, tmp_path: Path) -> None:
    def body(sms: Any) -> None:
        first = sms.send(TO, "Hello", idempotency_key="order 991")
        assert sms.send(TO, "Hello", idempotency_key="order 991").id == first.id
        with pytest.raises(Refused) as caught:
            sms.send(TO, "Other", idempotency_key="order 991")
        assert caught.value.problem == "idempotency-mismatch"
        assert len(list(sms.messages())) == 1

    with_client(kind, tmp_path, body)


def test_lost_answers_make_no_second_message(kind: str, tmp_path: Path) -> None:
    """The gateway has the request, and twice its answer does not arrive."""

    async def story(desk: Desk) -> None:
        port = desk.client.port
        assert port is not None

        def run() -> Any:
            with (
                losing_answers(port, 2) as proxy,
                connect(kind, proxy.url, desk.key) as sms,
            ):
                message = sms.send(TO, "Hello")
                result = sms.send_batch([{"to": TO, "text": "Hello"}])
                assert proxy.lost == 2
                return message, result

        message, result = await asyncio.to_thread(run)
        assert result.accepted == 1
        found = await desk.get("/v1/messages?count=true")
        ids = {one["id"] for one in found.json["data"]}
        assert ids == {message.id, result.results[0].id}

    at_desk(tmp_path, story)


def test_preview_keeps_nothing(kind: str, tmp_path: Path) -> None:
    def body(sms: Any) -> None:
        found = sms.preview(TO, "x" * 200)
        assert found.segments == 2
        assert found.routing["sim"] is None
        assert list(sms.messages()) == []

    with_client(kind, tmp_path, body)


def test_pages_are_fetched_as_one_goes_on(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.client.calls.PAGE", 2)

    def body(sms: Any) -> None:
        for number in range(5):
            sms.send(TO, f"text {number}")
        texts = [m.text for m in sms.messages(state=["queued", "sent"], to=TO)]
        assert texts == [f"text {number}" for number in (4, 3, 2, 1, 0)]
        now = datetime.now(UTC)
        assert list(sms.messages(until=now.replace(year=2000))) == []
        first = next(iter(sms.messages()))
        assert first.text == "text 4"

    with_client(kind, tmp_path, body)


def test_a_batch(kind: str, tmp_path: Path) -> None:
    def body(sms: Any) -> None:
        result = sms.send_batch(
            [{"to": TO, "text": "one"}, {"to": "x", "text": "two"}],
            defaults={"class_": "alert", "tags": ["many"]},
        )
        assert (result.accepted, result.rejected) == (1, 1)
        good, bad = result.results
        assert sms.message(good.id).tags == ["many"]
        assert bad.error["errors"][0]["pointer"] == "/messages/1/to"
        assert sms.batch(result.batch_id).accepted == 1

    with_client(kind, tmp_path, body)


def test_a_wait_that_ends(kind: str, tmp_path: Path) -> None:
    def body(sms: Any) -> None:
        sent = sms.send(TO, "Hello")
        with pytest.raises(StillWaiting, match=f"{sent.id} is queued after 0 s") as no:
            sms.wait(sent.id, timeout=0)
        assert no.value.message.id == sent.id
        assert isinstance(no.value, TimeoutError)
        assert sms.wait(sent.id, {"queued"}, timeout=0).state == "queued"

    with_client(kind, tmp_path, body)


def test_events_so_far(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.client.calls.PAGE", 1)

    def body(sms: Any) -> None:
        ids = [sms.send(TO, f"text {number}").id for number in range(3)]
        found = list(sms.events(["message.queued", "sim.*"], follow=False))
        assert [event.data["id"] for event in found] == ids
        behind = sms.events("message.*", since=found[0].id, follow=False)
        assert [event.id for event in behind] == [event.id for event in found[1:]]
        with pytest.raises(Refused) as caught:
            list(sms.events(since="evt_unknown", follow=False))
        assert caught.value.pointer == "?since"

    with_client(kind, tmp_path, body)


@pytest.mark.parametrize("poll", [None, 0.0])
def test_events_that_come(kind: str, tmp_path: Path, poll: float | None) -> None:
    def body(sms: Any) -> None:
        first = sms.send(TO, "one")
        coming = iter(sms.events("message.queued", poll=poll))
        assert next(coming).data["id"] == first.id
        later = [sms.send(TO, text).id for text in ("two", "three")]
        found = [event.data["id"] for event in itertools.islice(coming, 2)]
        assert found == later

    with_client(kind, tmp_path, body)


def test_a_refusal_says_what_is_wrong(kind: str, tmp_path: Path) -> None:
    def body(sms: Any) -> None:
        with pytest.raises(Refused) as caught:
            sms.send("nobody", "Hello")
        no = caught.value
        assert (no.status, no.problem, no.pointer) == (422, "invalid-field", "/to")
        assert no.errors[0].code == "invalid_number"
        assert no.request_id is not None
        assert no.request_id.startswith("req_")
        assert str(no).startswith("/to: ")
        assert no.document["instance"] == "/v1/messages"
        with pytest.raises(Refused) as caught:
            sms.message("msg/../none?")
        assert caught.value.problem == "not-found"
        with pytest.raises(Refused) as caught:
            sms.send(TO, "Hello", idempotency_key="x" * 300)
        assert caught.value.pointer == "@Idempotency-Key"

    with_client(kind, tmp_path, body)


def test_sims_and_anything_else(kind: str, tmp_path: Path) -> None:
    def body(sms: Any) -> None:
        assert sms.sims() == []
        assert sms.request("GET", "/v1/modems") == {"data": []}
        page = sms.request("GET", "/v1/messages", query={"limit": 1, "cursor": None})
        assert page["data"] == []
        made = sms.request(
            "POST",
            "/v1/webhooks",
            {"url": "http://192.168.1.2/hook", "events": ["message.*"]},
        )
        assert sms.request("DELETE", f"/v1/webhooks/{made['id']}") == {}

    with_client(kind, tmp_path, body)


def test_mistakes_of_the_caller_never_reach_the_wire(kind: str) -> None:
    with connect(kind, "http://127.0.0.1:9", "mgw_key") as sms:
        with pytest.raises(TypeError, match="no option 'tag'"):
            sms.send(TO, "Hello", tag="x")
        with pytest.raises(TypeError, match="no option 'states'"):
            list(sms.messages(states="sent"))
        with pytest.raises(ValueError, match="no time zone"):
            sms.send(TO, "Hello", send_at=datetime(2026, 11, 22))  # noqa: DTZ001
        with pytest.raises(ValueError, match="is no id"):
            sms.message("")
        with pytest.raises(ValueError, match="a path begins with /"):
            sms.request("GET", "/v1/sims HTTP/1.1\r\nX-Evil: 1")
        with pytest.raises(ValueError, match="leave poll out"):
            next(iter(sms.events(since="now", poll=1.0)))
        with pytest.raises(ValueError):
            sms.send(TO, "Hello", idempotency_key="a\r\nX-Evil: 1")


@pytest.mark.parametrize(
    ("url", "key", "why"),
    [
        pytest.param("pi.local:8080", None, "begins with http://", id="no-scheme"),
        pytest.param("ftp://pi.local", None, "begins with http://", id="ftp"),
        pytest.param("http://", None, "begins with http://", id="no-host"),
        pytest.param("http://me:secret@pi", None, "no user name", id="password"),
        pytest.param("http://pi/?x=1", None, "no [?]", id="query"),
        pytest.param("unix:", None, "the path of the socket", id="no-path"),
        pytest.param("http://pi", "secret\nX: 1", "the key", id="key-with-a-line"),
        pytest.param("http://pi", "", "the key", id="empty-key"),
        pytest.param("http://pi", "secret ü", "the key", id="key-not-ascii"),
    ],
)
def test_where_no_gateway_can_be(
    kind: str, url: str, key: str | None, why: str
) -> None:
    with (
        pytest.raises(ValueError, match=why) as caught,
        connect(kind, url, key),
    ):
        pass
    assert "secret" not in str(caught.value)


def test_the_key_is_shown_nowhere(kind: str) -> None:
    from modemgw.client import AsyncClient, Client  # noqa: PLC0415

    made = (Client if kind == "sync" else AsyncClient)("http://pi:8080/sms/", "mgw_1\n")
    assert repr(made) == f"{type(made).__name__}('http://pi:8080/sms')"


def test_every_error_is_one_of_the_client() -> None:
    from modemgw.client import ClientError, Unreachable, Untrusted  # noqa: PLC0415
    from modemgw.errors import ModemgwError  # noqa: PLC0415

    assert issubclass(ClientError, ModemgwError)
    for kind in (BadAnswer, NotGenuine, Refused, StillWaiting, Unreachable, Untrusted):
        assert issubclass(kind, ClientError)
