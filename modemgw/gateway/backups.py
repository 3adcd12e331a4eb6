"""Backups: the nightly task, what travels along, and how the last one went.

What became of the last backup stands in `backup.json` in the data directory, written
by the daemon and by `modemgw db backup` alike, and read by whoever warns of old ones.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from modemgw import __version__
from modemgw.clock import Clock
from modemgw.config.files import read_text
from modemgw.config.load import parse, secrets
from modemgw.config.model import Config
from modemgw.config.paths import certificates
from modemgw.config.plain import open_plain
from modemgw.config.positions import Problems, open_text
from modemgw.config.secret import mask_url
from modemgw.errors import ConfigError, StoreError
from modemgw.store import backup, events, snapshot
from modemgw.store.backup import Luggage, Made
from modemgw.store.database import Store
from modemgw.store.owner import as_owner_of, private_file
from modemgw.store.shelf import Place
from modemgw.words import printable

log = logging.getLogger("modemgw.backup")

RECORD = "backup.json"
DAY_MS = 86_400_000
LATE_MS = 2 * 3_600_000  # after so much more than a day a backup is too old
AGAIN_S = 3600.0  # after a failure
FIRST_AFTER_S = 900.0  # a start has better things to do than what was missed
LONGEST_SLEEP_S = 900.0  # the wall clock may jump
MAX_FILE_OCTETS = 1 << 20
MAX_RECORD = 64 * 1024  # octets


_Instant = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800_000)]  # to year 9999


class LastBackup(msgspec.Struct, frozen=True):
    """How backups stand. Instants in Unix ms; None: there was none."""

    made_at: _Instant | None = None
    path: str | None = None
    octets: int = 0
    seconds: float = 0.0
    encrypted: bool = False
    failed_at: _Instant | None = None  # since the last good one
    why: str | None = None  # sentence for people

    def is_late(self, now_ms: int) -> bool:
        """Say whether the last good one is older than a day and a bit."""
        return self.made_at is None or now_ms - self.made_at > DAY_MS + LATE_MS


def last_backup(data_dir: Path) -> LastBackup:
    """Return how the backups of a data directory stand; never raises."""
    try:
        # Root asks, too: a pipe of the service's would never answer.
        with open_plain(data_dir / RECORD) as stream:
            return read_record(stream.read(MAX_RECORD))
    except OSError:
        return LastBackup()


def read_record(octets: bytes) -> LastBackup:
    """Return what a record says; of one that is damaged, that there was no backup."""
    try:
        return msgspec.json.decode(octets, type=LastBackup)
    except (msgspec.MsgspecError, RecursionError):
        return LastBackup()


def record(data_dir: Path, found: LastBackup) -> None:
    """Remember how the backups stand, for `last_backup`."""
    path = data_dir / RECORD
    half = path.with_name(f".{RECORD}.{os.getpid()}")
    # On a full disk it stays what it was.
    with suppress(OSError), as_owner_of(data_dir):
        half.unlink(missing_ok=True)
        with private_file(half) as stream:
            stream.write(msgspec.json.encode(found))
            os.fchmod(stream.fileno(), 0o640)
        half.replace(path)


def luggage(config: Config, *, sealed: bool) -> Luggage:
    """Return what travels with the database.

    Always the configuration, without the secrets that stand in it. Where the backup is
    sealed they stay, and the files with secrets and the gateway's certificates come,
    too. What cannot be read is left out, and told.
    """
    text, now = _as_written(config)
    if not sealed:
        blank = None if text is None or now is None else without_secrets(text, now)
        return Luggage(__version__, blank)
    config = now or config
    files: dict[str, bytes] = {}
    paths = [secret.file for secret in secrets(config) if secret.file is not None]
    with suppress(OSError):
        paths += sorted(one for one in certificates(config).iterdir() if one.is_file())
    for path in dict.fromkeys(paths):
        name = path.name if path.name not in files else f"{len(files)}-{path.name}"
        try:
            with open_plain(path) as stream:
                files[name] = stream.read(MAX_FILE_OCTETS)
        except OSError as exc:
            # A command shows what is said, and no fields.
            log.warning("%s is not in the backup: %s", path, exc.strerror)
    return Luggage(__version__, text, files)


def _as_written(config: Config) -> tuple[str | None, Config | None]:
    """Return the text of the configuration file and what it says.

    Both as they are now, which may be in force only after a reload. None: it cannot be
    read, or has mistakes.
    """
    text = None
    if config.path is None:
        return None, None
    try:
        text = read_text(config.path)
        return text, parse(text, str(config.path), path=config.path)
    except ConfigError as exc:
        extra = {"why": exc.problems[0]}
        log.warning("the configuration cannot be understood", extra=extra)
        return text, None


def without_secrets(text: str, config: Config) -> str:
    """Blank out the secrets that stand in the text of a configuration.

    >>> text = 'modems:\\n- {name: a, port: /dev/a, pin: "1234"}\\n'
    >>> without_secrets(text, parse(text, "x"))
    'modems:\\n- {name: a, port: /dev/a, pin: ****}\\n'
    """
    spans = open_text(text, Problems("")).spans()
    found = {spans[secret.key] for secret in secrets(config) if secret.plain}
    for begin, end in sorted(found, reverse=True):  # so that those before stay right
        # A block of lines ends where the next key begins.
        rest = text[begin:end].rstrip()
        text = f"{text[:begin]}****{text[begin + len(rest) :]}"
    return mask_url(text)


def make(
    config: Config,
    *,
    now_ms: int,
    place: Place | None = None,
    recipients: Sequence[str] | None = None,
    rest: float = snapshot.REST,
    stop: snapshot.Stop = snapshot.never,
) -> Made:
    """Make a backup as configured, or elsewhere; and remember how it went.

    Blocks. Raises StoreError.
    """
    wanted = config.backup
    if place is None:
        if wanted.path is None:
            raise StoreError("no backup.path is configured; name a directory")
        place = Place(wanted.path, wanted.mount, wanted.keep)
    to = wanted.encrypt if recipients is None else recipients
    before = last_backup(config.data_dir)
    try:
        made = backup.make(
            config.data_dir,
            place,
            luggage(config, sealed=bool(to)),
            now_ms=now_ms,
            recipients=to,
            rest=rest,
            stop=stop,
        )
    except snapshot.Stopped:
        raise
    except Exception as exc:
        failed = msgspec.structs.replace(before, failed_at=now_ms, why=_why(exc))
        record(config.data_dir, failed)
        raise
    done = LastBackup(made.made_at, str(made.path), made.octets, made.seconds, bool(to))
    record(config.data_dir, done)
    return made


@dataclass(frozen=True, slots=True)
class _Told:
    """What the event of a backup says."""

    path: str
    octets: int
    seconds: float
    encrypted: bool
    messages: int


class Backups:
    """The task that makes one every night."""

    def __init__(self, store: Store, clock: Clock, config: Config) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._zone = ZoneInfo(config.timezone)
        self._stop = threading.Event()
        self._changed = asyncio.Event()
        self._told_at: int | None = None  # a failure
        self.last = last_backup(config.data_dir)

    async def prepare(self, config: Config) -> Callable[[], None]:
        """Return what puts another configuration in force, for a reload."""
        return partial(self._configure, config)

    def _configure(self, config: Config) -> None:
        is_other = config.backup != self._config.backup
        self._config = config
        if is_other:
            self._changed.set()

    async def run(self) -> None:
        """Make a backup whenever one is due, for life."""
        try:
            await asyncio.sleep(FIRST_AFTER_S)
            while True:
                await self._rest(await self._next())
        finally:
            self._stop.set()

    async def _next(self) -> float:
        """Make a backup where one is due; return how long to rest, seconds."""
        if self._config.backup.path is None:
            return LONGEST_SLEEP_S
        wait_s = (self.due_at() - self._clock.now_ms()) / 1000
        if wait_s > 0:
            return min(wait_s, LONGEST_SLEEP_S)
        return 0.0 if await self.back_up() else AGAIN_S

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    def due_at(self) -> int:
        """Return when the next backup is due, Unix ms; it may be in the past."""
        if self.last.made_at is None:
            return 0
        now = self._clock.now_ms()
        made_at = min(self.last.made_at, now)  # a clock that went back makes none wait
        day = datetime.fromtimestamp(made_at / 1000, UTC).astimezone(self._zone)
        hour, minute = map(int, self._config.backup.at.split(":"))
        for days in range(3):
            wanted = (day + timedelta(days=days)).replace(
                hour=hour, minute=minute, second=0, microsecond=0, fold=0
            )
            at = round(wanted.timestamp() * 1000)
            if at > made_at:
                return at
        return now

    async def back_up(self) -> bool:
        """Make one now; False where it failed, which is logged and told."""
        now = self._clock.now_ms()
        job = partial(self._make, now)
        try:
            made = await _in_a_thread(job)
        except snapshot.Stopped:
            return False
        except Exception as exc:
            if not isinstance(exc, StoreError):  # it must not end what sends
                log.exception("the backup found a mistake of ours")
            await self._failed(_why(exc), now)
            return False
        finally:
            self.last = await asyncio.to_thread(last_backup, self._config.data_dir)
        self._told_at = None
        told = _Told(
            str(made.path),
            made.octets,
            round(made.seconds, 1),
            made.sealed,
            made.copied.counts["message"],
        )
        log.info("backup made", extra=asdict(told))
        await self._tell("gateway.backup_done", asdict(told), now)
        return True

    def _make(self, now: int) -> Made:
        return make(self._config, now_ms=now, stop=self._stop.is_set)

    async def _failed(self, why: str, now: int) -> None:
        log.error("no backup was made", extra={"error": why})
        if self._told_at is not None and now - self._told_at < DAY_MS:
            return
        self._told_at = now
        path = str(self._config.backup.path)
        about: dict[str, object] = {"path": path, "why": why}
        await self._tell("gateway.backup_failed", about, now)

    async def _tell(self, kind: str, data: dict[str, object], now: int) -> None:
        ids = self._store.ids
        try:
            await self._store.write(
                lambda db: events.append(
                    db, kind, at=now, data=data, push=True, ids=ids
                )
            )
        except StoreError as exc:
            log.error("cannot write to the database", extra={"error": str(exc)})


def _why(error: Exception) -> str:
    if isinstance(error, StoreError):
        return str(error)
    return f"this is our mistake: {type(error).__name__}: {error}"


def after_damage(config: Config) -> list[str]:
    """Say what to type when the database is damaged."""
    last = last_backup(config.data_dir)
    option = "" if config.path is None else f" --config {quote(str(config.path))}"
    # Root types what is shown, and who runs the service wrote it.
    known = last.path if last.path and last.path.isprintable() else "FILE"
    file = quote(known)
    told = [
        f"  look at it:               modemgw db check{option}",
        f"  put a backup in place:    modemgw db restore{option} {file}",
    ]
    if last.made_at is None:
        told.append("  No backup is known here; look for modemgw-*.db on your drives.")
    else:
        said = printable(describe(last))
        told.append(f"  {said[0].upper()}{said[1:]}.")
    return told


async def _in_a_thread(job: Callable[[], Made]) -> Made:
    """Run it in a thread of its own: those of the loop would wait for it."""
    pool = ThreadPoolExecutor(1, "backup")
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, job)
    finally:
        pool.shutdown(wait=False)


def describe(last: LastBackup) -> str:
    """Say in a sentence how backups stand.

    >>> describe(LastBackup())
    'no backup was ever made'
    """
    if last.made_at is None:
        said = "no backup was ever made"
    else:
        at = datetime.fromtimestamp(last.made_at / 1000, UTC)
        said = f"the last backup is of {at:%Y-%m-%d %H:%M} UTC ({last.path})"
    return said if last.why is None else f"{said}; since then: {last.why}"
