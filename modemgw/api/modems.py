"""Modems: the hardware as it is now, what happened to it, and a hand on it."""

import msgspec
from aiohttp import web

from modemgw.api import acts, body
from modemgw.api.answers import json_response
from modemgw.api.problems import NotFound
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import (
    ConsoleRequest,
    JournalQuery,
    NoQuery,
    Nothing,
    TranscriptQuery,
)
from modemgw.gateway import bench_resources, resources, views

_console = msgspec.json.Decoder(ConsoleRequest)


async def list_modems(call: Call) -> web.Response:
    """List the configured and discovered modems."""
    body.query(call.request, NoQuery)
    return json_response(views.encode(resources.ModemList(data=_modems(call))))


async def get_modem(call: Call) -> web.Response:
    """Show one modem by its id, which is its name."""
    body.query(call.request, NoQuery)
    return json_response(views.encode(_modem(call)))


async def get_transcript(call: Call) -> web.Response:
    """Show the last lines between us and a modem; texts, PDUs and PINs are masked."""
    wish = body.query(call.request, TranscriptQuery)
    lines = call.gateway.workbench.tape(call.id, wish.limit)
    return json_response(views.encode(bench_resources.transcript(lines)))


async def get_journal(call: Call) -> web.Response:
    """Show what happened to a modem: phases, faults, rungs of recovery, acts."""
    wish = body.query(call.request, JournalQuery)
    entries = call.gateway.workbench.journal(call.id, wish.limit)
    return json_response(views.encode(bench_resources.journal(entries)))


async def restart(call: Call) -> web.Response:
    """Set a modem up again, once nothing is on the air."""
    await acts.nothing(call.request)
    await call.gateway.workbench.restart(call.id, call.caller)
    return json_response(views.encode(_modem(call)), 202)


async def run_command(call: Call) -> web.Response:
    """Run one AT command in its turn; what bills, bricks or breaks is refused."""
    body.query(call.request, NoQuery)
    wish = body.decode(_console, await body.read(call.request))
    reply = await call.gateway.workbench.run(
        call.id, wish.command, call.caller, unsafe=wish.unsafe, seconds=wish.timeout
    )
    return json_response(
        views.encode(bench_resources.console_reply(wish.command, reply))
    )


def _modem(call: Call) -> resources.Modem:
    for modem in _modems(call):
        if modem.id == call.id:
            return modem
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
    Route(
        method="GET",
        path="/v1/modems/{id}/transcript",
        scope="modems:read",
        handler=get_transcript,
        summary="Show the last lines of a modem's wire",
        query=TranscriptQuery,
        answers={200: bench_resources.Transcript},
        errors=(404, 422),
    ),
    Route(
        method="GET",
        path="/v1/modems/{id}/journal",
        scope="modems:read",
        handler=get_journal,
        summary="Show what happened to a modem",
        query=JournalQuery,
        answers={200: bench_resources.Journal},
        errors=(404, 422),
    ),
    Route(
        method="POST",
        path="/v1/modems/{id}/restart",
        scope="modems:write",
        handler=restart,
        summary="Set a modem up again",
        body=Nothing,
        answers={202: resources.Modem},
        errors=(404, 409, 422),
    ),
    Route(
        method="POST",
        path="/v1/modems/{id}/at",
        scope="modems:at",
        handler=run_command,
        summary="Run one AT command",
        body=ConsoleRequest,
        answers={200: bench_resources.ConsoleReply},
        errors=(404, 409, 422, 502),
        examples={
            "signal": Example("How strong the signal is", {"command": "AT+CSQ"}),
            "refused": Example(
                "What could cost money", {"command": "ATD0900123456"}, status=422
            ),
        },
    ),
)
