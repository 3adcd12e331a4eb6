"""The synchronous client. One object serves any number of threads."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from modemgw.client import address, calls
from modemgw.client.answers import Patience, value_of
from modemgw.client.calls import BatchMessage, Call, MessageFilters, SendOptions
from modemgw.client.errors import ClientError
from modemgw.client.models import (
    FINAL,
    Batch,
    BatchResult,
    Event,
    Message,
    Sim,
    Timeline,
)
from modemgw.client.stream import AGAIN_S, MEDIA, SILENCE_S, Lines, Place
from modemgw.client.tls import context_for
from modemgw.client.waiting import Wait
from modemgw.client.wire import Wire

T = TypeVar("T")

TIMEOUT_S = 30.0
RETRY_FOR_S = 20.0  # a gateway that starts anew takes a few seconds


class Client:
    """A gateway, as seen from a program.

    `url` is `http://…`, `https://…`, or `unix:` and the path of the admin socket,
    which needs no `key`. `ca` is a PEM file with the certificate authority to
    trust instead of those of the system. `timeout`: seconds for one request, all
    of it. `retry_for`: for so many seconds a request is repeated while the gateway
    does not answer or asks to come back later, and only where that cannot send
    anything twice; 0 never repeats.
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
        tls = context_for(self._address.scheme, ca)
        self._wire = Wire(self._address, address.checked_key(key), tls)
        self._timeout = timeout
        self._retry_for = retry_for

    def __repr__(self) -> str:
        """Show where it leads, and not the key."""
        return f"{type(self).__name__}({str(self._address)!r})"

    def __enter__(self) -> Self:
        """Return the client; the end of the block closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that were kept for the next request."""
        self._wire.close()

    def send(
        self,
        to: str,
        text: str | None = None,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[SendOptions],
    ) -> Message:
        """Queue one message; it is on disk when this returns.

        Repeated by itself with one Idempotency-Key, so never sent twice. With a
        key of your own (an order number) not even where your program starts anew
        and calls this again, for 24 hours.
        """
        return self._do(calls.send(to, text, options, idempotency_key))

    def preview(
        self, to: str, text: str | None = None, **options: Unpack[SendOptions]
    ) -> Message:
        """Check a message, count its segments, say which SIM; nothing is sent."""
        return self._do(calls.preview(to, text, options))

    def send_batch(
        self,
        messages: Iterable[BatchMessage],
        *,
        defaults: BatchMessage | None = None,
        idempotency_key: str | None = None,
    ) -> BatchResult:
        """Queue up to 10,000 messages at once; each is accepted or refused.

        Each is a dict: `to`, `text` and the options of `send`; `defaults` fill
        what it leaves out.
        """
        return self._do(calls.send_batch(messages, defaults, idempotency_key))

    def batch(self, id: str) -> Batch:
        """Tell how far a batch is."""
        return self._do(calls.batch(id))

    def message(self, id: str) -> Message:
        """Look at one message."""
        return self._do(calls.message(id))

    def messages(self, **filters: Unpack[MessageFilters]) -> Iterator[Message]:
        """List messages, newest first; pages are fetched as you go on."""
        cursor = None
        while True:
            page = self._do(calls.messages(filters, cursor))
            yield from page.data
            cursor = page.next_cursor
            if not page.has_more or cursor is None:
                return

    def wait(
        self, id: str, until: str | Collection[str] = FINAL, timeout: float = 120.0
    ) -> Message:
        """Return the message once its state is in `until`, or is final.

        A message that failed will not be delivered any more: look at `state`.
        Raises StillWaiting after `timeout` seconds.
        """
        wait = Wait(until, timeout, time.monotonic())
        while True:
            message = self.message(id)
            pause = wait.pause(message, time.monotonic())
            if pause is None:
                return message
            time.sleep(pause)

    def timeline(self, id: str) -> Timeline:
        """Tell every step of one message; AT lines only to keys with `at:read`."""
        return self._do(calls.timeline(id))

    def cancel(self, id: str) -> Message:
        """Cancel a message that no SIM has taken yet."""
        return self._do(calls.cancel(id))

    def resend(self, id: str, *, idempotency_key: str | None = None) -> Message:
        """Make a new message of one that is final; the new one is returned."""
        return self._do(calls.resend(id, idempotency_key))

    def events(
        self,
        types: str | Iterable[str] = "*",
        *,
        since: str | None = None,
        follow: bool = True,
        poll: float | None = None,
    ) -> Iterator[Event]:
        """Read events, oldest first: those behind `since`, an id, or all kept ones.

        `types` are patterns such as `message.*`. With `follow` it goes on for
        ever, over a stream that is opened again when it breaks, or asking every
        `poll` seconds; without, it ends at the newest event. `since="now"` leaves
        out what has happened. To go on later where you were, keep the `id` of the
        last event that you have dealt with.
        """
        place = Place(types, since, poll)
        while True:
            while place.is_known:
                page = self._do(place.page())
                yield from page.data
                place.turned(page)
                if not page.has_more:
                    break
            if not follow:
                return
            if poll is None:
                yield from self._stream(place)
            time.sleep(AGAIN_S if poll is None else poll)

    def sims(self) -> list[Sim]:
        """List every SIM, also those that are in no modem now."""
        return self._do(calls.sims()).data

    def request(
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
        return self._do(call, timeout)

    def _stream(self, place: Place) -> Iterator[Event]:
        """Yield what comes over one stream; whatever ends it, pages come next."""
        call, lines = place.stream(), Lines()
        headers = {**call.headers(), "Accept": MEDIA}
        patience = Patience(call.is_repeatable, self._retry_for, time.monotonic())
        while True:
            try:
                for chunk in self._wire.stream(
                    call.target, headers, self._timeout, SILENCE_S
                ):
                    for event in lines.feed(chunk):
                        place.saw(event)
                        yield event
            except ClientError as exc:
                pause = patience.pause(exc, time.monotonic())
                if place.is_known:
                    return
                if pause is None:
                    raise
                time.sleep(pause)
            else:
                return

    def _do(self, call: Call[T], timeout: float | None = None) -> T:
        patience = Patience(call.is_repeatable, self._retry_for, time.monotonic())
        limit = self._timeout if timeout is None else timeout
        while True:
            try:
                answer = self._wire.ask(
                    call.method, call.target, call.body, call.headers(), limit
                )
                return value_of(call, answer)
            except ClientError as exc:
                pause = patience.pause(exc, time.monotonic())
                if pause is None:
                    raise
            time.sleep(pause)
