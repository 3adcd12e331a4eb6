"""What OpenAPI cannot generate about `GET /v1/events`: its two kinds of streams.

OpenAPI has no words for a WebSocket; `x-websocket` has the frames of both sides.
"""

from typing import Any

import msgspec

from modemgw.api.event_socket import Ack, SendDocument, Subscribe
from modemgw.api.event_source import MEDIA

_EVENT = (
    '{"id":"evt_01JD8ZK3M5E3V9W2H7RZQX4T6N","type":"message.sent",'
    '"timestamp":"2026-11-22T10:00:09Z","data":{"id":"msg_01JD8Z","state":"sent"}}'
)
_STREAM = (
    "retry: 3000\n\n"
    "id: evt_01JD8ZK3M5E3V9W2H7RZQX4T6N\nevent: message.sent\n"
    f"data: {_EVENT}\n\n: nothing new\n\n"
)
_GAP = {
    "from": "evt_01JD8ZK3M5E3V9W2H7RZQX4T6N",
    "to": "evt_01JD8ZM0000000000000000000",
}


def _frames() -> dict[str, Any]:
    """Return the schemas of the client's frames, by their `op`."""
    kinds = {"subscribe": Subscribe, "ack": Ack, "send": SendDocument}
    _, parts = msgspec.json.schema_components(
        kinds.values(), ref_template="#/components/schemas/{name}"
    )
    return {op: parts[kind.__name__] for op, kind in kinds.items()}


OPERATION: dict[str, Any] = {
    "parameters": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "in a stream of server-sent events: as `since`",
            "schema": {"type": "string"},
        }
    ],
    "responses": {
        "101": {"description": "A WebSocket begins; see x-websocket"},
        "200": {"content": {MEDIA: {"schema": {"type": "string"}, "example": _STREAM}}},
    },
    "x-websocket": {
        "server": [
            {"description": "an event", "example": msgspec.json.decode(_EVENT)},
            {
                "description": "what became of a `send`: `data` is the message, or"
                " `error` a problem whose pointers begin with /body",
                "example": {"op": "result", "key": "order-991", "data": {}},
            },
            {
                "description": "read too slowly; connect again with since=<from>",
                "example": {"op": "gap", **_GAP},
            },
            {
                "description": "a frame that was not understood",
                "example": {"op": "error", "error": {}},
            },
        ],
        "client": _frames(),
    },
}
