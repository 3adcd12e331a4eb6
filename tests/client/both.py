"""One test, two clients: the asynchronous one behind the face of the other.

@pytest.mark.parametrize("kind", KINDS)
def test_it(kind: str) -> None:
    with connect(kind, url) as client:
        client.send(…)
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

from modemgw.client import AsyncClient, Client

KINDS = ["sync", "async"]


class Both:
    """Calls either client; what a coroutine returns is waited for."""

    def __init__(self, client: Client | AsyncClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            found = method(*arguments, **options)
            if isinstance(found, AsyncGenerator):
                return self._drain(found)
            if inspect.iscoroutine(found):
                return self._runner.run(found)
            return found

        return call

    def hear(self) -> None:
        """Let the loop, if there is one, hear what has arrived."""
        for _ in range(3):
            self._runner.run(asyncio.sleep(0))

    def _drain(self, found: AsyncGenerator[Any, None]) -> Iterator[Any]:
        async def step() -> Any:
            return await anext(found, None)

        try:
            while (item := self._runner.run(step())) is not None:
                yield item
        finally:
            self._runner.run(found.aclose())


@contextmanager
def connect(kind: str, *arguments: Any, **options: Any) -> Iterator[Any]:
    """Return a client of either kind, closed at the end."""
    with asyncio.Runner() as runner:
        if kind == "sync":
            with Client(*arguments, **options) as client:
                yield Both(client, runner)
            return
        aio = AsyncClient(*arguments, **options)
        try:
            yield Both(aio, runner)
        finally:
            runner.run(aio.close())
