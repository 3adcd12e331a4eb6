"""API keys over the API: only for `admin`."""

from dataclasses import replace

import msgspec
from aiohttp import web
from msgspec import UNSET

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import field_error
from modemgw.api.routing import AFTER, BEFORE, Call, Example, Route
from modemgw.api.schema import KeyPatch, KeyRequest, NoQuery, RotateRequest, end_ms
from modemgw.config.money import limit
from modemgw.gateway import key_resources, twilio, views
from modemgw.gateway.key_rules import read_rules
from modemgw.policy.scopes import expand
from modemgw.store.keys import KeyRow, Rules

_key = msgspec.json.Decoder(KeyRequest)
_patch = msgspec.json.Decoder(KeyPatch)
_rotate = msgspec.json.Decoder(RotateRequest)


async def list_keys(call: Call) -> web.Response:
    """List every key, revoked ones too, without secrets."""
    body.query(call.request, NoQuery)
    now = call.gateway.clock.now_ms()
    found = [key_resources.key(row, now) for row in await call.gateway.keys.all()]
    return json_response(views.encode(key_resources.KeyList(data=found)))


async def post_key(call: Call) -> web.Response:
    """Make a key; the answer is the only place where it is ever shown."""
    body.query(call.request, NoQuery)
    wish = body.decode(_key, await body.read(call.request))
    now = call.gateway.clock.now_ms()
    row, plain = await call.gateway.keys.create(
        _name(wish.name),
        expand(wish.scopes),
        _limits(wish.limits),
        Rules(**_rules(call, wish)),
        end_ms(wish.expires_at, now),
    )
    call.request[AFTER] = _lasting(row, now)
    return json_response(
        views.encode(key_resources.new_key(row, plain, now)),
        201,
        {"Location": f"/v1/keys/{row.public_id}"},
    )


async def patch_key(call: Call) -> web.Response:
    """Change a key; what is not named stays as it is, an empty list lifts.

    It holds from the next request on, and the access tokens of the key end. What was
    accepted before is sent by the rules of then.
    """
    body.query(call.request, NoQuery)
    wish = body.decode(_patch, await body.read(call.request))
    now = call.gateway.clock.now_ms()
    if all(getattr(wish, field) is UNSET for field in wish.__struct_fields__):
        raise field_error("", "missing", "name at least one thing to change")
    name = None if wish.name is UNSET else _name(wish.name)
    limits = None if wish.limits is UNSET else tuple(_limits(wish.limits))
    ends = wish.expires_at
    end = None if ends is UNSET else end_ms(ends, now)
    rules = _rules(call, wish)

    def step(row: KeyRow) -> KeyRow:
        call.request[BEFORE] = _lasting(row, now)
        return replace(
            row,
            name=row.name if name is None else name,
            scopes=row.scopes if wish.scopes is UNSET else tuple(expand(wish.scopes)),
            limits=row.limits if limits is None else limits,
            rules=msgspec.structs.replace(row.rules, **rules),
            expires_at=row.expires_at if ends is UNSET else end,
        )

    row = await call.gateway.keys.change(call.id, step)
    call.request[AFTER] = _lasting(row, now)
    return json_response(views.encode(key_resources.key(row, now)))


async def rotate_key(call: Call) -> web.Response:
    """Give a key a new secret, shown only now; the old one is good for a while."""
    body.query(call.request, NoQuery)
    wish = body.optional(_rotate, await body.read(call.request))
    row, plain = await call.gateway.keys.rotate(call.id, wish.overlap)
    now = call.gateway.clock.now_ms()
    call.request[AFTER] = _lasting(row, now)
    return json_response(views.encode(key_resources.new_key(row, plain, now)))


async def delete_key(call: Call) -> web.Response:
    """Revoke a key: no request with it is answered after this one."""
    body.query(call.request, NoQuery)
    await call.gateway.keys.revoke(call.id)
    return web.Response(status=204)


async def get_twilio(call: Call) -> web.Response:
    """Show what a client of Twilio is given in place of a key."""
    body.query(call.request, NoQuery)
    row = await call.gateway.keys.get(call.id)
    found = twilio.credentials(call.gateway.outlets.pepper, row)
    return json_response(
        views.encode(
            key_resources.TwilioCredentials(found.account_sid, found.auth_token)
        )
    )


