"""Acts that take nothing: no fields, and no parameters."""

import msgspec
from aiohttp import web

from modemgw.api import body
from modemgw.api.schema import NoQuery, Nothing

_nothing = msgspec.json.Decoder(Nothing)


async def nothing(request: web.Request) -> bytes:
    """Refuse what such an act would not look at; return the body as it came."""
    body.query(request, NoQuery)
    octets = await body.read(request)
    body.optional(_nothing, octets)
    return octets
