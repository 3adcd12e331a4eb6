"""Where the daemon and the commands that talk to it meet: the admin socket."""

import hashlib
import os
import tempfile
from pathlib import Path

from modemgw.config.model import Config

MAX_SOCKET_PATH = 107  # octets: sun_path has 108, one is the NUL behind it
SOCKET_NAME = "modemgw.sock"
SYSTEM_RUNTIME_DIR = Path("/run/modemgw")  # RuntimeDirectory= of the unit


def admin_socket(config: Config) -> Path:
    """Return the path of the admin socket that belongs to the data directory.

    `<data dir>/modemgw.sock`; where that is longer than a socket path may be, a
    name made from it in the runtime directory. Both sides come to the same
    answer, as long as they run as the same user or below systemd.
    """
    data_dir = config.data_dir
    path = data_dir.absolute() / SOCKET_NAME
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    return _runtime_dir() / f"modemgw-{digest}.sock"


def certificates(config: Config) -> Path:
    """Return the directory of the certificates that the gateway makes itself."""
    return config.data_dir / "tls"


def ca_certificate(config: Config) -> Path:
    """Return the certificate of the gateway's own authority."""
    return certificates(config) / "ca.pem"


def _runtime_dir() -> Path:
    """Return a directory that only this user (or root) can write to; it may be new."""
    if SYSTEM_RUNTIME_DIR.is_dir() and os.access(SYSTEM_RUNTIME_DIR, os.W_OK):
        return SYSTEM_RUNTIME_DIR
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if given and Path(given).is_dir():
        return Path(given)
    own = Path(tempfile.gettempdir()) / f"modemgw-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    # Somebody else may have made it first, to listen in our place.
    found = own.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o022 or own.is_symlink():
        raise PermissionError(f"{own} belongs to somebody else")
    return own
