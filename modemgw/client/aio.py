"""The asynchronous client: the methods of the other one, as coroutines, on aiohttp."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import aiohttp
from yarl import URL

from modemgw.client import address, calls
from modemgw.client.answers import MAX_ANSWER, Answer, Patience, value_of
from modemgw.client.calls import BatchMessage, Call, MessageFilters, SendOptions
from modemgw.client.errors import (
    BadAnswer,
    ClientError,
    Unreachable,
    Untrusted,
)
from modemgw.client.models import (
    FINAL,
    Batch,
    BatchResult,
    Event,
    Message,
    Sim,
    Timeline,
)
from modemgw.client.stream import (
    AGAIN_S,
    MEDIA,
    SILENCE_S,
    Lines,
    Place,
    check_head,
)
from modemgw.client.sync import RETRY_FOR_S, TIMEOUT_S
from modemgw.client.tls import context_for
from modemgw.client.waiting import Wait
from modemgw.client.wire import CHUNK, IDLE_S

T = TypeVar("T")


class AsyncClient:
    """A gateway, as seen from an asyncio program; arguments as those of Client.

    Use it as `async with AsyncClient(…) as sms:`, inside one event loop.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        ca: str | Path | None = None,
        timeout: float = TIMEOUT_S,
        retry_for: float = RETRY_FOR_S,
    ) -> None:
        self._address = address.parse(url)
        self._tls = context_for(self._address.scheme, ca)
        self._key = address.checked_key(key)
        self._timeout = timeout
        self._retry_for = retry_for
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        """Show where it leads, and not the key."""
        return f"{type(self).__name__}({str(self._address)!r})"

    async def __aenter__(self) -> Self:
        """Return the client; the end of the block closes it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(
        self,
        to: str,
        text: str | None = None,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[SendOptions],
    ) -> Message:
        """Queue one message; see Client.send."""
        return await self._do(calls.send(to, text, options, idempotency_key))

    async def preview(
        self, to: str, text: str | None = None, **options: Unpack[SendOptions]
    ) -> Message:
        """Check a message, count its segments, say which SIM; nothing is sent."""
        return await self._do(calls.preview(to, text, options))

    async def send_batch(
        self,
        messages: Iterable[BatchMessage],
        *,
        defaults: BatchMessage | None = None,
        idempotency_key: str | None = None,
    ) -> BatchResult:
        """Queue up to 10,000 messages at once; see Client.send_batch."""
        return await self._do(calls.send_batch(messages, defaults, idempotency_key))

    async def batch(self, id: str) -> Batch:
        """Tell how far a batch is."""
        return await self._do(calls.batch(id))

    async def message(self, id: str) -> Message:
        """Look at one message."""
        return await self._do(calls.message(id))

    async def messages(
        self, **filters: Unpack[MessageFilters]
    ) -> AsyncIterator[Message]:
        """List messages, newest first; pages are fetched as you go on."""
        cursor = None
        while True:
            page = await self._do(calls.messages(filters, cursor))
            for message in page.data:
                yield message
            cursor = page.next_cursor
            if not page.has_more or cursor is None:
                return

    async def wait(
        self, id: str, until: str | Collection[str] = FINAL, timeout: float = 120.0
    ) -> Message:
        """Return the message once its state is in `until`, or is final."""
        loop = asyncio.get_running_loop()
        wait = Wait(until, timeout, loop.time())
        while True:
            message = await self.message(id)
            pause = wait.pause(message, loop.time())
            if pause is None:
                return message
            await asyncio.sleep(pause)

    async def timeline(self, id: str) -> Timeline:
        """Tell every step of one message; AT lines only to keys with `at:read`."""
        return await self._do(calls.timeline(id))

    async def cancel(self, id: str) -> Message:
        """Cancel a message that no SIM has taken yet."""
        return await self._do(calls.cancel(id))

    async def resend(self, id: str, *, idempotency_key: str | None = None) -> Message:
        """Make a new message of one that is final; the new one is returned."""
        return await self._do(calls.resend(id, idempotency_key))

    async def events(
        self,
        types: str | Iterable[str] = "*",
        *,
        since: str | None = None,
        follow: bool = True,
        poll: float | None = None,
    ) -> AsyncIterator[Event]:
        """Read events, oldest first; see Client.events."""
        place = Place(types, since, poll)
        while True:
            while place.is_known:
                page = await self._do(place.page())
                for event in page.data:
                    yield event
                place.turned(page)
                if not page.has_more:
                    break
            if not follow:
                return
            if poll is None:
                async for event in self._stream(place):
                    yield event
            await asyncio.sleep(AGAIN_S if poll is None else poll)

    async def sims(self) -> list[Sim]:
        """List every SIM, also those that are in no modem now."""
        return (await self._do(calls.sims())).data

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Ask anything else of the API; returns its JSON, {} for an empty answer."""
        call = calls.plain(method, path, body, query, idempotency_key)
        return await self._do(call, timeout)

    async def _stream(self, place: Place) -> AsyncIterator[Event]:
        """Yield what comes over one stream; whatever ends it, pages come next."""
        call, lines = place.stream(), Lines()
        loop = asyncio.get_running_loop()
        patience = Patience(call.is_repeatable, self._retry_for, loop.time())
        while True:
            try:
                async for chunk in self._chunks(call):
                    for event in lines.feed(chunk):
                        place.saw(event)
                        yield event
            except ClientError as exc:
                pause = patience.pause(exc, loop.time())
                if place.is_known:
                    return
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _chunks(self, call: Call[T]) -> AsyncIterator[bytes]:
        try:
            async with self._opened().request(
                call.method,
                URL(self._address.base + call.target, encoded=True),
                headers={**call.headers(), "Accept": MEDIA},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._timeout, sock_read=SILENCE_S
                ),
            ) as response:
                check_head(response.status, _headers(response))
                async for chunk in response.content.iter_any():
                    yield chunk
        except (aiohttp.ClientError, OSError) as exc:
            raise Unreachable(_why(exc, SILENCE_S), sent=True) from exc

    async def _do(self, call: Call[T], timeout: float | None = None) -> T:
        loop = asyncio.get_running_loop()
        patience = Patience(call.is_repeatable, self._retry_for, loop.time())
        limit = self._timeout if timeout is None else timeout
        while True:
            try:
                return value_of(call, await self._ask(call, limit))
            except ClientError as exc:
                pause = patience.pause(exc, loop.time())
                if pause is None:
                    raise
            await asyncio.sleep(pause)

    async def _ask(self, call: Call[T], timeout: float) -> Answer:
        try:
            async with self._opened().request(
                call.method,
                URL(self._address.base + call.target, encoded=True),
                data=call.body,
                headers=call.headers(),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as response:
                found = bytearray()
                if not _has_an_end(response):
                    raise aiohttp.ClientPayloadError("it does not say where it ends")
                async for chunk in response.content.iter_chunked(CHUNK):
                    found += chunk
                    if len(found) > MAX_ANSWER:
                        raise BadAnswer(f"an answer of more than {MAX_ANSWER} octets")
                return Answer(response.status, _headers(response), bytes(found))
        except aiohttp.ClientConnectorCertificateError as exc:
            why = f"the certificate is not trusted: {exc.certificate_error}"
            raise Untrusted(why) from exc
        except (aiohttp.ClientError, OSError) as exc:
            never_sent = isinstance(exc, aiohttp.ClientConnectorError)
            raise Unreachable(_why(exc, timeout), sent=not never_sent) from exc

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            path = self._address.socket
            connector = (
                aiohttp.TCPConnector(
                    ssl=True if self._tls is None else self._tls,
                    keepalive_timeout=IDLE_S,
                )
                if path is None
                else aiohttp.UnixConnector(path, keepalive_timeout=IDLE_S)
            )
            authorization = (
                {"Authorization": f"Bearer {self._key}"} if self._key else {}
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=authorization,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


def _has_an_end(response: aiohttp.ClientResponse) -> bool:
    """Whether half of the answer could not be taken for all of it."""
    is_empty = response.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
    ends = {"Content-Length", "Transfer-Encoding"} & response.headers.keys()
    return is_empty or bool(ends)


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): text for name, text in response.headers.items()}


def _why(exc: Exception, timeout: float) -> str:
    if isinstance(exc, TimeoutError):
        return f"no answer within {timeout:g} s"
    return f"no answer: {type(exc).__name__}: {exc}"
