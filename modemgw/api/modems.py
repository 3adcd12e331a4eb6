"""Modems: the hardware as it is now."""

from aiohttp import web

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import NotFound
from modemgw.api.routing import Call, Route
from modemgw.api.schema import NoQuery
from modemgw.gateway import resources, views


async def list_modems(call: Call) -> web.Response:
    """List the configured and discovered modems."""
    body.query(call.request, NoQuery)
    return json_response(views.encode(resources.ModemList(data=_modems(call))))


async def get_modem(call: Call) -> web.Response:
    """Show one modem by its id, which is its name."""
    body.query(call.request, NoQuery)
    for modem in _modems(call):
        if modem.id == call.id:
            return json_response(views.encode(modem))
    raise NotFound(f"there is no modem {call.id!r}")


def _modems(call: Call) -> list[resources.Modem]:
    names = {sim.modem: sim.name for sim in call.gateway.sims() if sim.modem}
    return [
        resources.modem(snapshot, names.get(snapshot.name))
        for snapshot in call.gateway.modems()
    ]


ROUTES = (
    Route(
        method="GET",
        path="/v1/modems",
        scope="modems:read",
        handler=list_modems,
        summary="List the modems",
        answers={200: resources.ModemList},
    ),
    Route(
        method="GET",
        path="/v1/modems/{id}",
        scope="modems:read",
        handler=get_modem,
        summary="Show one modem",
        answers={200: resources.Modem},
        errors=(404,),
    ),
)
