"""Memory: what is left, and whether the kernel had to end programs for it."""

from collections.abc import Iterator

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.doctor.machine import whole

KIB = 1024
LEAST = 48 * KIB  # KiB that should be available
LEAST_SHARE = 0.05
SWAPPED = 0.8

LOW = Kind(
    "memory.low",
    Level.WARNING,
    "There is nearly no memory left.",
    "The kernel will end a program, perhaps the gateway.",
    "ps -eo rss,comm --sort=-rss | head",
)
SWAPPING = Kind(
    "memory.swapping",
    Level.NOTE,
    "The swap space is nearly used up.",
    "The machine is slow, and on a card it wears that out.",
    "ps -eo rss,comm --sort=-rss | head",
)
KILLED = Kind(
    "memory.killed",
    Level.WARNING,
    "The kernel has ended programs because the memory was used up.",
    "If it was the gateway, a message on the air became doubtful.",
    "dmesg | grep -i 'out of memory'",
)


def memory(box: Box) -> Iterator[Finding]:
    """Look at what the kernel says of the memory."""
    text = box.machine.text("/proc/meminfo")
    found: dict[str, int] = {}
    for line in (text or "").splitlines():
        words = line.replace(":", " ").split()
        number = whole(words[1]) if len(words) > 1 else None
        if number is not None:
            found[words[0]] = number
    total, free = found.get("MemTotal", 0), found.get("MemAvailable")
    if not total or free is None:
        raise Skipped("the kernel does not say how much memory there is")
    if free < LEAST or free / total < LEAST_SHARE:
        yield LOW.seen(f"{free // KIB} of {total // KIB} MiB are left", "/proc/meminfo")
    swap, left = found.get("SwapTotal", 0), found.get("SwapFree", 0)
    if swap and (swap - left) / swap > SWAPPED:
        used = (swap - left) // KIB
        what = f"{used} of {swap // KIB} MiB are used"
        yield SWAPPING.seen(what, "swap")
    for line in (box.machine.text("/proc/vmstat") or "").splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill" and whole(count.strip()):
            what = f"{count.strip()} programs since the machine started"
            yield KILLED.seen(what, "/proc/vmstat")


CHECKS = (Check("memory", "machine", memory, (LOW, SWAPPING, KILLED)),)
