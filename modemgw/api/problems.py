"""Errors as RFC 9457 problem details: what goes out when something goes wrong."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import hdrs, web
from msgspec import UNSET, UnsetType

from modemgw.errors import (
    Conflict,
    FieldError,
    FieldProblem,
    NotFound,
    OptedOut,
    QuotaExceeded,
    RequestError,
)
from modemgw.gateway import views

CONTENT_TYPE = "application/problem+json"

# Every problem type that the API itself makes, and its title. docs/problems.md
# has a section for each of these and for those of the gateway.
TITLES = {
    "bad-request": "Bad request",
    "conflict": "Conflict",
    "forbidden": "Missing scope",
    "idempotency-in-progress": "The first request with this key is still running",
    "idempotency-mismatch": "Idempotency key reused with another request",
    "internal-error": "Internal error",
    "invalid-field": "Invalid field",
    "key-restricted": "The rules of the key forbid this",
    "malformed-json": "Malformed JSON",
    "method-not-allowed": "Method not allowed",
    "modem-refused": "The modem or the network refused",
    "not-found": "Not found",
    "not-ready": "Not ready",
    "opted-out": "Recipient opted out",
    "payload-too-large": "Payload too large",
    "query-too-slow": "The query took too long",
    "queue-full": "The queue is full",
    "quota-exceeded": "Quota exceeded",
    "request-timeout": "The request did not arrive in time",
    "store-unavailable": "The database cannot be written",
    "too-many-failures": "Too many failed attempts",
    "too-many-streams": "Too many event streams",
    "unauthorized": "Missing or invalid key",
    "unsupported-media-type": "Unsupported media type",
    "wrong-host": "Another host was meant",
}

_BY_STATUS = {
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "payload-too-large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type",
}

__all__ = [
    "Conflict",
    "FieldError",
    "FieldProblem",
    "HttpError",
    "NotFound",
    "OptedOut",
    "QuotaExceeded",
    "RequestError",
    "field_error",
    "from_http",
    "response",
    "unrouted",
]


class HttpError(RequestError):
    """A mistake that only HTTP knows; `headers` go with the answer."""

    def __init__(
        self,
        slug: str,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: tuple[FieldProblem, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(
            detail,
            problem=slug,
            title=TITLES[slug],
            status=status,
            errors=errors,
            retry_after=retry_after,
        )
        self.headers = dict(headers or {})


def field_error(pointer: str, code: str, detail: str) -> FieldError:
    """Make the error of exactly one wrong field; `?name` is a query parameter."""
    name = pointer[1:] if pointer[:1] in "?@" else pointer.replace("/", ".")[1:]
    return FieldError(
        f"{name}: {detail}" if name else detail,
        errors=(FieldProblem(pointer, code, detail),),
    )


def from_http(error: web.HTTPException) -> HttpError:
    """Turn what the router or the server raised into one of our problems."""
    slug = _BY_STATUS.get(HTTPStatus(error.status), "bad-request")
    headers = {}
    match error.status:
        case HTTPStatus.NOT_FOUND:
            detail = "there is nothing at this path"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allow = ", ".join(error.headers.get("Allow", "").split(","))
            headers["Allow"] = allow
            detail = f"this path takes {allow or 'other methods'}"
        case _:
            detail = error.reason
    return HttpError(slug, error.status, detail, headers=headers)


def unrouted(
    error: web.HTTPException, request: web.Request, request_id: str
) -> web.Response:
    """Answer what no handler took. OPTIONS is told which methods there are."""
    if (
        error.status == HTTPStatus.METHOD_NOT_ALLOWED
        and request.method == hdrs.METH_OPTIONS
    ):
        allow = {*error.headers["Allow"].split(","), hdrs.METH_OPTIONS}
        return web.Response(status=204, headers={"Allow": ", ".join(sorted(allow))})
    return response(from_http(error), path=request.path, request_id=request_id)


def response(
    error: RequestError, *, path: str | UnsetType, request_id: str | UnsetType = UNSET
) -> web.Response:
    """Render an error as the answer to a request."""
    headers = {"Content-Type": CONTENT_TYPE, **come_back(error)}
    if isinstance(error, HttpError | QuotaExceeded):
        headers.update(error.headers)
    body = views.encode(views.problem(error, instance=path, request_id=request_id))
    return web.Response(status=error.status, headers=headers, body=body)


def come_back(error: RequestError) -> dict[str, str]:
    """Return the headers that say when to come back, and of which limit it is."""
    if error.status != HTTPStatus.TOO_MANY_REQUESTS:
        return retry_after(error)
    own = error.headers if isinstance(error, HttpError | QuotaExceeded) else {}
    return {**own, **retry_after(error)}


def retry_after(error: RequestError) -> dict[str, str]:
    """Return the header that says when to come back, where the error knows it."""
    if error.retry_after is None:
        return {}
    # Whole seconds, and never 0: a client that obeys would spin.
    return {"Retry-After": str(max(1, round(error.retry_after + 0.499)))}
