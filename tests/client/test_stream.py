"""Following events: the stream breaks, is refused or silent, and nothing is missed."""

import itertools
import json
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.client import BadAnswer, Refused, Unreachable
from modemgw.client.stream import Lines
from tests.client.both import KINDS, connect
from tests.client.scripted import Step, answer, drop, problem, raw, scripted

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sync", "aio"):
        monkeypatch.setattr(f"modemgw.client.{name}.AGAIN_S", 0.0)
        monkeypatch.setattr(f"modemgw.client.{name}.SILENCE_S", 0.2)


def event(number: int) -> dict[str, Any]:
    return {
        "id": f"evt_{number}",
        "type": "message.sent",
        "timestamp": "2026-11-22T10:00:00Z",
        "data": {"id": f"msg_{number}"},
    }


def told(number: int) -> bytes:
    text = json.dumps(event(number))
    return f"id: evt_{number}\nevent: message.sent\ndata: {text}\n\n".encode()


def page(cursor: str, *numbers: int, more: bool = False) -> Step:
    data = [event(number) for number in numbers]
    return answer(200, {"data": data, "next_cursor": cursor, "has_more": more})


def stream(*octets: bytes, silent: bool = False) -> Step:
    """Say this, each in a chunk of its own; then break off, or stay silent."""

    def step(sock: socket.socket) -> bool:
        sock.sendall(CHUNKED)
        for one in octets:
            sock.sendall(f"{len(one):x}\r\n".encode() + one + b"\r\n")
        if silent:
            sock.recv(1)
        return False

    return step


def followed(kind: str, count: int, *steps: Step, **options: Any) -> tuple[Any, Any]:
    """Return the ids of the first events, and what was asked for."""
    with scripted(*steps) as gateway, connect(kind, gateway.url) as sms:
        coming = sms.events("message.*", **options)
        found = [event.id for event in itertools.islice(coming, count)]
        coming.close()
        asked = [
            (one.headers["accept"], one.target.partition("?")[2])
            for one in gateway.asked
        ]
    return found, asked


PAGE, STREAM = "application/json", "text/event-stream"
TYPES = "types=message.%2A"


def test_pages_then_a_stream_then_what_was_missed(kind: str) -> None:
    found, asked = followed(
        kind,
        6,
        page("c1", 1, more=True),
        page("c2", 2),
        stream(b"retry: 3000\n\n", told(3), b": nothing new\n\n", told(4)),
        page("c5", 5),
        stream(told(6)),
        since="evt_0",
    )
    assert found == [f"evt_{number}" for number in range(1, 7)]
    assert asked == [
        (PAGE, f"{TYPES}&since=evt_0&limit=200"),
        (PAGE, f"{TYPES}&cursor=c1&limit=200"),
        (STREAM, f"{TYPES}&cursor=c2&limit=200"),
        (PAGE, f"{TYPES}&since=evt_4&limit=200"),
        (STREAM, f"{TYPES}&cursor=c5&limit=200"),
    ]


@pytest.mark.parametrize(
    "trouble",
    [
        # A bare drop is asked again by aiohttp itself, on a fresh connection.
        pytest.param(stream(), id="dropped"),
        pytest.param(stream(silent=True), id="silent"),
        pytest.param(stream(b'event: gap\ndata: {"from": null}\n\n'), id="gap"),
        pytest.param(problem(429, "too-many-streams", Retry_After="9"), id="too-many"),
        pytest.param(answer(502, b"<html>"), id="a-proxy"),
        pytest.param(page("c1", 9), id="a-gateway-without-streams"),
        pytest.param(stream(b"data: {}\n\n"), id="no-event"),
        pytest.param(raw(CHUNKED + b"zz\r\n"), id="no-chunk"),
    ],
)
def test_without_a_stream_there_are_pages(kind: str, trouble: Step) -> None:
    found, asked = followed(
        kind, 2, page("c1", 1), trouble, page("c2", 2), since="evt_0"
    )
    assert found == ["evt_1", "evt_2"]
    assert [accept for accept, _ in asked] == [PAGE, STREAM, PAGE]
    assert asked[2] == (PAGE, f"{TYPES}&cursor=c1&limit=200")


def test_from_now_on(kind: str) -> None:
    found, asked = followed(
        kind, 3, stream(told(1), told(2)), page("c3", 3), since="now"
    )
    assert found == ["evt_1", "evt_2", "evt_3"]
    assert asked == [
        (STREAM, f"{TYPES}&limit=200"),
        (PAGE, f"{TYPES}&since=evt_2&limit=200"),
    ]


@pytest.mark.parametrize(
    ("trouble", "error"),
    [(problem(401, "unauthorized"), Refused), (page("c"), BadAnswer)],
)
def test_now_cannot_be_had_by_asking_later(
    kind: str, trouble: Step, error: type[Exception]
) -> None:
    with pytest.raises(error):
        followed(kind, 1, trouble, since="now")


def test_who_is_refused_learns_it(kind: str) -> None:
    with pytest.raises(Refused):
        followed(kind, 1, page("c1"), stream(), problem(401, "unauthorized"))


def test_polling_opens_no_stream(kind: str) -> None:
    found, asked = followed(kind, 2, page("c1", 1), page("c2"), page("c3", 2), poll=0)
    assert found == ["evt_1", "evt_2"]
    assert [accept for accept, _ in asked] == [PAGE] * 3


def test_nobody_is_there_any_more(kind: str) -> None:
    with (
        scripted(page("c1", 1), drop, drop) as gateway,
        connect(kind, gateway.url, retry_for=0) as sms,
        pytest.raises(Unreachable),
    ):
        list(sms.events())


@given(st.data(), st.sampled_from([b"\n", b"\r\n"]))
def test_cuts_do_not_matter(data: st.DataObject, end: bytes) -> None:
    whole = b"".join(told(number) for number in range(4)) + b": x\n\nretry: 1\n\n"
    whole = whole.replace(b"\n", end)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=8))
    places = [0, *sorted(cuts), len(whole)]
    lines = Lines()
    found = [
        event.id
        for begin, stop in itertools.pairwise(places)
        for event in lines.feed(whole[begin:stop])
    ]
    assert found == [f"evt_{number}" for number in range(4)]


def test_a_line_without_an_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modemgw.client.stream.MAX_LINE", 1000)
    lines = Lines()
    with pytest.raises(BadAnswer, match="a line of more than"):
        for _ in range(20):
            lines.feed(b"x" * 100)


def test_data_without_an_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modemgw.client.stream.MAX_LINE", 1000)
    lines = Lines()
    with pytest.raises(BadAnswer, match="an event of more than"):
        for _ in range(20):
            lines.feed(b"data: " + b"x" * 100 + b"\n")
