"""Commands that may be refused: a refusal is an answer, not an error."""

from typing import TypeVar

from modemgw.at.commands import Command
from modemgw.errors import AtError, AtTimeout
from modemgw.modem.channel import AtChannel

T = TypeVar("T")


class Asker:
    """Asks over one channel and survives refusals.

    `silences` is how many commands without any answer are survived too: some
    modems never end the answer to a command they do not like.
    """

    def __init__(self, channel: AtChannel, *, silences: int = 0) -> None:
        self.channel = channel
        self._silences = silences

    async def ask(self, command: Command[T]) -> T | None:
        """Return what the answer says, None where it was refused."""
        try:
            return await self.channel.run(command)
        except AtError:
            return None
        except AtTimeout:
            await self._survive()
            return None

    async def does(self, command: Command[T]) -> bool:
        """Tell whether the modem said OK."""
        try:
            await self.channel.run(command)
        except AtError:
            return False
        except AtTimeout:
            await self._survive()
            return False
        return True

    async def _survive(self) -> None:
        """Find the step again; called while an AtTimeout is handled."""
        self._silences -= 1
        if self._silences < 0:
            raise  # noqa: PLE0704 - the AtTimeout that our caller handles
        await self.channel.resync()
