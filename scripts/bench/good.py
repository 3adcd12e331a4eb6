"""Be a good client: good.py HOST PORT KEY, in a process of its own.

Asks every 10 ms on a new connection, until its input ends; prints the milliseconds
of each answer. Ends with 1 where it is told anything but 200, or nothing for 10 s.
"""

import asyncio
import sys
import time

ASK = (
    "GET /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Authorization: Bearer {}\r\nConnection: close\r\n\r\n"
)


async def behave(host: str, port: int, key: str) -> None:
    """Ask, and print how long it took."""
    while True:
        began = time.perf_counter()
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(ASK.format(key).encode())
            answer = await reader.read()
        writer.close()
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"the good client was told {answer[:200]!r}")
        print(f"{(time.perf_counter() - began) * 1000:.1f}", flush=True)
        await asyncio.sleep(0.01)


async def main() -> None:
    """Behave until nobody wants to know any more."""
    host, port, key = sys.argv[1:]
    good = asyncio.create_task(behave(host, int(port), key))
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait({good, over}, return_when=asyncio.FIRST_COMPLETED)
    if good.done():
        good.result()
    good.cancel()


if __name__ == "__main__":
    asyncio.run(main())