def _lasting(row: KeyRow, now: int) -> key_resources.Key:
    """Return a key without what changes by its being used: for digests."""
    return msgspec.structs.replace(key_resources.key(row, now), last_used_at=None)


def _name(name: str) -> str:
    if not name.isprintable():
        raise field_error("/name", "invalid_value", "has unprintable characters")
    return name


def _limits(written: list[str]) -> list[str]:
    """Read limits such as 100/day and 5.00/month; raise FieldError."""
    found: list[str] = []
    for index, text in enumerate(written):
        try:
            name = limit(text).name
        except ValueError as exc:
            raise field_error(f"/limits/{index}", "invalid_value", str(exc)) from None
        if name not in found:
            found.append(name)
    return found


def _rules(call: Call, wish: KeyRequest | KeyPatch) -> dict[str, tuple[str, ...]]:
    """Read the rules that were named; raise FieldError."""
    config, gateway = call.gateway.config, call.gateway

    def sim_name(text: str) -> str | None:
        for sim in gateway.sims():
            if text in (sim.name, sim.iccid, views.sim_id(sim.name)):
                return sim.name
        cards = config.sims.cards
        return next((c.name for c in cards if text in (c.name, c.iccid)), None)

    written = {
        field: getattr(wish, field)
        for field in Rules.__struct_fields__
        if getattr(wish, field) is not UNSET
    }
    found = read_rules(**written, known_sims=sim_name)
    return {field: getattr(found, field) for field in written}


ROUTES = (
    Route(
        method="GET",
        path="/v1/keys",
        scope="admin",
        handler=list_keys,
        summary="List the keys",
        answers={200: key_resources.KeyList},
        errors=(503,),
    ),
    Route(
        method="POST",
        path="/v1/keys",
        scope="admin",
        handler=post_key,
        audit="key.create",
        summary="Make a key",
        body=KeyRequest,
        answers={201: key_resources.NewKey},
        errors=(422, 503),
        examples={
            "app": Example(
                "For a program that sends", {"name": "shop", "scopes": ["sender"]}
            ),
            "guarded": Example(
                "One that cannot do much harm",
                {
                    **{"name": "doorbell", "scopes": ["messages:send"]},
                    **{"limits": ["20/day", "5.00/month"], "classes": ["alert"]},
                    **{"cidrs": ["10.0.0.0/24"], "destinations": ["DE", "+43"]},
                    **{"sims": ["red"], "surfaces": ["native"]},
                    "expires_at": "2031-01-01T00:00:00Z",
                },
            ),
        },
    ),
    Route(
        method="PATCH",
        path="/v1/keys/{id}",
        scope="admin",
        handler=patch_key,
        audit="key.change",
        summary="Change a key",
        body=KeyPatch,
        answers={200: key_resources.Key},
        errors=(404, 422, 503),
        examples={
            "limits": Example("Another limit", {"limits": ["100/day"]}),
            "lift": Example("No end, any place", {"expires_at": None, "cidrs": []}),
        },
    ),
    Route(
        method="POST",
        path="/v1/keys/{id}/rotate",
        scope="admin",
        handler=rotate_key,
        audit="key.rotate",
        summary="Give a key a new secret",
        body=RotateRequest,
        answers={200: key_resources.NewKey},
        errors=(404, 422, 503),
        examples={
            "usual": Example("Both for a day", {}),
            "at_once": Example("The old one has leaked", {"overlap": 0}),
        },
    ),
    Route(
        method="GET",
        path="/v1/keys/{id}/twilio",
        scope="admin",
        handler=get_twilio,
        audit="key.twilio",
        summary="Show the AccountSid and AuthToken of a key",
        answers={200: key_resources.TwilioCredentials},
        errors=(404, 503),
    ),
    Route(
        method="DELETE",
        path="/v1/keys/{id}",
        scope="admin",
        handler=delete_key,
        audit="key.revoke",
        summary="Revoke a key",
        answers={204: None},
        errors=(404, 503),
    ),
)
