"""Coming from another program: what waited is sent from here, what was is history.

The readers (moving_gammu.py, moving_gammu_sql.py, moving_smstools.py) yield what they
find in files that other programs wrote; nothing in those is believed. Each thing found
has a key, made of what it is and not of where it lies, so nothing is taken twice.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.errors import ModemgwError, PduEncodeError, StoreError
from modemgw.gateway import restoring
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Caller, Draft
from modemgw.ids import encode
from modemgw.modem.port import open_serial
from modemgw.number import InvalidNumber, parse
from modemgw.pdu.segment import segment, segment_data
from modemgw.store import history, outbound, slate
from modemgw.store.database import Store
from modemgw.store.history import Past
from modemgw.store.writer import Connection

MAX_OCTETS = 256 * 1024  # of one file of another program
MAX_FILES = 1_000_000
SLICE = 200  # messages of history in one transaction
_BITS = 80
_CALLER = Caller(None, "import", frozenset({"admin"}), "local")


class Waiting(Enum):
    """What becomes of messages that the other program had not sent."""

    QUEUE = "queue"  # they are sent from here
    HOLD = "hold"  # in doubt, until a person settles them
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Found:
    """One message of another program. `at`: Unix ms, when it was made or came."""

    kind: str  # waiting, sent, no_report, delivered, undelivered, failed, received
    name: str  # of the file or row, for people
    peer: str  # as it is written there
    at: int
    text: str | None = None
    data: bytes | None = None
    report: bool = True
    flash: bool = False
    urgent: bool = False
    send_at: int | None = None
    mark: str = ""  # what the other program calls it, wherever it lies

    def key(self, program: str) -> str:
        """Return what names it for good, also once it was sent there."""
        side = "in" if self.kind == "received" else "out"
        told = (program, side, self.mark or self.name, self.peer, self.text or "")
        octets = "\0".join(told).encode("utf-8", "surrogatepass") + (self.data or b"")
        return f"{program}:{hashlib.sha256(octets).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A file or row that is left where it is, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Moved:
    """What came of it, in numbers; and what was wrong."""

    queued: int = 0
    held: int = 0
    history: int = 0
    received: int = 0
    known: int = 0
    skipped: int = 0
    wrong: list[Wrong] = field(default_factory=list)


Item = Found | Wrong


async def move(
    config: Config,
    clock: Clock,
    program: str,
    items: Iterable[Item],
    *,
    waiting: Waiting,
    told: Callable[[int], None] = lambda count: None,
) -> Moved:
    """Take everything over. Raises StoreError, also where a daemon runs.

    Messages that wait go through the same door as every other one.
    """
    store = await Store.open(config.data_dir, clock=clock)
    try:
        gateway = Gateway(config, store, clock, open_port=open_serial)
        await gateway.start()  # opt-outs, limits and the queue as a daemon has them
        gateway.witnesses.close()  # nothing is typed here, and what was is settled now
        slate.remove(config.data_dir)
        mover = _Mover(gateway, program, waiting)
        for count, item in enumerate(items, 1):
            await mover.take(item)
            told(count)
        await mover.flush()
        return mover.moved
    finally:
        store.close()


class _Mover:
    """One run."""

    def __init__(self, gateway: Gateway, program: str, waiting: Waiting) -> None:
        self.moved = Moved()
        self._gateway, self._store = gateway, gateway.store
        self._program, self._waiting = program, waiting
        self._past: list[tuple[Past, bool]] = []  # and whether it was received

    async def take(self, item: Item) -> None:
        """Take one thing over; what is wrong with it is noted."""
        if isinstance(item, Wrong):
            self.moved.wrong.append(item)
            return
        key = item.key(self._program)
        if await self._store.read(lambda db: history.is_known(db, key)):
            self.moved.known += 1
            return
        try:
            if item.kind == "waiting":
                await self._send(item, key)
            else:
                now = self._gateway.clock.now_ms()
                past = as_past(item, key, self._gateway.config.country, now)
                self._past.append((past, item.kind == "received"))
                if len(self._past) >= SLICE:
                    await self.flush()
        except StoreError:
            raise
        except (ModemgwError, ValueError) as exc:
            self.moved.wrong.append(Wrong(item.name, str(exc)))

    async def _send(self, item: Found, key: str) -> None:
        if self._waiting is Waiting.SKIP:
            self.moved.skipped += 1
            return
        now = self._gateway.clock.now_ms()
        ahead = item.send_at is not None and item.send_at > now
        draft = Draft(
            to=item.peer,
            text=item.text,
            data=item.data,
            send_at=item.send_at if ahead else None,
            flash=item.flash,
            delivery_report=item.report,
            priority="high" if item.urgent else "normal",
            reference=key,
            tags=("imported",),
            metadata={"imported_from": self._program, "name": item.name[:200]},
        )
        submitted = await self._gateway.submit(draft, _CALLER)
        if self._waiting is Waiting.QUEUE:
            self.moved.queued += 1
            return
        ids = self._store.ids

        def hold(db: Connection) -> None:
            found = outbound.find(db, submitted.id)
            why = f"taken over from {self._program}, which may have sent it"
            restoring.hold(
                *(db, ids, found.id, found.expires_at),
                why=why,
                since=min(item.at, now),
                now=now,
            )

        await self._store.write(hold)
        self.moved.held += 1

    async def flush(self) -> None:
        """Write the history that has gathered."""
        past, self._past = self._past, []

        def job(db: Connection) -> list[bool]:
            return [history.insert(db, one) for one, _ in past]

        is_new = await self._store.write(job)
        for new, (_, received) in zip(is_new, past, strict=True):
            self.moved.known += not new
            self.moved.received += new and received
            self.moved.history += new and not received


def as_past(item: Found, key: str, country: str, now: int) -> Past:
    """Return something found as a message that is over. Raises PduEncodeError."""
    at = max(0, min(item.at, now))
    bits = int(hashlib.sha256(key.encode()).hexdigest()[: _BITS // 4], 16)
    inbound = item.kind == "received"
    try:
        shape = (
            segment_data(item.data)
            if item.data is not None
            else segment(item.text or "", encoding="auto")
        )
    except PduEncodeError:
        shape = None  # a text that long was never one message; keep it all the same
    return Past(
        public_id=f"msg_{encode(at << _BITS | bits)}",
        direction="inbound" if inbound else "outbound",
        state="received" if inbound else item.kind,
        peer=peer_of(item.peer, country),
        segments=1 if shape is None else max(1, len(shape)),
        encoding="ucs2" if shape is None else shape.encoding,
        created_at=at,
        not_before=at,
        klass=None if inbound else "transactional",
        reference=key,
        tags='["imported"]',
        sent_at=at if item.kind in ("sent", "no_report", "delivered") else None,
        final_at=None if item.kind == "sent" else at,
        text=item.text,
        data=item.data,
    )


def peer_of(text: str, country: str) -> str:
    """Return a number as we write it, or a sender's name as it is."""
    try:
        return parse(text, country).e164 or text[:64]
    except InvalidNumber:
        return text.strip()[:64] or "unknown"


