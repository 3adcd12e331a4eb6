"""Whether a memory of the card or the modem is full, told when it begins and ends.

While one is full the network is refused what it brings, and comes back with it
after minutes or hours. The modem says so, or its counters do.
"""

from collections.abc import Callable

Tell = Callable[[str, dict[str, object]], None]


class Fullness:
    """What is known of the memories of one modem. `tell` hears of changes."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._full: set[str] = set()  # memories at their last count
        self._is_told = False

    def said(self, text: str) -> None:
        """Hear that the modem says so."""
        self._begin({"said": text})

    def counted(self, memory: str | None, used: int, total: int) -> None:
        """Hear how many messages a memory holds."""
        if 0 < total <= used:
            self._full.add(memory or "")
            self._begin({"memory": memory, "messages": used})
        else:
            self._full.discard(memory or "")

    def swept(self) -> None:
        """Hear that all memories were read out."""
        if self._is_told and not self._full:
            self._is_told = False
            self._tell("storage_freed", {})

    def _begin(self, detail: dict[str, object]) -> None:
        if not self._is_told:
            self._is_told = True
            self._tell("storage_full", detail)
