"""The one secret of an installation, from which others are derived.

Some dialects need a secret that both sides know in the clear. It is not stored but
worked out: HMAC of the purpose and of what it belongs to under this master. The
master lies beside the database and not in it, so a copy of the database alone
gives nothing away.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from modemgw.errors import StoreError

NAME = "master.key"
OCTETS = 32


def load(data_dir: Path) -> bytes:
    """Return the master of this data directory; the first time one is made.

    Raises StoreError where it cannot be read or written, or is no master.
    """
    path = data_dir / NAME
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except OSError as exc:
        raise StoreError(f"{path}: cannot be read: {exc.strerror}") from exc
    try:
        _make(path)
        return _read(path)
    except OSError as exc:
        raise StoreError(f"{path}: cannot be written: {exc.strerror}") from exc


class Master:
    """The master of one data directory, read or made when it is first needed."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._octets: bytes | None = None

    @property
    def octets(self) -> bytes:
        """The secret itself; raises StoreError as `load` does."""
        if self._octets is None:
            self._octets = load(self._data_dir)
        return self._octets


def derive(master: bytes, purpose: str, *about: bytes) -> bytes:
    """Return 32 octets that only who has the master can work out again."""
    # Lengths before the parts: no two lists of parts give the same octets.
    parts = (purpose.encode(), *about)
    octets = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(master, octets, hashlib.sha256)


def _read(path: Path) -> bytes:
    text = path.read_text("ascii", "replace").strip()
    try:
        master = bytes.fromhex(text)
    except ValueError:
        master = b""
    if len(master) != OCTETS:
        raise StoreError(f"{path}: is not {OCTETS} octets in hexadecimal")
    return master


def _make(path: Path) -> None:
    """Write a new one whole or not at all; where another was quicker, keep that."""
    beside = path.with_name(f"{NAME}.{secrets.token_hex(4)}")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            os.write(file, secrets.token_hex(OCTETS).encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
        try:
            os.link(beside, path)
        except FileExistsError:
            return
    finally:
        beside.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
