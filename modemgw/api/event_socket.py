"""Events over a WebSocket, and messages the other way.

From us: events (the webhook envelope and `id`), and

    {"op":"result","key":…,"data":{…}}    a message is on disk; `error`: it is refused
    {"op":"gap","from":…,"to":…}          too slow: connect again with since=<from>
    {"op":"error","error":{…}}            a frame that was not understood

From the client: subscribe, ack, send (see the structs). A ping goes out every 20 s.
"""

import asyncio
import hashlib
import logging
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Meta, Raw

from modemgw.api import body, events_query, listening
from modemgw.api.auth import require
from modemgw.api.messages import MAX_IDEMPOTENCY_KEY
from modemgw.api.problems import HttpError, RequestError, field_error
from modemgw.api.routing import Call
from modemgw.api.schema import Strict, SubmitRequest
from modemgw.errors import StoreError
from modemgw.gateway import views
from modemgw.gateway.model import IdempotencyKey
from modemgw.gateway.stream import Ended, Gap, Listener

log = logging.getLogger("modemgw.api")

PING_S = 20.0  # who does not answer within half of it is cut off
MOST_SENDS = 32  # submissions at once on one connection; then it is not read
MOST_MISTAKES = 20  # frames that were not understood, before we hang up
CLOSE_S = 2.0
_SUBMIT_PATH = b"/v1/messages\n"


class Subscribe(Strict, tag_field="op", tag="subscribe"):
    """From now on, events of these types."""

    types: Annotated[list[str], Meta(min_length=1)]


class Ack(Strict, tag_field="op", tag="ack"):
    """Everything up to this event is dealt with; a gap begins there then."""

    id: Annotated[str, Meta(max_length=64)]


class Send(Strict, tag_field="op", tag="send"):
    """Queue a message. `key` names the result, and is its Idempotency-Key."""

    body: Raw
    key: Annotated[str, Meta(min_length=1, max_length=MAX_IDEMPOTENCY_KEY)]


class SendDocument(Strict, tag_field="op", tag="send"):
    """`send` as the documentation shows it."""

    body: SubmitRequest
    key: Annotated[str, Meta(min_length=1, max_length=MAX_IDEMPOTENCY_KEY)]


_frame = msgspec.json.Decoder(Subscribe | Ack | Send)
_submit = msgspec.json.Decoder(SubmitRequest)


def wanted(request: web.Request) -> bool:
    """Tell whether a client asks for a WebSocket instead of a page."""
    upgrade = request.headers.get("Upgrade", "").lower()
    return request.method == "GET" and "websocket" in upgrade


async def serve(call: Call, listener: Listener) -> web.StreamResponse:
    """Serve one connection to its end."""
    socket = web.WebSocketResponse(
        heartbeat=PING_S,
        max_msg_size=body.MAX_BODY,
        compress=False,  # its window would cost 300 KiB for each connection
        timeout=CLOSE_S,
    )
    socket.headers.update(listening.head(call.request))
    try:
        await socket.prepare(call.request)  # raises where this is no handshake
        await _Connection(call, socket, listener).run()
    finally:
        listener.close()
    return socket


