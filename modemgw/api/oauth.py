"""OAuth 2.0 client credentials: a key becomes a token that is good for an hour.

RFC 6749, sections 4.4 and 5; revocation is RFC 7009. The client is a key: its id
(the eight characters behind `mgw_`) and its secret, by HTTP Basic or in the form.
Errors have the shape that these RFCs prescribe, not that of our problems.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from aiohttp import web

from modemgw.api import body
from modemgw.api.auth import AUTHENTICATOR
from modemgw.api.problems import RequestError, come_back
from modemgw.api.routing import PUBLIC, Call, Example, Route
from modemgw.api.schema import NoQuery
from modemgw.gateway import views
from modemgw.gateway.key_rules import NATIVE
from modemgw.gateway.keys import ScopeRefused
from modemgw.store.keys import ID_LENGTH, PREFIX

MAX_FORM = 4096  # octets
MAX_FIELDS = 20
UNAUTHORIZED, TOO_MANY = 401, 429


class TokenForm(msgspec.Struct):
    """What a client sends; its id and secret here, or by HTTP Basic."""

    grant_type: str
    scope: str = ""
    client_id: str = ""
    client_secret: str = ""


class RevokeForm(msgspec.Struct):
    """The token to end."""

    token: str
    token_type_hint: str = ""
    client_id: str = ""
    client_secret: str = ""


class TokenAnswer(msgspec.Struct, frozen=True):
    """An access token; `expires_in` seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class OAuthError(msgspec.Struct, frozen=True):
    """What RFC 6749, section 5.2, says of an error."""

    error: str
    error_description: str


class Refused(Exception):
    """The request is answered with an error of RFC 6749."""

    def __init__(
        self, error: str, why: str, status: int = 400, headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(why)
        self.error, self.why = error, why
        self.status, self.headers = status, headers


@dataclass(frozen=True, slots=True)
class _Client:
    id: str  # of the key
    fields: dict[str, str]


async def post_token(call: Call) -> web.Response:
    """Give a key a token for its scopes, or for those of them that `scope` names."""
    try:
        client = await _client(call)
        kind = client.fields.get("grant_type")
        if kind != "client_credentials":
            error = "invalid_request" if kind is None else "unsupported_grant_type"
            raise Refused(error, "grant_type must be client_credentials")
        wanted = client.fields.get("scope", "").split()
        issued = await call.gateway.keys.token(client.id, wanted)
        if issued is None:
            raise _wrong_client(call)
    except ScopeRefused as exc:
        return _error(Refused("invalid_scope", f"this key lacks the scope {exc}"))
    except Refused as exc:
        return _error(exc)
    answer = TokenAnswer(
        issued.plain, "Bearer", issued.seconds, " ".join(issued.scopes)
    )
    return _json(answer)


async def post_revoke(call: Call) -> web.Response:
    """End a token of this key; one that is none is as good as ended."""
    try:
        client = await _client(call)
        token = client.fields.get("token")
        if token is None:
            raise Refused("invalid_request", "token is missing")
    except Refused as exc:
        return _error(exc)
    call.gateway.keys.end_token(token, client.id)
    return web.Response(headers={"Pragma": "no-cache"})


async def _client(call: Call) -> _Client:
    """Read the form and make out whose key it is. Raises Refused, StoreError."""
    body.query(call.request, NoQuery)
    fields = await _form(call.request)
    given = call.request.headers.get("Authorization")
    if given is not None and "client_secret" in fields:
        raise Refused(
            "invalid_request", "give the secret once: by Basic or in the form"
        )
    if given is not None:
        name, secret = _basic(call, given)
        if fields.get("client_id", name) != name:
            raise Refused("invalid_request", "client_id is not the one of Basic")
    else:
        name, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    name = name.removeprefix(f"{PREFIX}_")
    secret = secret.removeprefix(f"{PREFIX}_{name}_")
    if len(name) != ID_LENGTH or not secret:
        raise _wrong_client(call)
    try:
        authenticator = call.request.app[AUTHENTICATOR]
        token = f"{PREFIX}_{name}_{secret}"
        await authenticator.by_token(call.request, token, NATIVE)
    except RequestError as exc:
        if exc.status == UNAUTHORIZED:
            raise _wrong_client(call) from None
        if exc.status == TOO_MANY:
            raise Refused(
                "temporarily_unavailable", exc.detail, TOO_MANY, come_back(exc)
            ) from None
        raise Refused("unauthorized_client", exc.detail) from None
    return _Client(name, fields)


async def _form(request: web.Request) -> dict[str, str]:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        why = "the body must be application/x-www-form-urlencoded"
        raise Refused("invalid_request", why)
    try:
        octets = await body.octets(request, MAX_FORM)
        pairs = parse_qsl(
            octets.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except RequestError as exc:
        raise Refused("invalid_request", exc.detail, exc.status) from None
    except ValueError:
        raise Refused("invalid_request", "the form cannot be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused("invalid_request", "a field is given twice")
    return {name: value for name, value in fields.items() if value}


def _basic(call: Call, given: str) -> tuple[str, str]:
    scheme, _, word = given.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        plain = base64.b64decode(word.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _wrong_client(call) from None
    name, _, secret = plain.partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _wrong_client(call: Call) -> Refused:
    headers = {}
    if "Authorization" in call.request.headers:
        headers["WWW-Authenticate"] = 'Basic realm="modemgw", charset="UTF-8"'
    why = "no key in force has this id and secret"
    return Refused("invalid_client", why, UNAUTHORIZED, headers)


def _error(refused: Refused) -> web.Response:
    answer = OAuthError(refused.error, refused.why)
    return _json(answer, refused.status, refused.headers)


def _json(
    answer: msgspec.Struct, status: int = 200, headers: Mapping[str, str] = {}
) -> web.Response:
    return web.Response(
        status=status,
        body=views.encode(answer),
        headers={
            "Content-Type": "application/json",
            "Pragma": "no-cache",  # RFC 6749, 5.1, beside our own Cache-Control
            **headers,
        },
    )


_CLIENT = {"client_id": "k7k7k7k7", "client_secret": "its-secret"}  # an example
_ERRORS = {400: OAuthError, 401: OAuthError, 408: OAuthError, 413: OAuthError}

ROUTES = (
    Route(
        method="POST",
        path="/oauth/token",
        scope=PUBLIC,
        handler=post_token,
        summary="Get an access token",
        form=TokenForm,
        media="application/json",
        answers={200: TokenAnswer, **_ERRORS, 429: OAuthError},
        errors=(503,),
        examples={
            "all": Example(
                "All scopes of the key", {"grant_type": "client_credentials", **_CLIENT}
            ),
            "some": Example(
                "One of them",
                {
                    "grant_type": "client_credentials",
                    "scope": "messages:send",
                    **_CLIENT,
                },
            ),
            "wrong": Example(
                "A wrong secret",
                {
                    **{"grant_type": "client_credentials", "client_id": "k7k7k7k7"},
                    "client_secret": "guessed",
                },
                status=401,
            ),
        },
    ),
    Route(
        method="POST",
        path="/oauth/revoke",
        scope=PUBLIC,
        handler=post_revoke,
        summary="End an access token",
        form=RevokeForm,
        media="application/json",
        answers={200: None, **_ERRORS, 429: OAuthError},
        errors=(503,),
        examples={
            "token": Example("A token of this key", {"token": "mgt_0", **_CLIENT}),
        },
    ),
)
