"""Reading history in: messages that are over, of our own exports or other programs.

Nothing is sent, billed or pushed of it. A message that is known by its id, or by its
reference where another program's name for it stands there, is passed over.
"""

import csv
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from modemgw.config.model import Config
from modemgw.errors import StoreError
from modemgw.gateway.export import FORMULA
from modemgw.ids import IdSource, decode
from modemgw.number import InvalidNumber, parse
from modemgw.policy.message import CLASSES, FINAL, PRIORITIES, MessageState
from modemgw.store import restore, sims, suppressions
from modemgw.store.history import Past, insert
from modemgw.store.lock import DirectoryLock
from modemgw.store.owner import as_oneself
from modemgw.store.writer import Connection

SLICE = 500  # lines in one transaction
MAX_LINE = 1 << 20
MAX_TEXT = 20_000
SLACK_MS = 86_400_000  # a clock may have been ahead
_OVER = {state.value for state in FINAL} | {"sent"}

Bad = Callable[[int, str], None]
Told = Callable[[int], None]
Fields = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """How many lines were new, known before, or wrong."""

    new: int = 0
    known: int = 0
    wrong: int = 0


def read_in(
    config: Config, file: Path, *, bad: Bad, told: Told, dry_run: bool, now_ms: int
) -> Outcome:
    """Read a file in; `bad` hears of each line that is wrong, the others count.

    Raises StoreError where the file or the database cannot be opened, or a daemon runs.
    """
    lock = DirectoryLock(config.data_dir)
    try:
        ids = IdSource()
        # Opened by the parts of the store, and not as a daemon does: nothing starts.
        with restore.in_place(config.data_dir, ids) as db, _open(file) as stream:
            return _Reading(db, ids, config, bad, dry_run=dry_run, now=now_ms).run(
                stream, told
            )
    finally:
        lock.release()


class _Reading:
    """One run over one file."""

    def __init__(
        self,
        db: Connection,
        ids: IdSource,
        config: Config,
        bad: Bad,
        *,
        dry_run: bool,
        now: int,
    ) -> None:
        self._db, self._ids, self._country = db, ids, config.country
        self._bad, self._dry_run, self._now = bad, dry_run, now
        self._cards = {card.name: card.id for card in sims.list_sims(db)}
        self._seen: set[str] = set()  # of a dry run, which writes nothing

    def run(self, stream: IO[str], told: Told) -> Outcome:
        done = Outcome()
        self._db.execute("BEGIN")
        for line, octets, fields in _lines(stream):
            try:
                if isinstance(fields, str):
                    raise ValueError(fields)
                new = self._take(fields)
            except (ValueError, TypeError, KeyError, OverflowError) as exc:
                done.wrong += 1
                self._bad(line, _sentence(exc))
            else:
                done.new += new
                done.known += not new
            if (done.new + done.known) % SLICE == 0:
                self._commit()
                self._db.execute("BEGIN")
                told(octets)
        self._commit()
        return done

    def _commit(self) -> None:
        self._db.execute("ROLLBACK" if self._dry_run else "COMMIT")

    def _take(self, fields: Fields) -> bool:
        if "number" in fields and "direction" not in fields:
            return self._suppress(fields)
        return self._keep(past(fields, self._cards, self._now))

    def _keep(self, one: Past) -> bool:
        if self._dry_run:
            if one.public_id in self._seen:
                return False
            self._seen.add(one.public_id)
        return insert(self._db, one)

    def _suppress(self, fields: Fields) -> bool:
        try:
            number = parse(str(fields["number"]), self._country).e164
        except InvalidNumber as exc:
            raise ValueError(f"number: {exc}") from None
        sim = fields.get("sim") or None
        if sim is not None and sim not in self._cards:
            raise ValueError(f"sim: there is no SIM {sim!r}")
        made = suppressions.add(
            self._db,
            self._ids,
            str(number),
            sim_id=None if sim is None else self._cards[sim],
            source="import",
            now=_at(fields, "created_at"),
            note=_text(fields, "note", 200),
        )
        return made is not None


