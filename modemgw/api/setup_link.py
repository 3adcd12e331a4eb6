"""The one-time link of setup: made by an administrator, opened once, from nearby.

Opening it shows a button, so that neither a preview nor a browser that fetches ahead
uses it up; pressing that makes the key. Only the same network gets that far.
"""

from ipaddress import IPv6Address, ip_network
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import body, setup_page
from modemgw.api.answers import json_response
from modemgw.api.auth import AUTHENTICATOR
from modemgw.api.own_names import own_names
from modemgw.api.peers import origin
from modemgw.api.routing import AFTER, PUBLIC, Call, Example, Route
from modemgw.api.schema import NoQuery, Strict
from modemgw.errors import NotFound
from modemgw.gateway import views
from modemgw.gateway.key_rules import address_of
from modemgw.gateway.setup_links import SetupLinks
from modemgw.store import events, messages

MAX_FORM = 1024  # octets: the button sends nothing
_MAX_ID = 64
# RFC 1918, RFC 4193, and RFC 6598 for private networks on top, such as Tailscale.
_PRIVATE = [
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("100.64.0.0/10", "fc00::/7"),
    )
]
_OVER = "It was used, or is older than 15 minutes. On the box, modemgw setup --link"
_OVER += " makes another."


class SetupLinkRequest(Strict):
    """The link to make; `message` is shown with it, with all its steps."""

    message: Annotated[str, Meta(max_length=_MAX_ID)] | None = None


class SetupLinkAnswer(msgspec.Struct, frozen=True):
    """The link, behind the address of the gateway, and when it ends."""

    path: str
    expires_at: str


_request = msgspec.json.Decoder(SetupLinkRequest)


async def post_setup_link(call: Call) -> web.Response:
    """Make the link; the one before it ends."""
    body.query(call.request, NoQuery)
    wish = body.optional(_request, await body.read(call.request))
    if wish.message is not None and await _message(call, wish.message) is None:
        raise NotFound(f"there is no message {wish.message!r}")
    token, ends = await _links(call).make(wish.message)
    expires_at = views.instant(ends)
    call.request[AFTER] = {"expires_at": expires_at}
    answer = SetupLinkAnswer(f"/setup/{token}", expires_at)
    return json_response(views.encode(answer), 201)


async def get_setup(call: Call) -> web.Response:
    """Show a button, and what is behind it in words."""
    body.query(call.request, NoQuery)
    refusal = _refusal(call)
    if refusal is not None:
        return refusal
    if await _links(call).find(_token(call)) is None:
        return _over(call)
    return _html(setup_page.offer())


async def post_setup(call: Call) -> web.Response:
    """Use the link up: make a key, and show it with lines to paste, this once."""
    body.query(call.request, NoQuery)
    refusal = _refusal(call)
    if refusal is not None:
        return refusal
    await body.octets(call.request, MAX_FORM)
    used = await _links(call).use(_token(call), _address(call))
    if used is None:
        return _over(call)
    to, state, steps = await _first_text(call, used.message)
    shown = setup_page.Welcome(
        url=origin(call.request),
        key=used.key,
        to=to,
        state=state,
        steps=steps,
        modems=[
            (one.name, one.phase.value, one.why or one.operator or "")
            for one in call.gateway.modems()
        ],
        has_ca=call.gateway.config.http.tls.mode == "self",
    )
    return _html(setup_page.welcome(shown))


async def _first_text(
    call: Call, message: str | None
) -> tuple[str | None, str | None, list[tuple[str, str]]]:
    """Return recipient, state and steps of the first text, as far as it is kept."""
    if message is None:
        return None, None, []
    row = await _message(call, message)
    if row is None:
        return None, None, []
    found = await call.gateway.store.read(lambda db: events.timeline(db, row.id))
    steps = [views.step(event, with_wire=False) for event in found]
    return row.peer, row.state, [(step.at, step.type) for step in steps]


async def _message(call: Call, public_id: str) -> messages.MessageRow | None:
    return await call.gateway.store.read(lambda db: messages.get(db, public_id))


def _refusal(call: Call) -> web.Response | None:
    """Say no to who is far away, before anything is looked at."""
    call.request.app[AUTHENTICATOR].heed(call.request)
    if is_near(_address(call)):
        return None
    why = "It works in the network of the box only. Open it there."
    return _html(setup_page.sorry(why), 403)


def is_near(address: str) -> bool:
    """Tell whether an address is of this machine or of a private network."""
    found = address_of(address)
    if found is None:
        return False
    if found.is_loopback or found.is_link_local:
        return True
    if any(
        found in network for network in _PRIVATE if network.version == found.version
    ):
        return True
    # The box itself; and in the LAN, IPv6 addresses are often those of the world.
    own = [one for one in map(address_of, own_names(())) if one is not None]
    return found in own or (
        isinstance(found, IPv6Address)
        and _network(found) in {_network(one) for one in own if one.version == 6}  # noqa: PLR2004
    )


def _network(address: IPv6Address) -> int:
    return int(address) >> 64


def _over(call: Call) -> web.Response:
    call.request.app[AUTHENTICATOR].failed(call.request)
    return _html(setup_page.sorry(_OVER), 404)


def _address(call: Call) -> str:
    return call.request.app[AUTHENTICATOR].peer_of(call.request)


def _token(call: Call) -> str:
    return call.request.match_info["token"]


def _links(call: Call) -> SetupLinks:
    return SetupLinks(call.gateway.store, call.gateway.clock)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(body=text.encode(), status=status, headers=setup_page.HEADERS)


ROUTES = (
    Route(
        method="POST",
        path="/v1/setup-link",
        scope="admin",
        handler=post_setup_link,
        audit="setup.link",
        summary="Make the one-time link of setup",
        body=SetupLinkRequest,
        answers={201: SetupLinkAnswer},
        errors=(404, 422, 503),
        examples={"usual": Example("A link to the first key", {})},
    ),
    Route(
        method="GET",
        path="/setup/{token}",
        scope=PUBLIC,
        handler=get_setup,
        summary="Open the one-time link",
        answers={200: str, 403: str, 404: str},
        errors=(429, 503),
        media="text/html",
    ),
    Route(
        method="POST",
        path="/setup/{token}",
        scope=PUBLIC,
        handler=post_setup,
        summary="Use the one-time link up, and see the key",
        answers={200: str, 403: str, 404: str},
        errors=(413, 429, 503),
        media="text/html",
    ),
)
