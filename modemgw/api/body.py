"""From the octets of a request to typed values, or to an error that points.

The happy path is one msgspec decode. Everything slow (finding the column, the
surrogate, the list of choices) happens only after a decode has failed.
"""

import asyncio
import json
import re
from typing import Any, TypeVar

import msgspec
from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from modemgw.api import hints
from modemgw.api.problems import FieldError, FieldProblem, HttpError, field_error
from modemgw.errors import RequestError

MAX_BODY = 64 * 1024  # octets, every route but the batch
MAX_BATCH_BODY = 16 * 1024 * 1024
BODY_DEADLINE_S = 30  # for a body to arrive whole
MAX_DIAGNOSED = 256 * 1024  # octets; a longer broken body gets the short answer
MAX_DEPTH = 16  # of free-form JSON (metadata); what is deeper nobody can index

T = TypeVar("T")

_PATH_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_UNKNOWN = "Object contains unknown field `"
_MISSING = "Object missing required field `"
_KIND = re.compile(r"`([a-z]+)`")
_WRONG_TYPE = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")


def check_media_type(request: web.Request) -> bool:
    """Refuse a body that says it is something else than JSON in UTF-8.

    Returns True where it claims to be a form: `curl -d '{…}'` says so of
    everything, so the first character of the body decides.
    """
    headers = request.headers
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise _unsupported(f"the body must not be compressed (it is {encoding!r})")
    given = headers.get("Content-Type")
    if given is None or given == "application/json":
        return False
    kind, _, _parameters = given.partition(";")
    kind = kind.strip().lower()
    charset = request.charset
    if charset is not None and charset.lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise _unsupported(f"JSON is UTF-8; the body says charset={charset!r}")
    if kind == "application/json" or re.fullmatch(r"application/[\w.+-]+\+json", kind):
        return False
    if kind == "application/x-www-form-urlencoded":
        return True
    raise _unsupported(f"the body must be application/json, not {kind!r}")


def _unsupported(detail: str) -> HttpError:
    return HttpError(
        "unsupported-media-type", 415, detail, headers={"Accept": "application/json"}
    )


async def read(request: web.Request, limit: int = MAX_BODY) -> bytes:
    """Return the whole body, at most `limit` octets of it, within the deadline.

    To be called once: it is not kept.
    """
    if not request.body_exists:
        return b""  # some clients label even nothing as application/octet-stream
    claims_form = check_media_type(request)
    found = await octets(request, limit, once=True)
    if claims_form and not found.lstrip().startswith(b"{"):
        raise _unsupported(
            "the body must be application/json, not a form"
            " (curl: -H 'Content-Type: application/json')"
        )
    return found


async def octets(request: web.Request, limit: int, *, once: bool = False) -> bytes:
    """Return the whole body, whatever it says it is; else as `read`.

    It is kept for whoever asks the request for it, unless it is read only `once`.
    """
    length = request.content_length
    if length is not None and length > limit:
        raise _too_large(limit)
    try:
        if request.content.is_eof():  # all of it came with the headers
            body = request.content.read_nowait() if once else await request.read()
        else:
            async with asyncio.timeout(BODY_DEADLINE_S):
                body = await _collect(request, limit)
    except TimeoutError:
        raise HttpError(
            "request-timeout",
            408,
            f"the body did not arrive within {BODY_DEADLINE_S} s",
            headers={"Connection": "close"},
        ) from None
    except (ClientError, HttpProcessingError) as exc:
        raise HttpError("bad-request", 400, f"the body is damaged: {exc}") from None
    if len(body) > limit:
        raise _too_large(limit)
    return body


async def _collect(request: web.Request, limit: int) -> bytes:
    """Read a body that is still arriving, and stop at the limit."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> HttpError:
    return HttpError(
        "payload-too-large",
        413,
        f"the body of this request may have {limit} octets",
        headers={"Connection": "close"},
    )


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Read JSON into the decoder's type; errors point at the field or the octet."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as exc:
        raise invalid(exc, decoder.type) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise _malformed(body, str(exc)) from None
    except RecursionError:
        raise _too_deep() from None


def optional(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Read JSON as `decode` does; an empty body stands for `{}`."""
    return decode(decoder, body or b"{}")