# -- files that others wrote -----------------------------------------------------


def files_in(folder: Path) -> Iterator[Path]:
    """Yield what lies in a folder, by name; folders are left out."""
    try:
        found = sorted(folder.iterdir())[:MAX_FILES]
    except OSError as exc:
        raise StoreError(f"cannot read {str(folder)!r}: {exc.strerror}") from None
    yield from (path for path in found if path.is_symlink() or not path.is_dir())


def shown(path: Path) -> str:
    """Return the name of a file as text; octets that are none are written out."""
    return path.name.encode("utf-8", "backslashreplace").decode()


def read_file(path: Path) -> tuple[bytes, int]:
    """Return what is in a plain file, and when it was written (Unix ms).

    Raises ValueError with what is wrong: a link, a pipe, too long, not readable.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as exc:
        is_link = path.is_symlink()
        why = "a link, which is not followed" if is_link else exc.strerror
        raise ValueError(f"cannot be read: {why}") from None
    with os.fdopen(descriptor, "rb") as stream:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("is no plain file")
        octets = stream.read(MAX_OCTETS + 1)
    if len(octets) > MAX_OCTETS:
        raise ValueError(f"is longer than {MAX_OCTETS >> 10} KiB")
    return octets, about.st_mtime_ns // 1_000_000
