"""How answers look: JSON bodies and pages of lists."""

from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from time import time

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from modemgw import __version__
from modemgw.api import body
from modemgw.gateway import views

JSON = "application/json"
EVERY = {  # headers of every answer
    "Server": f"modemgw/{__version__}",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Rendered(web.Response):
    """An answer whose body is known as it begins, and is never empty.

    On a connection that stays it goes out by itself, head and body at once. What
    aiohttp looks at besides (chunks, compression, cookies, older versions) takes it
    three times as long, for each message that is accepted; where any of it may matter
    it is asked as ever.
    """

    _gone = False  # it went out by itself

    def __init__(self, octets: bytes, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(status=status, body=octets, headers=headers)
        self._octets = octets

    @property
    def keep_alive(self) -> bool | None:
        """Tell whether the connection stays when this is sent."""
        return True if self._gone else super().keep_alive

    @property
    def prepared(self) -> bool:
        """Tell whether it has begun to go out."""
        return self._gone or super().prepared

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it, or begin to."""
        if self._gone:
            return None
        if (
            super().keep_alive is False
            or request.version != HttpVersion11
            or request.method == "HEAD"
            or not request.keep_alive
        ):
            return await super().prepare(request)
        self._gone = True
        headers, writer = self.headers, request.writer
        headers["Content-Length"] = str(len(self._octets))
        headers["Date"] = http_date(int(time()))
        await writer.write_headers(f"HTTP/1.1 {self.status} {self.reason}", headers)
        await writer.write_eof(self._octets)
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send what is left of it."""
        if not self._gone:
            await super().write_eof(data)


@lru_cache(maxsize=1)
def http_date(seconds: int) -> str:
    """Write Unix seconds as headers have them."""
    return formatdate(seconds, usegmt=True)


def json_response(
    octets: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with JSON that is rendered already."""
    return Rendered(octets, status, {"Content-Type": JSON, **(headers or {})})


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