class _Connection:
    def __init__(
        self, call: Call, socket: web.WebSocketResponse, listener: Listener
    ) -> None:
        self._call = call
        self._socket = socket
        self._listener = listener
        self._pass = listening.Pass(call)
        self._sends: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(MOST_SENDS)
        self._mistakes = 0

    async def run(self) -> None:
        """Push events and take frames until either side closes."""
        push = asyncio.create_task(self._push())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._take(message.data)
                elif message.type is WSMsgType.BINARY:
                    await self._close(
                        WSCloseCode.UNSUPPORTED_DATA, "frames are JSON, as text"
                    )
        except (ConnectionError, TimeoutError):
            listening.cut(self._call.request)
        finally:
            push.cancel()
            # What was submitted is kept; only its answer finds nobody any more.
            await asyncio.gather(push, *self._sends, return_exceptions=True)

    # -- events --------------------------------------------------------------

    async def _push(self) -> None:
        try:
            while True:
                frames = await listening.next_frames(self._listener, self._pass, PING_S)
                for frame in frames:
                    await self._write(frame.json)
        except Gap as gap:
            await self._tell({"op": "gap", "from": gap.since, "to": gap.newest})
            await self._close(WSCloseCode.TRY_AGAIN_LATER, "too slow")
        except Ended:
            await self._close(WSCloseCode.GOING_AWAY, "the gateway stops")
        except listening.Unwelcome as why:
            await self._part(why)
        except (ConnectionError, TimeoutError):
            listening.cut(self._call.request)
        except Exception:
            log.exception("event stream failed")
            await self._close(WSCloseCode.INTERNAL_ERROR, "internal error")

    async def _write(self, octets: bytes) -> None:
        async with asyncio.timeout(listening.WRITE_S):
            await self._socket.send_frame(octets, WSMsgType.TEXT)

    async def _tell(self, frame: dict[str, object]) -> None:
        await self._write(views.encode(frame))

    async def _part(self, why: listening.Unwelcome) -> None:
        await self._tell({"op": "error", "error": views.problem(why.problem)})
        await self._close(WSCloseCode.POLICY_VIOLATION, str(why))

    async def _close(self, code: WSCloseCode, why: str) -> None:
        await self._socket.close(code=code, message=why.encode())

    # -- frames of the client ------------------------------------------------

    async def _take(self, text: str) -> None:
        try:
            octets = text.encode("utf-8", "surrogatepass")
            frame: Subscribe | Ack | Send = body.decode(_frame, octets)
            match frame:
                case Subscribe():
                    types = events_query.patterns(frame.types, "/types")
                    self._listener.choose(types)
                case Ack():
                    self._listener.ack(frame.id)
                case Send():
                    await self._room.acquire()
                    task = asyncio.create_task(self._send(frame))
                    self._sends.add(task)
                    task.add_done_callback(self._sent)
        except RequestError as exc:
            await self._tell({"op": "error", "error": views.problem(exc)})
            self._mistakes += 1
            if self._mistakes >= MOST_MISTAKES:
                await self._close(WSCloseCode.POLICY_VIOLATION, "too many mistakes")

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._sends.discard(task)
        self._room.release()

    async def _send(self, frame: Send) -> None:
        """Submit one message, as POST /v1/messages would, and tell the result."""
        result: dict[str, object] = {"op": "result", "key": frame.key}
        try:
            result["data"] = Raw(await self._submit(frame))
        except RequestError as exc:
            result["error"] = views.problem(exc, prefix="/body")
        except listening.Unwelcome as why:
            await self._part(why)
            return
        except StoreError:
            result["error"] = views.problem(
                HttpError(
                    "store-unavailable",
                    503,
                    "the database cannot be read or written at the moment",
                )
            )
        except Exception:
            log.exception("submission over a WebSocket failed")
            result["error"] = views.problem(
                HttpError("internal-error", 500, "this is our mistake; it is logged")
            )
        try:
            await self._tell(result)
        except (ConnectionError, TimeoutError):
            listening.cut(self._call.request)

    async def _submit(self, frame: Send) -> bytes:
        await self._pass.check()
        require(self._call.caller, "messages:send")
        if not (frame.key.isascii() and frame.key.isprintable()):
            raise field_error("/key", "invalid_value", "must be printable ASCII")
        octets = bytes(frame.body)
        draft = body.decode(_submit, octets).draft()
        # The same promise as over HTTP, so that either may repeat the other.
        digest = hashlib.sha256(_SUBMIT_PATH + octets).digest()
        key = IdempotencyKey(frame.key, digest)
        done = await self._call.gateway.submit(
            draft, self._call.caller, idempotency=key
        )
        return done.body
