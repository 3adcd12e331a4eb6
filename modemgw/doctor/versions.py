"""The programs below us: Python and SQLite, in versions that are known to be bad."""

import platform
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level

# The end of security updates. Source: devguide.python.org/versions
_ENDS = {
    (3, 11): datetime(2027, 10, 31, tzinfo=UTC),
    (3, 12): datetime(2028, 10, 31, tzinfo=UTC),
    (3, 13): datetime(2029, 10, 31, tzinfo=UTC),
    (3, 14): datetime(2030, 10, 31, tzinfo=UTC),
}
_STRICT = (3, 37, 0)  # STRICT tables
_WAL_RESET_FIXED = (3, 51, 3)

OLD_PYTHON = Kind(
    "python.ended",
    Level.NOTE,
    "This version of Python gets no more security updates.",
    "What is found in it from now on stays open, unless the distribution mends it.",
    "Update the system, then install modemgw again.",
)
OLD_SQLITE = Kind(
    "sqlite.old",
    Level.PROBLEM,
    "This version of SQLite does not know what the database needs.",
    "The gateway cannot make or open its database.",
    "Update the system: SQLite 3.37 or later.",
)
WAL_RESET = Kind(
    "sqlite.wal_reset",
    Level.NOTE,
    "This version of SQLite can damage a file that two programs write.",
    "The gateway never does that, so it is safe; a program of yours beside it may not "
    "be.",
    "Never open modemgw.db for writing while the gateway runs.",
)


def versions(
    box: Box,
    python: tuple[int, ...] = sys.version_info[:3],
    sqlite: tuple[int, ...] = sqlite3.sqlite_version_info,
) -> Iterator[Finding]:
    """Look at the versions."""
    end = _ENDS.get((python[0], python[1]))
    now = datetime.fromtimestamp(min(max(box.machine.now_ms() / 1000, 0), 4e9), UTC)
    if end is not None and now > end:
        what = f"Python {_dotted(python)} ended on {end.date().isoformat()}"
        yield OLD_PYTHON.seen(what, sys.executable)
    if sqlite < _STRICT:
        yield OLD_SQLITE.seen(f"SQLite {_dotted(sqlite)}", platform.platform())
    elif sqlite < _WAL_RESET_FIXED and box.deep:
        yield WAL_RESET.seen(f"SQLite {_dotted(sqlite)}", "python3 sqlite3")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


CHECKS = (Check("versions", "machine", versions, (OLD_PYTHON, OLD_SQLITE, WAL_RESET)),)
