"""What the benchmarks ask of the machine they run on."""

import os
import statistics
import sys
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def written_bytes(pid: int) -> int:
    """Return how many octets a process has sent to the disk so far.

    Counted are the pages of files it made dirty. In memory (/dev/shm) there are none;
    then it is what it handed to the file system.
    """
    lines = Path(f"/proc/{pid}/io").read_text("ascii").splitlines()
    counts = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return counts["write_bytes"] or counts["wchar"]


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * _PAGE / 2**20


def fdatasync_ms(directory: Path) -> float:
    """Return the median cost of making 4 KiB durable in this directory."""
    times = []
    with (directory / "probe").open("wb", buffering=0) as probe:
        for _ in range(200):
            probe.write(b"\0" * 4096)
            began = time.perf_counter()
            os.fdatasync(probe.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def bytecode_ns() -> float:
    """Return what an addition in a loop takes: how Python was built shows in it."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        total = 0
        for n in range(10_000):
            total += n
        times.append((time.perf_counter() - began) / 10_000 * 1e9)
    return min(times)


def banner(directory: Path) -> str:
    """Return one line about the machine, for every figure that is printed.

    A Python built without profile-guided optimisation takes a quarter more for the
    same work than Debian's, which is built with it and which a board has.
    """
    return (
        f"machine: {os.cpu_count()} cores, python {sys.version.split()[0]}"
        f" ({bytecode_ns():.0f} ns for an addition),"
        f" fdatasync {fdatasync_ms(directory):.2f} ms"
    )
