"""Reading the configuration again."""

from aiohttp import web

from modemgw.api import acts
from modemgw.api.answers import json_response
from modemgw.api.routing import Call, Route
from modemgw.api.schema import Nothing
from modemgw.gateway import views
from modemgw.gateway.reloading import Reloaded


async def reload(call: Call) -> web.Response:
    """Put the configuration file in force, as far as that needs no restart.

    A file with mistakes changes nothing. What needs a restart is named; what was in
    force of it stays so.
    """
    await acts.nothing(call.request)
    done = await call.gateway.reloader.reload(call.caller)
    return json_response(views.encode(done))


ROUTES = (
    Route(
        method="POST",
        path="/v1/reload",
        scope="admin",
        handler=reload,
        summary="Read the configuration again",
        body=Nothing,
        answers={200: Reloaded},
        errors=(422, 503),
    ),
)
