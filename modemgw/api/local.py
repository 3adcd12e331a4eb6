"""What only the admin socket answers, for the commands on the box: no API for others.

These routes are in no document and may change with the commands that ask them.
"""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.routing import Call, Route
from modemgw.api.schema import NoQuery, Nothing, Strict
from modemgw.gateway import alarm_resources, status_resources, views

MAX_RECENT = 100
MAX_ALARMS = 200

_nothing = msgspec.json.Decoder(Nothing)


class Glance(Strict):
    """How many of the last events are wanted, too."""

    recent: Annotated[int, Meta(ge=0, le=MAX_RECENT)] = 0


async def get_status(call: Call) -> web.Response:
    """Return how the whole gateway stands, at one glance."""
    wish = body.query(call.request, Glance)
    return json_response(views.encode(await call.gateway.watch.status(wish.recent)))


class Last(Strict):
    """How many alarms are wanted."""

    limit: Annotated[int, Meta(ge=1, le=MAX_ALARMS)] = 20


async def get_alarms(call: Call) -> web.Response:
    """Return the last alarms, newest first."""
    wish = body.query(call.request, Last)
    found = await call.gateway.watch.alarms.listed(wish.limit)
    return json_response(views.encode(alarm_resources.AlarmList(found)))


async def post_test(call: Call) -> web.Response:
    """Tell that this is a test, over every way that alarms are told."""
    body.query(call.request, NoQuery)
    body.optional(_nothing, await body.read(call.request))
    found = await call.gateway.watch.alarms.test()
    call.gateway.webhooks.wake()
    return json_response(views.encode(alarm_resources.AlarmTest(found)))


ROUTES = (
    Route(
        method="GET",
        path="/local/alarms",
        scope="admin",
        handler=get_alarms,
        summary="What was wrong, and is?",
        query=Last,
        answers={200: alarm_resources.AlarmList},
    ),
    Route(
        method="POST",
        path="/local/alarms/test",
        scope="admin",
        handler=post_test,
        summary="Tell everybody that this is a test",
        body=Nothing,
        answers={200: alarm_resources.AlarmTest},
        audit="alarms.test",
    ),
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
