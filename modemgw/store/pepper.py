"""A secret of this gateway for keyed hashes, in a file beside the database.

What is hashed with it (numbers that were erased, one-time codes) cannot be found
again by trying all values on a copy of the database alone. A lost file means that
an erased number is not known again, and that open codes do not open.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from modemgw.errors import StoreError
from modemgw.store.flush import flush

FILE_NAME = "pepper"
OCTETS = 32
_PSEUDONYM_OCTETS = 10  # of the hash: numbers are few, and ids are short
PSEUDONYM = "erased_"


class Pepper:
    """Makes keyed hashes; the file is made when the first one is asked for."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._key = b""

    def digest(self, purpose: str, *parts: str) -> bytes:
        """Return a keyed hash, another one for each purpose. Raises StoreError."""
        if not self._key:
            self._key = self._read() or self._make()
        told = "\0".join((purpose, *parts)).encode()
        return hmac.new(self._key, told, hashlib.sha256).digest()

    def pseudonym(self, number: str) -> str:
        """Return what stands for a number that was erased; the same for the same."""
        return PSEUDONYM + self.digest("number", number)[:_PSEUDONYM_OCTETS].hex()

    def _read(self) -> bytes:
        try:
            key = self._path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as exc:
            raise self._failed("read", exc) from exc
        if len(key) != OCTETS:
            raise StoreError(f"{str(self._path)!r} is damaged: restore it from a copy")
        return key

    def _make(self) -> bytes:
        """Write a new secret whole or not at all: a power cut leaves no half of it."""
        key, draft = secrets.token_bytes(OCTETS), self._path.with_suffix(".new")
        try:
            with suppress(FileNotFoundError):
                draft.unlink()
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._path)
            flush(self._path.parent)
        except OSError as exc:
            raise self._failed("write", exc) from exc
        return key

    def _failed(self, what: str, exc: OSError) -> StoreError:
        return StoreError(f"cannot {what} {str(self._path)!r}: {exc.strerror}")
