"""Opens files that people name, and waits for none of them."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def open_plain(path: Path) -> IO[bytes]:
    """Open a file to read; raises OSError, also where it is a pipe or a device.

    A pipe would be waited for, for ever perhaps, and a device may do something.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "a device")
        raise OSError(errno.EINVAL, f"this is {what} and no plain file", str(path))
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags), "rb")
