"""Clients that send messages to a daemon, for the benchmarks."""

import asyncio
import time

import aiohttp

from tests.scenario.box import Box


async def post(box: Box, clients: int, messages: int) -> float:
    """Send one message per request from so many clients; return the seconds."""
    headers = {"Authorization": f"Bearer {box.key}"}
    numbers = iter(range(messages))

    async def client(session: aiohttp.ClientSession) -> None:
        for n in numbers:
            body = {"to": f"+49151{n:08d}", "text": f"benchmark {n}"}
            async with session.post(f"{box.url}/v1/messages", json=body) as answer:
                await answer.read()
                if answer.status != 202:
                    raise SystemExit(f"answered {answer.status}")

    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        began = time.perf_counter()
        await asyncio.gather(*(client(session) for _ in range(clients)))
        return time.perf_counter() - began
