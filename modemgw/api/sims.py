"""SIMs: the pool as it is now."""

from aiohttp import web

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import NotFound
from modemgw.api.routing import Call, Route
from modemgw.api.schema import NoQuery
from modemgw.gateway import resources, views


async def list_sims(call: Call) -> web.Response:
    """List every SIM ever seen, by name."""
    body.query(call.request, NoQuery)
    sims = [resources.sim(view) for view in call.gateway.sims()]
    return json_response(views.encode(resources.SimList(data=sims)))


async def get_sim(call: Call) -> web.Response:
    """Show one SIM by its id, which is its name."""
    body.query(call.request, NoQuery)
    for view in call.gateway.sims():
        if call.id in (view.name, views.sim_id(view.name)):
            return json_response(views.encode(resources.sim(view)))
    raise NotFound(f"there is no SIM {call.id!r}")


ROUTES = (
    Route(
        method="GET",
        path="/v1/sims",
        scope="sims:read",
        handler=list_sims,
        summary="List the SIMs",
        answers={200: resources.SimList},
    ),
    Route(
        method="GET",
        path="/v1/sims/{id}",
        scope="sims:read",
        handler=get_sim,
        summary="Show one SIM",
        answers={200: resources.Sim},
        errors=(404,),
    ),
)
