"""A position in received octets: every decoder in this package reads through it."""

from modemgw.errors import PduDecodeError


class Cursor:
    """Takes octets one field after the other and says which field was cut off."""

    __slots__ = ("at", "octets")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def octet(self, field: str) -> int:
        """Return the next octet as a number."""
        at = self.at
        if at >= len(self.octets):
            raise self.error(f"{field} is missing")
        self.at = at + 1
        return self.octets[at]

    def take(self, count: int, field: str) -> bytes:
        """Return the next `count` octets; PduDecodeError if there are fewer."""
        end = self.at + count
        if end > len(self.octets):
            raise self.error(
                f"{field} needs {count} octets, {len(self.octets) - self.at} are left"
            )
        taken = self.octets[self.at : end]
        self.at = end
        return taken

    def back_to(self, at: int) -> None:
        """Give back what was taken since the cursor stood at `at`."""
        self.at = at

    @property
    def left(self) -> int:
        """How many octets nobody has taken yet."""
        return len(self.octets) - self.at

    def error(self, why: str) -> PduDecodeError:
        """Return (not raise) the error that keeps all the octets."""
        return PduDecodeError(why, self.octets)


class TracingCursor(Cursor):
    """Remembers which octets were taken for which field, for people to read."""

    __slots__ = ("taken",)

    def __init__(self, octets: bytes) -> None:
        super().__init__(octets)
        self.taken: list[tuple[str, bytes]] = []

    def octet(self, field: str) -> int:
        """Take as Cursor does, and note the field."""
        number = super().octet(field)
        self.taken.append((field, bytes((number,))))
        return number

    def take(self, count: int, field: str) -> bytes:
        """Take as Cursor does, and note the field."""
        octets = super().take(count, field)
        if octets:
            self.taken.append((field, octets))
        return octets

    def back_to(self, at: int) -> None:
        """Give octets back, and forget the fields they were taken for."""
        super().back_to(at)
        size = sum(len(octets) for _, octets in self.taken)
        while size > at:
            size -= len(self.taken.pop()[1])