def past(fields: Fields, cards: dict[str, int], now: int) -> Past:
    """Read one exported message. Raises ValueError with what is wrong."""
    public_id = str(fields["id"])
    if not public_id.startswith("msg_"):
        raise ValueError("id: expected msg_ and 26 characters")
    if decode(public_id.removeprefix("msg_")) >> 80 > now + SLACK_MS:
        raise ValueError("id: of a time that is yet to come")
    direction, state = str(fields["direction"]), str(fields["state"])
    if direction not in ("inbound", "outbound"):
        raise ValueError(f"direction: expected inbound or outbound, got {direction!r}")
    if state not in _OVER or (direction == "inbound") != (state == "received"):
        known = state in {one.value for one in MessageState}
        why = "is not over, and only history is read in" if known else "is no state"
        raise ValueError(f"state: {state!r} {why}")
    peer = str(fields["peer"])
    if not peer or "…" in peer:
        raise ValueError("peer: masked; export with --full")
    klass = fields.get("class") or None
    if klass is not None and klass not in CLASSES:
        raise ValueError(f"class: {klass!r} is no class")
    data, priority = fields.get("data") or None, fields.get("priority")
    return Past(
        public_id=public_id,
        direction=direction,
        state=state,
        peer=peer[:64],
        sim_id=cards.get(str(fields.get("sim") or "")),
        klass=klass,
        priority=PRIORITIES.index(priority) if priority in PRIORITIES else 1,
        encoding=str(fields.get("encoding") or "gsm7")[:8],
        segments=_count(fields, "segments"),
        attempts=max(0, int(fields.get("attempts") or 0)),
        reference=_text(fields, "reference", 200),
        tags=_json(fields, "tags", list),
        metadata=_json(fields, "metadata", dict),
        reason=_reason(fields.get("reason")),
        created_at=_at(fields, "created_at"),
        not_before=_at(fields, "not_before", "created_at"),
        expires_at=_at_or_none(fields, "expires_at"),
        sent_at=_at_or_none(fields, "sent_at"),
        final_at=_at_or_none(fields, "final_at"),
        text=_text(fields, "text", MAX_TEXT),
        data=None if data is None else b64decode(str(data), validate=True),
    )


def _reason(code: object) -> str | None:
    if not code:
        return None
    story = {"code": str(code)[:40], "detail": "read in", "raw": None}
    return json.dumps({**story, "retryable": False})


def _count(fields: Fields, name: str) -> int:
    count = int(fields.get(name) or 1)
    if not 1 <= count <= 255:  # noqa: PLR2004 - what a header can say
        raise ValueError(f"{name}: expected 1 to 255, got {count}")
    return count


def _text(fields: Fields, name: str, longest: int) -> str | None:
    found = fields.get(name)
    if found is None or found == "":
        return None
    text = str(found)
    if len(text) > longest:
        raise ValueError(f"{name}: longer than {longest} characters")
    return text


def _json(fields: Fields, name: str, kind: type) -> str | None:
    found = fields.get(name)
    if isinstance(found, str) and found:
        found = json.loads(found)
    if not found:
        return None
    if not isinstance(found, kind):
        raise ValueError(f"{name}: expected a {kind.__name__}")
    return json.dumps(found, ensure_ascii=False)


def _at(fields: Fields, *names: str) -> int:
    for name in names:
        if (found := _at_or_none(fields, name)) is not None:
            return found
    raise ValueError(f"{names[-1]}: missing")


def _at_or_none(fields: Fields, name: str) -> int | None:
    text = fields.get(name)
    if text in (None, ""):
        return None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(f"{name}: {str(text)!r} is no time") from None
    if at.tzinfo is None:
        raise ValueError(f"{name}: {str(text)!r} has no time zone")
    return round(at.timestamp() * 1000)


def _open(file: Path) -> IO[str]:
    try:
        with as_oneself():
            return file.open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as exc:
        raise StoreError(f"cannot read {str(file)!r}: {exc.strerror}") from None


def _lines(stream: IO[str]) -> Iterator[tuple[int, int, Fields | str]]:
    """Yield number, octets so far, and the fields of each line, or what is wrong."""
    first = stream.readline(MAX_LINE)
    octets = len(first.encode())
    if not first.lstrip().startswith("{"):
        yield from _table(first, stream)
        return
    number, line = 1, first
    while line:
        if line.strip():
            yield number, octets, _object(line)
        number, line = number + 1, stream.readline(MAX_LINE)
        octets += len(line.encode())


def _object(line: str) -> Fields | str:
    if len(line) >= MAX_LINE:
        return "longer than 1 MiB"
    try:
        return msgspec.json.decode(line, type=Fields)
    except msgspec.MsgspecError as exc:
        return f"no JSON object: {exc}"
    except RecursionError:
        return "no JSON object: nested too deep"


def _table(first: str, stream: IO[str]) -> Iterator[tuple[int, int, Fields | str]]:
    octets = len(first.encode())
    try:
        names = [name.strip().lower() for name in next(csv.reader([first]), [])]
    except csv.Error as exc:
        yield 1, octets, f"no CSV: {exc}"
        return
    reader = csv.reader(_bounded(stream), strict=True)
    while True:
        line = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            yield line, octets, f"no CSV: {exc}"
            continue
        octets += sum(len(cell.encode()) + 1 for cell in cells)
        if not cells:
            continue
        if len(cells) != len(names):
            yield line, octets, f"expected {len(names)} cells, got {len(cells)}"
            continue
        # What as_csv put before a formula is taken off again.
        plain = (c[1:] if c[:1] == "'" and c[1:2] in FORMULA else c for c in cells)
        yield line, octets, dict(zip(names, plain, strict=True))


def _bounded(stream: IO[str]) -> Iterator[str]:
    """Yield lines; what has no end comes in pieces, which are no rows."""
    while line := stream.readline(MAX_LINE):
        yield line


def _sentence(exc: Exception) -> str:
    if isinstance(exc, KeyError):
        return f"{exc.args[0]}: missing"
    if isinstance(exc, Base64Error):
        return f"data: {exc}"
    return str(exc) or type(exc).__name__