def convert(value: object, kind: type[T]) -> T:
    """Check plain values (already decoded JSON) against a struct."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        raise invalid(exc, kind) from None
    except RecursionError:
        raise _too_deep() from None


def query(request: web.Request, kind: type[T]) -> T:
    """Read the query string into a struct; unknown and repeated names are errors."""
    values: dict[str, Any] = {}
    for name, value in request.query.items():
        if name in values:
            raise field_error(f"?{name}", "repeated", "may be given only once")
        # A plus in a query string arrives as a space: ?to=+4915…
        values[name] = "+" + value[1:] if value[:1] == " " else value
    for name, value in values.items():
        if "\x00" in value:
            raise field_error(f"?{name}", "invalid_value", "must not hold NUL")
        if not value:
            raise field_error(f"?{name}", "invalid_value", "is empty; leave it out")
    try:
        found = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as exc:
        raise invalid(exc, kind, mark="?") from None
    for name, value in values.items():
        if value.lower() == "null" and _is_null(kind, found, name):
            raise field_error(f"?{name}", "invalid_value", "is null; leave it out")
    return found


def _is_null(kind: Any, found: object, name: str) -> bool:
    """Tell whether the word null was read as no value at all."""
    fields = msgspec.structs.fields(kind)
    (attribute,) = (one.name for one in fields if one.encode_name == name)
    return getattr(found, attribute) is None


def depth_of(value: object, limit: int = MAX_DEPTH) -> int:
    """Return how deep lists and objects are nested, at most `limit` + 1."""
    if limit < 0 or not isinstance(value, dict | list):
        return 0
    children = value.values() if isinstance(value, dict) else value
    return 1 + max((depth_of(child, limit - 1) for child in children), default=0)


def pointer_of(path: str) -> str:
    """Rewrite a path of msgspec as a JSON pointer.

    >>> pointer_of("$.messages[0].to"), pointer_of("$"), pointer_of("$.tags[...]")
    ('/messages/0/to', '', '/tags')
    """
    known = path.partition("[...]")[0]  # a key of a free-form object has no name there
    return "".join(f"/{name or index}" for name, index in _PATH_STEP.findall(known))


def invalid(
    error: msgspec.ValidationError, kind: object, mark: str = "/"
) -> FieldError:
    """Turn msgspec's sentence into a field error; `mark` "?" means the query.

    `kind` is the struct that refused, which knows what would have been right.
    """
    sentence, found, path = str(error).rpartition(" - at `")
    if not found:
        sentence, path = str(error), "$"
    pointer = pointer_of(path.removesuffix("`"))
    if sentence.startswith(_UNKNOWN):
        name = sentence.removeprefix(_UNKNOWN).removesuffix("`")
        pointer = f"{pointer}/{escape(name)}"
        code, detail = "unknown_field", "there is no such field"
        if mark == "?":
            code, detail = "unknown_parameter", "there is no such query parameter"
        if likely := hints.meant(kind, pointer):
            detail += f"; did you mean {likely!r}?"
    elif sentence.startswith(_MISSING):
        name = sentence.removeprefix(_MISSING).removesuffix("`")
        pointer = f"{pointer}/{escape(name)}"
        code, detail = "required", "is required"
    elif match := _WRONG_TYPE.fullmatch(sentence):
        code = "wrong_type"
        detail = f"expected {_plain(match[1])}, got {_plain(match[2])}"
    elif right := hints.choices(kind, pointer):
        code, detail = "invalid_value", f"must be {right}"
    else:
        plain = _KIND.sub(lambda match: _plain(match[1]), sentence)
        code, detail = "invalid_value", plain[:1].lower() + plain[1:]
    if mark == "?" and pointer:
        pointer = "?" + pointer[1:]
    return field_error(pointer, code, detail)


_WORDS = {"str": "a string", "int": "a whole number", "bool": "true or false"}
_WORDS |= {"float": "a number", "array": "a list", "object": "an object"}


def _plain(kinds: str) -> str:
    """Write `str | null` as people say it."""
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds.split(" | "))


def escape(name: str) -> str:
    """Escape one step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _too_deep() -> HttpError:
    return HttpError("malformed-json", 400, "the JSON is nested too deeply")


def _malformed(body: bytes, why: str) -> RequestError:
    """Say where the JSON breaks. Runs only after a decode failed."""
    if not body:
        return HttpError("malformed-json", 400, "the body is empty; JSON is expected")
    if len(body) > MAX_DIAGNOSED:
        return HttpError("malformed-json", 400, why[:1].lower() + why[1:])
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=str)
        pointer = _lone_surrogate(value)
    except UnicodeDecodeError as exc:
        detail = f"the body is not UTF-8: octet 0x{body[exc.start]:02x} at {exc.start}"
    except json.JSONDecodeError as exc:
        detail = f"{exc.msg[:1].lower()}{exc.msg[1:]} at line {exc.lineno}"
        detail += f", column {exc.colno}"
    except RecursionError:
        return _too_deep()
    except ValueError as exc:
        detail = str(exc)
    else:
        if pointer is not None:
            return FieldError(
                "a text holds half of a surrogate pair",
                errors=(
                    FieldProblem(pointer, "lone_surrogate", "half of a surrogate pair"),
                ),
            )
        detail = why[:1].lower() + why[1:]
    return HttpError("malformed-json", 400, detail)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _lone_surrogate(value: object, pointer: str = "") -> str | None:
    """Return the pointer of the first text with half of a surrogate pair."""
    match value:
        case str():
            lone = any("\ud800" <= character <= "\udfff" for character in value)
            return pointer if lone else None
        case dict():
            pairs = [(escape(str(key)), item) for key, item in value.items()]
            if any(_lone_surrogate(str(key)) is not None for key in value):
                return pointer
        case list():
            pairs = [(str(index), item) for index, item in enumerate(value)]
        case _:
            return None
    for step, item in pairs:
        found = _lone_surrogate(item, f"{pointer}/{step}")
        if found is not None:
            return found
    return None


def write_cursor(row_id: int) -> str:
    """Write a position in a list; clients hand it back and never look inside."""
    return f"c{row_id:x}"


def cursor(text: str | None) -> int | None:
    """Read a position back; raises FieldError where it is none of ours."""
    if text is None:
        return None
    if re.fullmatch(r"c[0-9a-f]{1,15}", text) is None:
        raise field_error("?cursor", "invalid_value", "is not a cursor of this list")
    return int(text[1:], 16)
