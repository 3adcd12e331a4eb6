"""How answers look: JSON bodies and pages of lists."""

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from modemgw.api import body
from modemgw.gateway import views

JSON = "application/json"


def json_response(
    octets: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with JSON that is rendered already."""
    return web.Response(
        status=status, body=octets, headers={"Content-Type": JSON, **(headers or {})}
    )


def page(
    items: Sequence[object],
    *,
    limit: int,
    cursor_of: Callable[[int], int],
    count: int | None = None,
) -> web.Response:
    """Answer with the first `limit` items; one more than that means there are more.

    `cursor_of` tells the row id of an item by its index.
    """
    has_more = len(items) > limit
    return page_behind(
        items[:limit], cursor=cursor_of(limit - 1) if has_more else None, count=count
    )


def page_behind(
    items: Sequence[object], *, cursor: int | None, count: int | None = None
) -> web.Response:
    """Answer with some items; those behind them begin at `cursor`, None: none do."""
    answer: dict[str, object] = {
        "data": items,
        "next_cursor": None if cursor is None else body.write_cursor(cursor),
        "has_more": cursor is not None,
    }
    if count is not None:
        answer["count"] = count
    return json_response(views.encode(answer))
