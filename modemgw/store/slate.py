"""What was last typed to each modem, kept where it outlives the process.

The database says `submitting` before a TPDU is typed; the slate says that it was
typed, and then what the modem answered. It is a file in memory (store/memory.py):
a note survives kill -9 and not a power cut, whatever becomes of the disk, and it is
only believed if the run that died had a slate at all. Two notes of a few
microseconds for each TPDU, and no write to the disk.

    part marked, not on the slate    never typed: it did not leave
    on the slate, with an answer     that is what became of it
    on the slate, without            nobody knows
"""

import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from zlib import crc32

from modemgw.store.memory import memory_file, open_memory_file

META_KEY = "slate"  # under which the database keeps the proof of a run
_NAME_OCTETS = 16
_LINE = struct.Struct(f"<{_NAME_OCTETS}sqqBh")
_CHECK = struct.Struct("<I")
_LINE_OCTETS = _LINE.size + _CHECK.size
_TOKEN_OCTETS = 32
_MAX_LINES = 4096  # far more modems than a machine has ports


class Stage(IntEnum):
    """How far a submit came."""

    TYPED = 1  # or about to be
    ACCEPTED = 2
    REFUSED = 3
    UNCLEAR = 4  # given up: no answer came


@dataclass(frozen=True, slots=True)
class Line:
    """The last note about one modem.

    `begun_at` is the `submitting_at` of the part: the same part may be typed again
    later. `tp_mr` is -1 where the modem gave none, or the stage has none.
    """

    part_id: int
    begun_at: int
    stage: Stage
    tp_mr: int


class Slate:
    """One file of fixed lines, one for each modem. Used in the loop, never flushed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._places: dict[str, tuple[bytes, int]] = {}

    @classmethod
    def open(cls, data_dir: Path) -> "Slate | None":
        """Open or make the slate of a data directory; None where there can be none."""
        path = place(data_dir)
        try:
            return None if path is None else cls(open_memory_file(path))
        except OSError:
            return None

    def read(self, token: str) -> "dict[bytes, Line] | None":
        """Return the last run's notes; None unless it wrote `token` at its start."""
        try:
            data = os.pread(self._descriptor, _TOKEN_OCTETS, 0)
            if not token or data != token.encode("ascii"):
                return None
            notes = os.pread(self._descriptor, _MAX_LINES * _LINE_OCTETS, _TOKEN_OCTETS)
        except OSError:
            return None
        lines: dict[bytes, Line] = {}
        for at in range(0, len(notes) - _LINE_OCTETS + 1, _LINE_OCTETS):
            packed = notes[at : at + _LINE.size]
            (check,) = _CHECK.unpack_from(notes, at + _LINE.size)
            if check != crc32(packed):
                return None  # torn by the kill itself: whose it was is not known
            name, part_id, begun_at, stage, tp_mr = _LINE.unpack(packed)
            lines[name] = Line(part_id, begun_at, Stage(stage), tp_mr)
        return lines

    def begin(self, token: str) -> bool:
        """Wipe it for a new run, which `token` proves; False where it takes nothing.

        Not before the database knows the token, and all that the notes said: where
        the disk says no, the next start needs them again.
        """
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, token.encode("ascii"), 0)
        except OSError:
            return False
        self._places.clear()
        return True

    def note(
        self, modem: str, part_id: int, begun_at: int, stage: Stage, tp_mr: int = -1
    ) -> None:
        """Write what happened; OSError where the disk says no.

        Who is about to type has to void it then: an absent line means "not typed".
        """
        place = self._places.get(modem)
        if place is None:
            number = len(self._places)
            if number >= _MAX_LINES:
                raise OSError("there are more modems than the slate has lines")
            place = (key(modem), _TOKEN_OCTETS + number * _LINE_OCTETS)
            self._places[modem] = place
        name, offset = place
        packed = _LINE.pack(name, part_id, begun_at, stage, tp_mr)
        line = packed + _CHECK.pack(crc32(packed))
        if os.pwrite(self._descriptor, line, offset) != _LINE_OCTETS:
            raise OSError("the slate took half a line")

    def void(self) -> None:
        """Make it worth nothing to the next run; raises OSError.

        It takes no room on a full disk.
        """
        os.ftruncate(self._descriptor, 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def new_token() -> str:
    """Return what a run proves by that the notes are its own."""
    return token_hex(_TOKEN_OCTETS // 2)


def place(data_dir: Path) -> Path | None:
    """Return where the slate of a data directory is; None: there can be none."""
    return memory_file(data_dir, "slate")


def remove(data_dir: Path) -> None:
    """Leave nothing behind in memory; only after a run that ended in order."""
    path = place(data_dir)
    if path is not None:
        with suppress(OSError):
            path.unlink()


def key(modem: str) -> bytes:
    """Return how a modem is called on the slate."""
    return blake2b(modem.encode("utf-8"), digest_size=_NAME_OCTETS).digest()
