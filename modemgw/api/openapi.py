"""The OpenAPI 3.1 document, made from the routes and their structs.

Nothing is written twice: summaries come from the routes, descriptions from the
docstrings, schemas from the structs that decode and encode.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from modemgw import __version__
from modemgw.api import examples
from modemgw.api import openapi_words as words
from modemgw.api.answers import json_response
from modemgw.api.problems import CONTENT_TYPE, TITLES
from modemgw.api.pushed_events import EVENTS, Pushed
from modemgw.api.routing import ANY_KEY, PUBLIC, Call, Route
from modemgw.gateway import resources, shapes, views

PATH = "/v1/openapi.json"
EXAMPLES = Path(__file__).with_name("examples.json")  # see examples.py
Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
_ABOUT = (
    "SMS through your own SIM cards. Every request needs a key, `Authorization: Bearer"
    " mgw_…`: one of `modemgw keys create`, or the one that the demo prints. Every kind"
    " of error is explained at [problems](problems)."
)
_SIGNED = {
    "webhook-id": "evt_…, the same in every attempt: drop what you have seen",
    "webhook-timestamp": "Unix seconds of this attempt",
    "webhook-signature": "v1,… of Standard Webhooks; two during a rotation",
}


def document(routes: Iterable[Route]) -> bytes:
    """Return the document that describes `routes` and itself."""
    described = (*routes, route(bytes))
    types = _types(described)
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, Json] = {}
    answered = msgspec.json.decode(EXAMPLES.read_bytes())
    for one in described:
        operation = _operation(one, by_type, components)
        examples.put(operation, one, answered.get(f"{one.method} {one.path}", {}))
        paths.setdefault(one.path, {})[one.method.lower()] = operation
    return views.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "modemgw",
                "version": __version__,
                "description": _ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"key": []}],
            "tags": [
                {"name": name, "description": about}
                for name, about in words.TAGS.items()
            ],
            "paths": paths,
            "webhooks": {
                name: _webhook(name, pushed, by_type) for name, pushed in EVENTS.items()
            },
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "mgw_<id>_<secret>",
                    }
                },
                "responses": {"Problem": _problem()},
            },
        }
    )


def route(described: Callable[[], bytes]) -> Route:
    """Return the route that serves the document, which is made when first asked for.

    That takes a while on a small machine, so it is done beside the loop.
    """

    async def get_document(call: Call) -> web.Response:
        """Describe this API in OpenAPI 3.1."""
        return json_response(await asyncio.to_thread(described))

    return Route(
        method="GET",
        path=PATH,
        scope=PUBLIC,  # it is the same in every installation
        handler=get_document,
        summary="This document",
        answers={200: dict},
    )


def _types(routes: Iterable[Route]) -> list[Any]:
    found: list[Any] = [shapes.Problem, resources.Event]
    found += [pushed.shape for pushed in EVENTS.values()]
    for one in routes:
        kinds = (one.body, one.form, *one.answers.values())
        found += [kind for kind in kinds if kind]
    return list(dict.fromkeys(found))


def _operation(
    one: Route, by_type: dict[Any, Json], components: dict[str, Any]
) -> Json:
    responses: Json = {
        str(status): _answer(status, by_type.get(kind), one.media)
        for status, kind in one.answers.items()
    }
    for status in sorted({*one.errors, *_common_errors(one)} - set(one.answers)):
        responses[str(status)] = {"$ref": "#/components/responses/Problem"}
    operation: Json = {
        "operationId": one.handler.__name__,
        "summary": one.summary,
        "description": inspect.cleandoc(one.handler.__doc__ or ""),
        "tags": [words.tag_of(one.path)],
        "parameters": _parameters(one),
        "responses": responses,
    }
    if one.scope == PUBLIC:
        operation["security"] = []
    elif one.scope != ANY_KEY:
        operation["x-scope"] = one.scope
        operation["description"] += f"\n\nScope: `{one.scope}`."
    if one.body is not None:
        fields = msgspec.structs.fields(one.body)
        # Nothing to change is no change; other acts have their usual way.
        required = one.method == "PATCH" or any(field.required for field in fields)
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": by_type[one.body]}},
        }
    if one.form is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {"schema": by_type[one.form]}
            },
        }
    return _merged(operation, one.also)


def _merged(operation: Json, also: Mapping[str, Any]) -> Json:
    """Put what a route says about itself into what was worked out."""
    for name, value in also.items():
        known = operation.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            operation[name] = _merged(known, value)
        elif isinstance(known, list):
            operation[name] = [*known, *value]
        else:
            operation[name] = value
    return operation


def _common_errors(one: Route) -> set[int]:
    """Return the errors that every route of this kind may answer."""
    found = {421, 422, 500}  # 422: there are no unknown query parameters
    if one.scope != PUBLIC:
        found |= {401, 429, 503}  # too many wrong keys; a key is read from the store
    if one.scope not in (PUBLIC, ANY_KEY):
        found |= {403}
    if one.body is not None:
        found |= {400, 408, 413, 415}
    return found


def _answer(status: int, schema: Json | None, media: str) -> Json:
    answer: Json = {"description": HTTPStatus(status).phrase}
    if schema is not None:
        is_error = status >= HTTPStatus.BAD_REQUEST
        kind = media or (CONTENT_TYPE if is_error else "application/json")
        answer["content"] = {kind: {"schema": schema}}
    return answer


def _parameters(one: Route) -> list[Json]:
    found: list[Json] = []
    for step in one.path.split("/"):
        if step.startswith("{"):
            name = step.strip("{}")
            schema: Json = {"type": "string", "minLength": 1}
            if name in one.choices:
                schema = {"enum": list(one.choices[name])}
            told = {"name": name, "description": words.meaning(name, None)}
            found.append({**told, "in": "path", "required": True, "schema": schema})
    if one.query is not None:
        _, parts = msgspec.json.schema_components([one.query], ref_template=_REF)
        (shape,) = parts.values()
        for name, schema in shape["properties"].items():
            flat = _flat(schema)
            told = {
                "name": name,
                "description": words.meaning(name, flat.pop("description", None)),
            }
            found.append({**told, "in": "query", "schema": flat})
    for name in one.headers:
        found.append(
            {
                "name": name,
                "in": "header",
                "description": words.HEADERS[name],
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    return found


def _flat(schema: Json) -> Json:
    """Drop `null` from a choice: a query parameter is there or it is not."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    flat = dict(kinds[0] if len(kinds) == 1 else schema)
    flat = {key: value for key, value in flat.items() if value is not None}
    if "enum" in flat:
        flat["enum"] = [choice for choice in flat["enum"] if choice is not None]
        if all(isinstance(choice, str) for choice in flat["enum"]):
            flat["type"] = "string"
    elif flat.get("type") == "string":
        flat.setdefault("minLength", 1)  # what is empty is refused
    return flat


def _problem() -> Json:
    return {
        "description": "RFC 9457 problem details; types: " + ", ".join(sorted(TITLES)),
        "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
        "content": {CONTENT_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _webhook(name: str, pushed: Pushed, by_type: dict[Any, Json]) -> Json:
    """Describe one type of event; see webhooks.md for the signature."""
    return {
        "post": {
            "operationId": "on_" + name.replace(".", "_"),
            "summary": pushed.summary,
            "description": inspect.cleandoc(pushed.shape.__doc__ or ""),
            "tags": [name.partition(".")[0] + " events"],
            "security": [],
            "parameters": [
                {
                    "name": header,
                    "in": "header",
                    "required": True,
                    "description": meaning,
                    "schema": {"type": "string"},
                }
                for header, meaning in _SIGNED.items()
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["type", "timestamp", "data"],
                            "properties": {
                                "type": {"const": name},
                                "timestamp": {"type": "string", "format": "date-time"},
                                "data": by_type[pushed.shape],
                            },
                        },
                        "example": {
                            "type": name,
                            "timestamp": "2026-11-22T10:00:09Z",
                            "data": pushed.example,
                        },
                    }
                },
            },
            "responses": {"2XX": {"description": "delivered; others are tried again"}},
        }
    }
