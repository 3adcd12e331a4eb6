"""Puts the examples of a route into its description: what was asked, what came.

Requests stand beside the routes. What a gateway answered to each is in examples.json,
by route and example; a test asks them all, and holds the answers against that file.
"""

from collections.abc import Mapping
from typing import Any

from modemgw.api.problems import CONTENT_TYPE
from modemgw.api.routing import Route

Json = dict[str, Any]


def put(operation: Json, route: Route, answered: Mapping[str, Any]) -> None:
    """Put the examples of `route` into `operation`, and what each was answered."""
    for name, example in route.shown.items():
        shown = {"summary": example.summary}
        if example.body is not None:
            (content,) = operation["requestBody"]["content"].values()
            content.setdefault("examples", {})[name] = {**shown, "value": example.body}
        if answered.get(name) is None:
            continue  # there is nothing in the answer
        status = str(example.status or next(iter(route.answers)))
        answer = operation["responses"][status]
        if "$ref" in answer:
            answer = operation["responses"][status] = _own(answer)
        content = next(iter(answer["content"].values()))  # as JSON; streams have others
        seen = {**shown, "value": answered[name]}
        content.setdefault("examples", {})[name] = seen


def _own(answer: Json) -> Json:
    """Return a problem with room for examples, which a reference has not."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "RFC 9457 problem details",
        "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
        "content": {CONTENT_TYPE: {"schema": schema}},
    }
