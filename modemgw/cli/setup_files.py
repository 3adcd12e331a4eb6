"""Writes what `modemgw setup` has made: all of it or nothing, and never over a file.

Every file is written in full beside its place and synced before the first of them
takes its name; what was there before is kept under another name.
"""

import difflib
import errno
import os
import pwd
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from modemgw.errors import ModemgwError
from modemgw.store.flush import flush

CONFIG_MODE, PIN_MODE = 0o640, 0o600
FOLDER_MODE = 0o750
SERVICE_USER = "modemgw"
SYSTEM = Path("/etc")

Owner = tuple[int, int]  # user and group


class NotWritten(ModemgwError):
    """A file could not be written; everything is as it was."""


_CURES = {
    errno.EACCES: "start it with sudo, or give --config FILE",
    errno.EPERM: "start it with sudo, or give --config FILE",
    errno.EROFS: "this disk can only be read: give --config FILE",
    errno.ENOSPC: "make room on the disk",
}


def check(config: Path) -> None:
    """Raise NotWritten where it is plain that the file cannot be written."""
    place = config.absolute().parent
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise _not_written(config, PermissionError(errno.EACCES, "permission denied"))
    if config.exists() and not config.is_file():
        raise NotWritten(f"{config} is no plain file: give --config FILE")


def _not_written(config: Path, error: OSError) -> NotWritten:
    why = (error.strerror or str(error)).lower()
    cure = _CURES.get(error.errno or 0, "give --config FILE")
    return NotWritten(f"cannot write {config}: {why}; nothing was changed: {cure}")


def difference(path: Path, text: str) -> list[str]:
    """Return the lines of a diff from the file as it is to `text`; [] for none."""
    try:
        before = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        before = []
    except OSError as exc:
        raise NotWritten(f"cannot read {path}: {exc.strerror}") from None
    found = difflib.unified_diff(
        before, text.splitlines(), str(path), "as it would be", lineterm="", n=1
    )
    return list(found)


def write(
    config: Path, text: str, pins: Mapping[str, str], now: datetime
) -> Path | None:
    """Write the configuration and the PINs beside it; return the backup, if any.

    Raises NotWritten.
    """
    folder, owner = config.parent, service_owner(config)
    wanted = [
        *((folder / name, f"{pin}\n", PIN_MODE, owner) for name, pin in pins.items()),
        # The daemon reads its configuration and changes nothing in it.
        (config, text, CONFIG_MODE, None if owner is None else (0, owner[1])),
    ]
    staged: list[tuple[Path, Path]] = []
    try:
        _make(folder, owner)
        for place, content, mode, whose in wanted:
            temporary = _temporary(place)
            staged.append((temporary, place))
            _fill(temporary, content, mode, whose)
        backup = _keep(config, now)
        for temporary, place in staged:
            temporary.replace(place)
        with suppress(OSError):  # they are there; only a power cut could tell
            flush(folder)
    except OSError as exc:
        raise _not_written(config, exc) from None
    finally:
        for temporary, _ in staged:
            with suppress(OSError):
                temporary.unlink()
    return backup


def service_owner(config: Path) -> Owner | None:
    """Return who reads a configuration of the system; None: whoever wrote it."""
    if os.geteuid() != 0 or not config.absolute().is_relative_to(SYSTEM):
        return None
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid


def make_data_dir(path: Path, owner: Owner) -> None:
    """Make the directory that systemd would make for the service."""
    if not path.exists():
        path.mkdir(FOLDER_MODE, parents=True)
        os.chown(path, *owner, follow_symlinks=False)


def _make(folder: Path, owner: Owner | None) -> None:
    """Make the directory where there is none; the service has to get into it."""
    if not folder.is_dir():
        folder.mkdir(FOLDER_MODE, parents=True)
        if owner is not None:
            os.chown(folder, 0, owner[1])


def _temporary(place: Path) -> Path:
    """Make an empty file beside `place` that nobody else may read."""
    handle, name = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
    os.close(handle)
    return Path(name)


def _fill(path: Path, content: str, mode: int, owner: Owner | None) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    if owner is not None:
        os.chown(path, *owner)
    path.chmod(mode)


def _keep(config: Path, now: datetime) -> Path | None:
    """Copy the file that is there, so that it can be had back."""
    if not config.exists():
        return None
    backup = config.with_name(f"{config.name}.{now:%Y%m%d-%H%M%S}.bak")
    try:
        shutil.copy2(config, backup)
        flush(backup)
    except BaseException:
        backup.unlink(missing_ok=True)
        raise
    return backup
