"""The database file: sound, ours, not too large, and backed up."""

import stat
from collections.abc import Iterator

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped

MIB = 1 << 20
CHECK_AT_ONCE = 64 * MIB  # a larger one is checked on request
QUICK_S, DEEP_S = 5.0, 3600.0
LARGE = 4096 * MIB
LARGE_LOG = 64 * MIB

DAMAGED = Kind(
    "store.damaged",
    Level.PROBLEM,
    "The database is damaged.",
    "The gateway refuses to work on it, so that it does not get worse.",
    "systemctl stop modemgw\nmodemgw db restore FILE",
)
MISMATCH = Kind(
    "store.mismatch",
    Level.PROBLEM,
    "The database was made by a newer version, or is not one of modemgw.",
    "The gateway does not start with it.",
    "Install that version again, or set data_dir to another folder.",
)
NOT_OPENED = Kind(
    "store.not_opened",
    Level.WARNING,
    "The database cannot be read.",
    "Nobody can say whether it is sound.",
    "sudo modemgw doctor",
)
LARGE_FILE = Kind(
    "store.large",
    Level.NOTE,
    "The database is large.",
    "Starts, backups and checks take long, and a card fills up.",
    "See `retention` in docs/configuration.md.",
)
LONG_LOG = Kind(
    "store.log_left",
    Level.NOTE,
    "A large log of the database is left, and no gateway runs.",
    "It was ended in the middle of its work; the next start reads the log.",
    "modemgw run",
)


def database(box: Box) -> Iterator[Finding]:
    """Look at the file, and through it where that does not take long."""
    from modemgw.store.inspect import look  # noqa: PLC0415 (start-up)

    if box.config is None:
        raise Skipped("there is no configuration to go by")
    path, machine = box.config.database, box.machine
    about = machine.stat(path)
    if about is None:
        raise Skipped("there is no database yet, or you may not look")
    if not stat.S_ISREG(about.st_mode):
        yield MISMATCH.seen("it is no file", str(path))
        return
    in_use = box.view.is_there or box.daemon_pid is not None
    if about.st_size > LARGE:
        yield LARGE_FILE.seen(f"{about.st_size // MIB} MiB", str(path))
    log = machine.stat(f"{path}-wal")
    if log is not None and log.st_size > LARGE_LOG and not in_use:
        yield LONG_LOG.seen(f"{log.st_size // MIB} MiB", f"{path}-wal")
    check = box.deep or (about.st_size <= CHECK_AT_ONCE and not (in_use and _busy(box)))
    wait_s = DEEP_S if box.deep else QUICK_S
    found = look(machine.at(path), in_use=in_use, check=check, deadline_s=wait_s)
    if found.why_not and not machine.is_root:
        raise Skipped(f"the database may not be read: {found.why_not}")
    if found.why_not:
        yield NOT_OPENED.seen(found.why_not, str(path))
    elif found.mismatch:
        yield MISMATCH.seen(found.mismatch, str(path))
    elif found.damage:
        yield DAMAGED.seen("; ".join(found.damage), str(path), type=_mend(box))
    elif not found.is_checked:
        size = about.st_size // MIB
        why = "the gateway is busy" if not check and in_use else f"it has {size} MiB"
        raise Skipped(f"not looked through ({why}); modemgw doctor --deep does it")


def _mend(box: Box) -> tuple[str, ...]:
    """Say what to type when the file is damaged."""
    restore = f"modemgw db restore --config {box.config_file} FILE"
    return ("systemctl stop modemgw", restore)


def _busy(box: Box) -> bool:
    """Tell whether writes wait: reading all pages would slow them further."""
    return (box.view.metric("modemgw_store_waiting_jobs") or 0) > 0


CHECKS = (
    Check(
        "database",
        "storage",
        database,
        (DAMAGED, MISMATCH, NOT_OPENED, LARGE_FILE, LONG_LOG),
    ),
)
