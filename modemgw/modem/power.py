"""Switching a modem from outside: the privileged helper, or a command of the owner.

The daemon itself may do neither. The helper (systemd/modemgw-power.socket) runs as
root for the length of one request and knows two verbs; a command of the owner is a
list of words, run without a shell, with nothing in its environment but PATH.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from modemgw.errors import ModemError
from modemgw.modem.ladder import Rung

HELPER_S = 60.0
HOOK_S = 60.0
MAX_ANSWER = 500
HELPER = "helper"  # instead of a command: let the helper do it (uhubctl)

Hook = tuple[str, ...]


class Power:
    """What the configuration allows.

    `hook` gives the command that cuts the power of a modem, (HELPER,) for the
    helper, None where there is none. `helper` is the socket of the helper.
    """

    def __init__(self, hook: Callable[[str], Hook | None], helper: Path | None) -> None:
        self._hook = hook
        self.helper = helper

    def tools(self, modem: str, usb: str | None) -> tuple[Rung, ...]:
        """Return the heavy rungs that exist for this modem."""
        found = []
        has_helper = usb is not None and self._has_helper()
        if has_helper:
            found.append(Rung.REAUTHORISE)
        hook = self._hook(modem)
        if hook == (HELPER,):
            if has_helper:
                found.append(Rung.POWER)
        elif hook is not None and (usb is not None or not _wants_usb(hook)):
            found.append(Rung.POWER)
        return tuple(found)

    async def reauthorise(self, usb: str) -> None:
        """Take the device off the bus and back; raises ModemError."""
        await self._ask_helper(f"reauthorise {usb}")

    async def cycle(self, modem: str, usb: str | None) -> None:
        """Switch it off and on; raises ModemError."""
        hook = self._hook(modem)
        if hook is None:
            raise ModemError("no command that cuts the power is configured")
        if hook == (HELPER,):
            await self._ask_helper(f"power {usb}")
        else:
            await _run([filled(word, modem, usb) for word in hook])

    def _has_helper(self) -> bool:
        return self.helper is not None and self.helper.exists()

    async def _ask_helper(self, request: str) -> None:
        try:
            async with asyncio.timeout(HELPER_S):
                reader, writer = await asyncio.open_unix_connection(self.helper)
                try:
                    writer.write(request.encode("ascii") + b"\n")
                    await writer.drain()
                    answer = await reader.read(MAX_ANSWER)
                finally:
                    writer.close()
        except (OSError, TimeoutError) as exc:
            raise ModemError(f"the power helper: {str(exc) or 'no answer'}") from None
        said = answer.decode("utf-8", "replace").strip()
        if said != "ok":
            raise ModemError(f"the power helper: {said or 'no answer'}")


def filled(word: str, modem: str, usb: str | None) -> str:
    """Put in what a word of a command may name.

    >>> filled("{hub}:{port}", "front", "1-1.3")
    '1-1:3'
    """
    cut = "." if usb is not None and "." in usb else "-"
    hub, _, port = (usb or "").rpartition(cut)
    names = {"modem": modem, "usb": usb or "", "hub": hub, "port": port}
    for name, value in names.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _wants_usb(hook: Hook) -> bool:
    return any(
        f"{{{name}}}" in word for word in hook for name in ("usb", "hub", "port")
    )


async def _run(argv: list[str]) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except OSError as exc:
        raise ModemError(f"{argv[0]} cannot be run: {exc.strerror or exc}") from None
    try:
        async with asyncio.timeout(HOOK_S):
            _, said = await process.communicate()
    except TimeoutError:
        raise ModemError(f"{argv[0]} did not end within {HOOK_S:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        why = lines[-1][:MAX_ANSWER] if lines else ""
        raise ModemError(f"{argv[0]} ended with {process.returncode}: {why}")
