"""What root made in the data directory belongs to whom the directory belongs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def handed_over(data_dir: Path) -> Iterator[None]:
    """Give away at the end what this command made there, if it ran as root.

    Else the daemon, which is another user, could not open its own lock or database.
    """
    try:
        yield
    finally:
        with suppress(OSError):
            owner = data_dir.stat()
            if os.geteuid() == 0 and owner.st_uid != 0:
                _give(data_dir, owner.st_uid, owner.st_gid)


def _give(folder: Path, uid: int, gid: int) -> None:
    for path in folder.iterdir():
        about = path.lstat()
        if about.st_uid != 0 or path.is_symlink():
            continue  # somebody's, on purpose
        os.chown(path, uid, gid, follow_symlinks=False)
        if path.is_dir():
            _give(path, uid, gid)
