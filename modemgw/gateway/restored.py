"""A whole restore: unpacked, settled, swapped in; and what to tell about it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from modemgw.errors import StoreError
from modemgw.gateway import restoring
from modemgw.gateway.restoring import Choice, Restoring, Settled
from modemgw.gateway.views import instant
from modemgw.ids import IdSource
from modemgw.store import restore
from modemgw.store.lock import DirectoryLock
from modemgw.store.missing import Missing, find_missing
from modemgw.store.owner import private_file
from modemgw.store.restore import Unpacked
from modemgw.words import counted

BELONGINGS = "restored"  # directory for the configuration and files that came along
TOLD_EVERY = 50_000  # messages
_UNREADABLE = (
    *(msgspec.MsgspecError, ValueError, TypeError, AttributeError, LookupError),
    *(ArithmeticError, RecursionError),
)


@dataclass(frozen=True, slots=True)
class Done:
    """A restore that is over."""

    backup: Path
    made_at: int
    restored_at: int
    choice: Choice
    settled: Settled
    kept: Path | None  # where the database before is
    missing: Missing | None  # what that one has and the backup has not
    belongings: tuple[Path, ...]
    messages: int

    def as_dict(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "backup": str(self.backup),
            "made_at": instant(self.made_at),
            "restored_at": instant(self.restored_at),
            "open": self.choice.value,
            "messages": self.messages,
            **asdict(self.settled),
            "old_database": None if self.kept is None else str(self.kept),
            "missing": None if self.missing is None else self.missing.as_dict(),
            "files": [str(path) for path in self.belongings],
        }

    def sentences(self) -> list[str]:
        """Tell it in words, the most important first."""
        done = self.settled
        told = [
            f"restored {self.backup}: {counted(self.messages, 'message')}, as of"
            f" {instant(self.made_at)}"
        ]
        told += self._about_open()
        if done.scheduled:
            told.append(
                f"{counted(done.scheduled, 'scheduled message')} to go out in time,"
                " which is yet to come. What was canceled since the backup is not"
                " known; look: modemgw messages list --state scheduled"
            )
        if done.sent:
            told.append(f"{counted(done.sent, 'sent message')} without a report so far")
        if done.answers:
            told.append(
                f"{counted(done.answers, 'automatic answer')} not given: perhaps that"
                " was done since"
            )
        told.append(
            f"not in it is what came between {instant(self.made_at)} and"
            f" {instant(self.restored_at)}"
            + (": messages, answers, keys, settings" if self.missing is None else "")
        )
        if self.missing is not None:
            told += self.missing.sentences()
        if self.kept is not None:
            told.append(f"the old database is kept: {self.kept}")
        if self.belongings:
            told.append("the backup brought, to be looked at and copied by hand:")
            told += [f"  {path}" for path in self.belongings]
        told.append("start the gateway: systemctl start modemgw")
        return told

    def _about_open(self) -> list[str]:
        done, told = self.settled, []
        if held := done.held + done.doubts:
            told += [
                f"{counted(held, 'message')} held as in_doubt: waiting then, and"
                " perhaps sent since. Nothing of that is sent by itself. Look at them:",
                "  modemgw messages list --state in_doubt",
                "  modemgw messages settle ID --as sent | failed | resend",
            ]
        if done.sending:
            told.append(
                f"{counted(done.sending, 'message')} to be sent, perhaps a second time"
            )
        if done.failed:
            told.append(f"{counted(done.failed, 'waiting message')} ended as failed")
        return told


def bring_back(
    data_dir: Path,
    backup: Path,
    *,
    identities: Sequence[str] = (),
    choice: Choice = Choice.HOLD,
    now_ms: int,
    told: Callable[[str], None] = lambda sentence: None,
) -> Done:
    """Put a backup in the place of the database of `data_dir`, which may be new.

    Raises StoreError, also where a daemon runs on it. Until the last step, which is
    quick, nothing has changed.
    """
    try:
        data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"cannot make {str(data_dir)!r}: {exc.strerror}") from exc
    lock = DirectoryLock(data_dir)
    try:
        told("unpacking and checking the backup")
        with restore.unpack(backup, data_dir, identities) as unpacked:
            ids = IdSource()
            asked = Restoring(unpacked.made_at, now_ms, choice, backup.name)
            told("going through what was open")
            with restore.opened(unpacked.path, ids) as db:
                settled = restoring.settle(db, ids, asked, told=_progress(told))
            belongings = _belongings(data_dir, unpacked)
            kept = restore.swap(data_dir, unpacked.path, now_ms)
        missing = None
        if kept is not None:
            missing = find_missing(kept, unpacked.newest_message, now_ms)
    except _UNREADABLE as exc:
        # Rows that no modemgw wrote; nothing was swapped in yet.
        raise StoreError(f"{str(backup)!r} holds what cannot be read: {exc}") from exc
    finally:
        lock.release()
    return Done(
        *(backup, unpacked.made_at, now_ms, choice, settled, kept, missing),
        *(belongings, unpacked.messages),
    )


def _progress(told: Callable[[str], None]) -> Callable[[int], None]:
    def progress(count: int) -> None:
        if count % TOLD_EVERY < restoring.SLICE and count >= TOLD_EVERY:
            told(f"{count} open messages")

    return progress


def _belongings(data_dir: Path, unpacked: Unpacked) -> tuple[Path, ...]:
    """Lay aside what came along: the configuration, files with secrets."""
    found = dict(unpacked.files)
    if unpacked.configuration is not None:
        found["modemgw.yaml"] = unpacked.configuration.encode()
    if not found:
        return ()
    folder = data_dir / BELONGINGS
    made: list[Path] = []
    with suppress(OSError):  # the database is what counts
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, octets in sorted(found.items()):
            path = folder / name
            path.unlink(missing_ok=True)
            with private_file(path) as stream:
                stream.write(octets)
            made.append(path)
    return tuple(made)
