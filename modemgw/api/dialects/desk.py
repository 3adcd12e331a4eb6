"""What every dialect shares: its routes, its own errors, and the way into the core.

A dialect reads requests its own way and answers its own way. Between the two stands
the same gateway with the same keys, scopes, limits and timeline as for /v1.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from modemgw.api import body, problems
from modemgw.api.auth import Authenticator, require
from modemgw.api.problems import HttpError, RequestError, field_error
from modemgw.errors import DiskFull, NotFound, StoreError
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.keys import Opens
from modemgw.gateway.model import Caller, Draft, IdempotencyKey, Submitted
from modemgw.store import messages as rows
from modemgw.store.messages import MessageRow
from modemgw.store.reader import SlowQuery

log = logging.getLogger("modemgw.api")

MAX_FIELDS = 200  # of a form; what is more is no form that anybody means
MAX_RECIPIENTS = 1000  # of one request
SEND, READ = "messages:send", "messages:read"
STORE_RETRY_S = 5


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a dialect; who asks is not known yet."""

    request: web.Request
    gateway: Gateway
    authenticator: Authenticator
    surface: str

    async def by_token(self, token: str, scope: str) -> Caller:
        """Return whose key this is, where it opens this surface and has `scope`."""
        caller = await self.authenticator.by_token(self.request, token, self.surface)
        require(caller, scope)
        return caller

    async def by_proof(self, public_id: str, opens: Opens) -> Caller:
        """Return whose key this is, by something made from it."""
        return await self.authenticator.by_proof(
            self.request, public_id, opens, self.surface
        )

    def nobody(self, detail: str) -> HttpError:
        """Return the error for who brings no key at all, or nothing like one."""
        return self.authenticator.refuse(self.request, detail)

    async def form(self) -> dict[str, str]:
        """Read a form; of a field that comes twice the last one counts."""
        kind = self.request.content_type
        if self.request.body_exists and kind != "application/x-www-form-urlencoded":
            raise HttpError(
                "unsupported-media-type",
                415,
                f"the body must be application/x-www-form-urlencoded, not {kind!r}",
            )
        self._refuse_packed()
        octets = await body.octets(self.request, body.MAX_BODY)
        try:
            pairs = parse_qsl(
                octets.decode("utf-8"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_FIELDS,
            )
        except ValueError:  # UnicodeDecodeError is one
            raise HttpError(
                "bad-request",
                400,
                f"the form is not UTF-8, or has more than {MAX_FIELDS} fields",
            ) from None
        return dict(pairs)

    async def json(self) -> Any:
        """Read JSON, whatever the request calls it."""
        self._refuse_packed()
        octets = await body.octets(self.request, body.MAX_BODY)
        found = body.decode(_any, octets)
        if body.depth_of(found) > body.MAX_DEPTH:
            raise HttpError("malformed-json", 400, "the JSON is nested too deeply")
        return found

    def _refuse_packed(self) -> None:
        packed = self.request.headers.get("Content-Encoding", "identity").lower()
        if packed.strip() != "identity":
            raise HttpError(
                "unsupported-media-type", 415, "the body must not be compressed"
            )


Handler = Callable[[Ask], Awaitable[web.Response]]
_any = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class Dialect:
    """One surface: its routes, and how it says that something is wrong."""

    surface: str
    routes: Sequence[tuple[str, str, Handler]]  # method, path, handler
    refuse: Callable[[web.Request, RequestError], web.Response]


def spoken(
    dialect: Dialect, handler: Handler, gateway: Gateway, authenticator: Authenticator
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of a route: whatever goes wrong is said in the dialect."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            ask = Ask(request, gateway, authenticator, dialect.surface)
            return await handler(ask)
        except RequestError as exc:
            error: RequestError = exc
        except web.HTTPException as exc:
            error = problems.from_http(exc)
        except SlowQuery:
            error = HttpError("query-too-slow", 503, "the list took too long")
        except StoreError as exc:
            error = _unstored(exc)
        except ConnectionError:
            raise  # the client has gone; there is nobody to answer
        except Exception:
            log.exception("request failed", extra={"surface": dialect.surface})
            error = HttpError("internal-error", 500, "our mistake; it is logged")
        answer = dialect.refuse(request, error)
        for name, value in problems.come_back(error).items():
            answer.headers[name] = value
        return answer

    return handle


def nowhere(error: RequestError) -> Handler:
    """Return what answers at paths that a dialect does not have."""

    async def handle(_: Ask) -> web.Response:
        raise error

    return handle


def _unstored(exc: StoreError) -> HttpError:
    log.error("request refused by the store", extra={"why": str(exc)})
    return HttpError(
        "store-unavailable",
        503,
        "no room on the disk of the gateway: nothing can be stored"
        if isinstance(exc, DiskFull)
        else "the database cannot be read or written at the moment",
        retry_after=STORE_RETRY_S,
    )


def plain(text: str, pointer: str = "/text") -> str:
    """Return a text as it may be sent; NUL is refused as /v1 refuses it."""
    if "\x00" in text:
        raise field_error(pointer, "invalid_value", "must not hold NUL")
    return text


async def submit_all(
    gateway: Gateway,
    drafts: Sequence[Draft],
    caller: Caller,
    keys: Sequence[IdempotencyKey | None] = (),
) -> list[Submitted | RequestError]:
    """Accept one message for each draft; what is refused has its error instead.

    They share commits, and one that is refused holds up no other.
    """
    if len(drafts) > MAX_RECIPIENTS:
        raise field_error(
            "/to", "too_long", f"one request may have {MAX_RECIPIENTS} recipients"
        )
    wanted = [
        gateway.submit(draft, caller, idempotency=key)
        for draft, key in zip(drafts, keys or [None] * len(drafts), strict=True)
    ]
    found: list[Submitted | RequestError] = []
    for one in await asyncio.gather(*wanted, return_exceptions=True):
        match one:
            case Submitted() | RequestError():
                found.append(one)
            case StoreError():
                found.append(_unstored(one))
            case BaseException():
                raise one
    return found


async def row_of(gateway: Gateway, public_id: str) -> MessageRow:
    """Return one message. Raises NotFound."""
    row = await gateway.store.read(lambda db: rows.get(db, public_id))
    if row is None:
        raise NotFound(f"there is no message {public_id!r}")
    return row


def of_fields(error: RequestError, codes: Mapping[str, int], default: int) -> int:
    """Return the number that a dialect has for the first wrong field of an error."""
    for one in error.errors:
        if one.pointer in codes:
            return codes[one.pointer]
    return default
