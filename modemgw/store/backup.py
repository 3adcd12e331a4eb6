"""Making one backup: copied, checked, sealed where that is wanted, put on the shelf.

A backup is one SQLite file, the database as it was, with a few more rows in `meta`:
what it is (`backup.about`), the configuration file, and, where it is sealed, the files
with secrets beside it. Unsealed, a backup holds no secret that the database has not.
"""

import fcntl
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import IO

from modemgw.errors import DiskFull, StoreError
from modemgw.store import meta, sealing, snapshot
from modemgw.store.database import FILE_NAME
from modemgw.store.faults import as_store_error
from modemgw.store.owner import as_owner_of
from modemgw.store.shelf import SPARE_OCTETS, Place, Shelf, free_octets
from modemgw.store.snapshot import Copied, Stop

ABOUT, CONFIGURATION, SECRETS = "backup.about", "backup.config", "backup.secrets"
LOCK = "backup.lock"
_SPOOL = ".backup-"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Luggage:
    """What travels with the database. `files`: name to octets, only where sealed."""

    version: str
    configuration: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be copied, with what, for whom, and how fast."""

    source: Path
    luggage: Luggage
    recipients: Sequence[str]
    now_ms: int
    rest: float
    stop: Stop


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that lies on the shelf, whole and flushed."""

    path: Path
    made_at: int
    octets: int
    seconds: float
    sealed: bool
    copied: Copied
    removed: tuple[str, ...]  # names of older ones that went


def make(
    data_dir: Path,
    place: Place,
    luggage: Luggage,
    *,
    now_ms: int,
    recipients: Sequence[str] = (),
    rest: float = snapshot.REST,
    stop: Stop = snapshot.never,
) -> Made:
    """Make a backup; blocks, so call it in a thread of its own.

    Raises StoreError (NoPlace, DiskFull, Corrupt, Stopped, CannotSeal); then nothing
    new lies on the shelf, and nothing old has gone but what was in the way.
    """
    for one in recipients:
        sealing.check_recipient(one)
    source = data_dir / FILE_NAME
    with _alone(data_dir):
        return _make(place, _Wish(source, luggage, recipients, now_ms, rest, stop))


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Keep a second backup of the same database out: each clears what others left."""
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with as_owner_of(data_dir):
            lock = os.open(data_dir / LOCK, flags, 0o640)
    except OSError:  # who may only read the database makes its backup all the same
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StoreError("another backup of this database is being made") from None
    try:
        yield
    finally:
        os.close(lock)


def _make(place: Place, wish: _Wish) -> Made:
    sealed = bool(wish.recipients)
    try:
        size = _size(wish.source)
        with Shelf.open(place, wish.source.parent) as shelf:
            shelf.clear()
            shelf.make_room(size)
            name = shelf.free_name(wish.now_ms, sealed=sealed)
            with shelf.half(name) as (path, file):
                if sealed:
                    copied = _sealed(file, wish)
                else:
                    plain = replace(wish.luggage, files={})
                    copied = _copied(path, replace(wish, luggage=plain))
                octets = os.fstat(file).st_size
            removed = tuple(shelf.rotate(name))
    except OSError as exc:
        raise StoreError(f"the backup failed: {exc.strerror or exc}") from exc
    made = place.path / name
    return Made(made, wish.now_ms, octets, copied.seconds, sealed, copied, removed)


def _copied(target: Path, wish: _Wish) -> Copied:
    copied = snapshot.copy(wish.source, target, rest=wish.rest, stop=wish.stop)
    luggage = wish.luggage
    about = {
        "made_at": wish.now_ms,
        "version": luggage.version,
        "newest_at": copied.newest_at,
        "counts": copied.counts,
    }
    rows = {ABOUT: json.dumps(about)}
    if luggage.configuration is not None:
        rows[CONFIGURATION] = luggage.configuration
    if luggage.files:
        files = {name: octets.hex() for name, octets in luggage.files.items()}
        rows[SECRETS] = json.dumps(files)
    try:
        with (
            target.open("rb") as file,
            closing(snapshot.writing(target, file.fileno())) as db,
        ):
            db.execute("BEGIN")
            for key, value in rows.items():
                meta.put(db, key, value)
            db.execute("COMMIT")
    except sqlite3.Error as exc:
        raise as_store_error(exc, target) from exc
    return copied


def _sealed(file: int, wish: _Wish) -> Copied:
    """Copy beside the database, whose disk knows it all anyway, and seal from there."""
    home = wish.source.parent
    size, free = _size(wish.source), free_octets(home)
    if free < size + SPARE_OCTETS:
        raise DiskFull(
            f"an encrypted backup is first copied to {str(home)!r}: that takes"
            f" {size >> 20} MiB and {free >> 20} MiB are free"
        )
    with as_owner_of(home):
        clear_spools(home)
        return _through_spool(file, wish)


def _through_spool(file: int, wish: _Wish) -> Copied:
    spool = Path(tempfile.mkdtemp(prefix=_SPOOL, dir=wish.source.parent))
    try:
        plain = spool / "copy.db"
        plain.touch(mode=0o600, exist_ok=False)
        copied = _copied(plain, wish)
        with plain.open("rb") as reader, os.fdopen(os.dup(file), "w+b") as writer:
            through = _Through(writer, wish.stop)
            through.seal(reader, wish.recipients)
            writer.flush()
            os.fsync(writer.fileno())
            writer.seek(0)
            if _digest(writer) != through.digest.digest():
                raise StoreError(
                    "what was written is not what is there: the drive is failing"
                )
    finally:
        rmtree(spool, ignore_errors=True)
    return copied


def clear_spools(data_dir: Path) -> None:
    """Remove copies that a backup which was cut short left beside the database."""
    for left in data_dir.glob(f"{_SPOOL}*"):
        if left.is_dir() and not left.is_symlink():
            rmtree(left, ignore_errors=True)


class _Through:
    """A stream to write to that remembers the digest of what went through.

    And what went wrong: of that the library passes on the words alone.
    """

    def __init__(self, writer: IO[bytes], stop: Stop) -> None:
        self.digest = hashlib.sha256()
        self._writer = writer
        self._stop = stop
        self._fault: Exception | None = None

    def seal(self, reader: IO[bytes], recipients: Sequence[str]) -> None:
        """Encrypt a stream into this one. Raises CannotSeal, OSError, Stopped."""
        try:
            sealing.seal(reader, self, recipients)  # type: ignore[arg-type]
        except sealing.CannotSeal as exc:
            raise self._fault or exc from None

    def write(self, octets: bytes) -> int:
        try:
            return self._write(octets)
        except Exception as exc:
            self._fault = exc
            raise

    def flush(self) -> None:
        self._writer.flush()

    def _write(self, octets: bytes) -> int:
        if self._stop():
            raise snapshot.Stopped("the backup was stopped")
        self.digest.update(octets)
        return self._writer.write(octets)


def _digest(stream: IO[bytes]) -> bytes:
    found = hashlib.sha256()
    # Read from the drive, not from what the kernel still has of it.
    with suppress(OSError, AttributeError):
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    while piece := stream.read(_PIECE):
        found.update(piece)
    return found.digest()


def _size(source: Path) -> int:
    """Return what a copy takes at most: the file, and what is in the log."""
    size = source.stat().st_size
    with suppress(OSError):
        size += source.with_name(f"{source.name}-wal").stat().st_size
    return size
