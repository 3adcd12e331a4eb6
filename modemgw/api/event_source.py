"""Events as a stream of server-sent events, for browsers and for `curl -N`.

    id: evt_…
    event: message.sent
    data: {"id":"evt_…","type":"message.sent","timestamp":…,"data":{…}}

Spec: WHATWG HTML, 9.2 "Server-sent events".
"""

import asyncio

import msgspec
from aiohttp import web

from modemgw.api import listening
from modemgw.api.routing import Call
from modemgw.gateway import views
from modemgw.gateway.envelopes import Frame
from modemgw.gateway.stream import Ended, Gap, Listener

MEDIA = "text/event-stream"
HEARTBEAT_S = (
    15.0  # proxies cut a connection that is silent for a minute, some for 30 s
)
RETRY_MS = 3000  # after which a browser connects again


def wanted(request: web.Request) -> bool:
    """Tell whether a client asks for a stream instead of a page."""
    accepted = request.headers.get("Accept", "").split(",")
    kinds = (one.partition(";")[0].strip().lower() for one in accepted)
    return request.method == "GET" and MEDIA in kinds


async def serve(call: Call, listener: Listener) -> web.StreamResponse:
    """Send events until the client goes, is too slow, or the gateway stops."""
    response = web.StreamResponse(
        headers={"Content-Type": MEDIA, **listening.head(call.request)}
    )
    try:
        await response.prepare(call.request)
        await _write(response, f"retry: {RETRY_MS}\n\n".encode())
        await _push(call, response, listener)
        await response.write_eof()
    except (ConnectionError, TimeoutError):
        listening.cut(call.request)
    finally:
        listener.close()
    return response


async def _push(call: Call, response: web.StreamResponse, listener: Listener) -> None:
    pass_ = listening.Pass(call)
    while True:
        try:
            frames = await listening.next_frames(listener, pass_, HEARTBEAT_S)
        except Gap as gap:
            await _write(response, _gap(gap))
            return
        except Ended:
            return
        except listening.Unwelcome as why:
            await _write(response, _closed(why))
            return
        await _write(response, b"".join(map(_event, frames)) or b": nothing new\n\n")


async def _write(response: web.StreamResponse, octets: bytes) -> None:
    async with asyncio.timeout(listening.WRITE_S):
        await response.write(octets)


def _event(frame: Frame) -> bytes:
    """Write one event; its JSON holds no line break, for those are escaped in it."""
    head = f"id: {frame.event}\nevent: {frame.type}\ndata: "
    return head.encode("ascii") + frame.json + b"\n\n"


def _closed(why: listening.Unwelcome) -> bytes:
    """Say why the stream ends, with what a new request would be told."""
    told = views.encode(views.problem(why.problem))
    return b"event: closed\ndata: " + told + b"\n\n"


def _gap(gap: Gap) -> bytes:
    """Say that the stream ends here. Without an id, so that the last one stays."""
    told = msgspec.json.encode({"from": gap.since, "to": gap.newest})
    return b"event: gap\ndata: " + told + b"\n\n"
