"""What only the admin socket answers, for the commands on the box: no API for others.

These routes are in no document and may change with the commands that ask them.
"""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.routing import Call, Route
from modemgw.api.schema import Strict
from modemgw.gateway import status_resources, views

MAX_RECENT = 100


class Glance(Strict):
    """How many of the last events are wanted, too."""

    recent: Annotated[int, Meta(ge=0, le=MAX_RECENT)] = 0


async def get_status(call: Call) -> web.Response:
    """Return how the whole gateway stands, at one glance."""
    wish = body.query(call.request, Glance)
    return json_response(views.encode(await call.gateway.watch.status(wish.recent)))


ROUTES = (
    Route(
        method="GET",
        path="/local/status",
        scope="admin",
        handler=get_status,
        summary="How does everything stand?",
        query=Glance,
        answers={200: status_resources.Status},
    ),
)
