"""Putting a backup in the place of the database: checked first, swapped in one go.

    unpack   the backup becomes a database beside the real one, opened, checked,
             brought to the schema of this version
    swap     the old database is renamed, never deleted; the new one takes its place

A crash in the middle of `swap` leaves a marker, and nobody opens the database before
`db restore` was run again.
"""

import json
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj, rmtree

from modemgw.errors import Corrupt, DiskFull, StoreError
from modemgw.ids import IdSource
from modemgw.store import meta, sealing, slate, snapshot
from modemgw.store.backup import ABOUT, CONFIGURATION, SECRETS
from modemgw.store.connection import Connection, configure, connect
from modemgw.store.database import CLEAN, FILE_NAME, RESTORING
from modemgw.store.faults import as_store_error
from modemgw.store.flush import flush
from modemgw.store.migrate import migrate, recognise
from modemgw.store.owner import as_oneself, private_file
from modemgw.store.shelf import NAME, SPARE_OCTETS, free_octets
from modemgw.store.sql import sql

_WORK = ".restore-"
_SIDE_FILES = ("-wal", "-shm", "-journal")
_HEAD = 64
MAX_FILES = 200  # travel with a sealed backup


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup made ready beside the database. `made_at`: Unix ms."""

    path: Path
    made_at: int
    sealed: bool
    version: str  # of the modemgw that made it; empty: it was copied by hand
    messages: int
    newest_message: int  # row id, 0 where there is none
    configuration: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def unpack(
    backup: Path, data_dir: Path, identities: Sequence[str] = ()
) -> Iterator[Unpacked]:
    """Make a backup ready in `data_dir`; what is left of it is removed at the end.

    Raises StoreError: Corrupt where it is damaged, SchemaMismatch where it is newer or
    not ours, CannotSeal where no key opens it, DiskFull. The database is not touched.
    """
    clear(data_dir)
    work = Path(tempfile.mkdtemp(prefix=_WORK, dir=data_dir))
    try:
        path = work / FILE_NAME
        sealed = _fetch(backup, path, identities)
        yield _ready(path, backup, sealed=sealed)
    finally:
        rmtree(work, ignore_errors=True)


def clear(data_dir: Path) -> None:
    """Remove what a restore that was cut short left."""
    for left in data_dir.glob(f"{_WORK}*"):
        if left.is_dir() and not left.is_symlink():
            rmtree(left, ignore_errors=True)


@contextmanager
def opened(path: Path, ids: IdSource | None = None) -> Iterator[Connection]:
    """Open a database that is being made ready; one file again at the end.

    `ids` goes on behind the newest id in it. Raises StoreError.
    """
    try:
        with closing(connect(path)) as db:
            configure(db)
            db.execute("PRAGMA synchronous=OFF")  # flushed once, by `swap`
            if ids is not None:
                meta.seed(db, ids)
                db.create_function("new_id", 2, ids.new)
            yield db
            db.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as exc:
        raise as_store_error(exc, path) from exc


@contextmanager
def in_place(data_dir: Path, ids: IdSource) -> Iterator[Connection]:
    """Open the database itself, for a person's change, with nothing else running.

    Call it under the lock of the directory. Raises StoreError.
    """
    path = data_dir / FILE_NAME
    if (data_dir / RESTORING).exists():
        raise StoreError(f"a restore in {str(data_dir)!r} was not finished: repeat it")
    if not path.exists():
        raise StoreError(
            f"there is no database in {str(data_dir)!r}: start the gateway once, which"
            " makes one, or look at data_dir"
        )
    try:
        with closing(connect(path)) as db:
            recognise(db, path)
            configure(db)
            migrate(db, path)
            meta.seed(db, ids)
            db.create_function("new_id", 2, ids.new)
            yield db
    except sqlite3.Error as exc:
        raise as_store_error(exc, path) from exc


def swap(data_dir: Path, new: Path, now_ms: int) -> Path | None:
    """Let `new` be the database; return where the old one is kept, if there was one.

    Call it under the lock of the directory. Raises StoreError; either the old database
    is in its place then, or the marker says that none is.
    """
    place = data_dir / FILE_NAME
    marker = data_dir / RESTORING
    try:
        flush(new)
        owner = data_dir.stat()
        if os.geteuid() == 0:
            os.chown(new, owner.st_uid, owner.st_gid)
        new.chmod(0o640)
        kept = _kept(place, marker, now_ms)
        marker.write_text(f"{kept.name}\n" if kept is not None else "\n")
        flush(marker)
        flush(data_dir)
        if kept is not None:
            # The log first: it must never lie beside a database it does not belong to.
            for side in _SIDE_FILES:
                with suppress(FileNotFoundError):
                    _beside(place, side).rename(_beside(kept, side))
            if place.exists():
                place.rename(kept)
        else:
            for side in _SIDE_FILES:
                _beside(place, side).unlink(missing_ok=True)
        flush(data_dir)
        new.rename(place)
        marker.unlink()
        flush(data_dir)
    except OSError as exc:
        raise StoreError(
            f"cannot put the backup in its place: {exc.filename}: {exc.strerror}"
        ) from exc
    return kept


def _fetch(backup: Path, path: Path, identities: Sequence[str]) -> bool:
    """Copy or decrypt the backup; return whether it was encrypted."""
    try:
        # Not waited for: a pipe of that name would never answer.
        with as_oneself():  # perhaps root's alone
            source = os.open(backup, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise StoreError(f"cannot read {str(backup)!r}: {exc.strerror}") from None
    try:
        about = os.fstat(source)
        if not stat.S_ISREG(about.st_mode):
            raise StoreError(f"{str(backup)!r} is no file")
        if (free := free_octets(path.parent)) < about.st_size + SPARE_OCTETS:
            raise DiskFull(
                f"no room beside the database: the backup takes {about.st_size >> 20}"
                f" MiB and {free >> 20} MiB are free"
            )
        with os.fdopen(os.dup(source), "rb") as reader, private_file(path) as writer:
            sealed = sealing.is_sealed(reader.peek(_HEAD)[:_HEAD])
            if sealed and not identities:
                raise sealing.CannotSeal(
                    f"{str(backup)!r} is encrypted: give the secret key that belongs"
                    " to it with --identity FILE"
                )
            if sealed:
                sealing.unseal(reader, writer, identities)
            else:
                copyfileobj(reader, writer, 1 << 20)
    except OSError as exc:
        raise StoreError(f"cannot unpack {str(backup)!r}: {exc.strerror}") from exc
    finally:
        os.close(source)
    return sealed


def _ready(path: Path, backup: Path, *, sealed: bool) -> Unpacked:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            if recognise(db, backup) == 0:
                raise StoreError(f"{str(backup)!r} is empty")
            if problems := snapshot.check(db):
                raise Corrupt(
                    f"the backup {str(backup)!r} is damaged: {problems[0]};"
                    " take an older one"
                )
    except sqlite3.Error as exc:
        error = as_store_error(exc, backup)
        if isinstance(error, Corrupt) and not _looks_like_sqlite(path):
            raise StoreError(f"{str(backup)!r} is no backup of modemgw") from exc
        raise error from exc
    with opened(path) as db:
        copy = migrate(db, path)
        if copy is not None:
            copy.unlink(missing_ok=True)
        about = json.loads(meta.get(db, ABOUT) or "{}")
        configuration, files = meta.get(db, CONFIGURATION), meta.get(db, SECRETS)
        # What was typed since the backup says nothing about what was on its way then.
        for key in (ABOUT, CONFIGURATION, SECRETS, slate.META_KEY):
            db.execute(sql("meta.remove"), {"key": key})
        (newest,) = db.execute(sql("outbound.newest_instant")).fetchone()
        (newest_message,) = db.execute(sql("messages.newest")).fetchone()
        (messages,) = db.execute(sql("backups.count_message")).fetchone()
        meta.put(db, CLEAN, "1")  # it was looked through just now
    return Unpacked(
        path,
        int(about.get("made_at") or _time_of(backup) or newest),
        sealed,
        str(about.get("version", "")),
        int(messages),
        newest_message or 0,
        configuration,
        _files(files),
    )


def _files(text: str | None) -> dict[str, bytes]:
    """Read the files that came along. Their names are names, and never paths."""
    found = {} if text is None else json.loads(text)
    return {
        str(name): bytes.fromhex(octets)
        for name, octets in list(found.items())[:MAX_FILES]
        if name not in {"", ".", ".."} and Path(name).name == name
    }


def _time_of(backup: Path) -> int | None:
    match = NAME.fullmatch(backup.name)
    if match is None:
        return None
    at = datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


def _looks_like_sqlite(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\0"


def _kept(place: Path, marker: Path, now_ms: int) -> Path | None:
    """Return where the old database goes; None: there is none.

    Where a restore was cut short, its files may be half on their way there.
    """
    with suppress(FileNotFoundError):
        name = Path(marker.read_text().strip()).name
        before = place.with_name(name or "-")
        ours = name.startswith(f"{place.name}.before-restore-")
        if ours and not (before.exists() and place.exists()):
            return before
    return _free_name(place, now_ms) if place.exists() else None


def _free_name(place: Path, now_ms: int) -> Path:
    at = datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    name, count = f"{place.name}.before-restore-{at}", 0
    while (kept := place.with_name(f"{name}-{count}" if count else name)).exists():
        count += 1
    return kept


def _beside(path: Path, side: str) -> Path:
    return path.with_name(path.name + side)
