"""The lock that keeps a second daemon out of a data directory."""

import fcntl
import os
from pathlib import Path

from modemgw.errors import StoreError


class DirectoryLock:
    """An exclusive flock on `<directory>/lock`, which holds the owner's pid.

    The kernel lets go of it when the process ends, however it ends.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / "lock"
        try:
            # Through no link: what it leads to would be emptied.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(path, flags, 0o640)
        except OSError as exc:
            raise StoreError(f"cannot open {str(path)!r}: {exc.strerror}") from exc
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._fd, 32).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise StoreError(
                f"the data directory {str(directory)!r} is in use"
                f" by another modemgw (process {owner or 'unknown'})"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let another process have the directory. Harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
