"""Writes entries with fields to the journal: a datagram on its socket.

The protocol is one line of text per field, or a length and octets where a value has
more than one line; see https://systemd.io/JOURNAL_NATIVE_PROTOCOL. What is larger than
a datagram goes through a sealed memory file. So there is no library behind it.
"""

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
PATIENCE_S = 1.0  # for a journal that falls behind; none while it stays so
_TOO_LARGE = {errno.EMSGSIZE, errno.ENOBUFS}
_SEALS = (
    fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
)


class Behind(OSError):
    """The journal takes nothing: it hangs, or more comes than it can write."""


class JournalSocket:
    """The one-way line to the journal."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = str(path)
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.settimeout(PATIENCE_S)

    def close(self) -> None:
        """Let go of the socket."""
        self._line.close()

    def send(self, entry: Mapping[str, str]) -> None:
        """Write one entry; names are capitals, digits and `_`.

        Raises OSError: Behind where the journal takes nothing at the moment.
        """
        octets = b"".join(_field(name, value) for name, value in entry.items())
        try:
            self._send(octets)
        except (TimeoutError, BlockingIOError) as exc:
            self._line.settimeout(0)
            raise Behind("the journal is behind") from exc
        if self._line.gettimeout() == 0:
            self._line.settimeout(PATIENCE_S)

    def _send(self, octets: bytes) -> None:
        try:
            self._line.sendto(octets, self._path)
        except OSError as exc:
            if exc.errno not in _TOO_LARGE:
                raise
            self._send_large(octets)

    def _send_large(self, octets: bytes) -> None:
        kept = os.memfd_create("modemgw-log", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            with os.fdopen(kept, "wb", closefd=False) as file:
                file.write(octets)
            fcntl.fcntl(kept, fcntl.F_ADD_SEALS, _SEALS)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", kept))]
            self._line.sendmsg([], rights, 0, self._path)
        finally:
            os.close(kept)


def _field(name: str, value: str) -> bytes:
    text = value.encode("utf-8", "surrogateescape")
    if b"\n" not in text:
        return name.encode("ascii") + b"=" + text + b"\n"
    length = struct.pack("<Q", len(text))
    return name.encode("ascii") + b"\n" + length + text + b"\n"
