"""Where the processor time of a daemon goes: by thread, by layer, and in the kernel."""

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
RATE = 200  # samples a second

# The innermost frame of a sample that lies in one of these files names its layer.
_LAYERS = (
    ("log", r"modemgw/log\.py|/logging/"),
    ("port", r"modemgw/modem/port\.py|/serial/"),
    ("modem, at", r"modemgw/(modem|at)/"),
    ("pdu", r"modemgw/pdu/|phonenumbers/|modemgw/number\.py"),
    ("events", r"store/events\.py|gateway/(webhook|waiting)"),
    ("reports", r"gateway/(reports|inbound)\.py|store/inbound\.py|policy/correlate"),
    ("store", r"modemgw/store/"),
    ("lane", r"gateway/(lane|dispatch|verdict|queue|turns)|policy/|store/outcomes"),
    ("http", r"aiohttp/|modemgw/(api|gateway/(submit|accept|views|keys))"),
    ("event loop", r"asyncio/|selectors\.py|concurrent/|threading\.py"),
)
_FRAME = re.compile(r"\(([^()]*?)(?::\d+)?\)$")


def threads(pid: int) -> dict[str, tuple[float, float]]:
    """Return (user, system) seconds so far: of the loop, and of all other threads.

    Nearly all of the others' is the writer's; the readers look at little.
    """
    times = {"loop": (0.0, 0.0), "writer": (0.0, 0.0)}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = (task / "stat").read_text("utf-8").rsplit(") ", 1)[1].split()
        except FileNotFoundError:  # it has just ended
            continue
        name = "loop" if int(task.name) == pid else "writer"
        user, system = times[name]
        times[name] = (
            user + int(fields[11]) / _TICKS,
            system + int(fields[12]) / _TICKS,
        )
    return times


class Sampler:
    """Samples who holds the interpreter, where py-spy is installed."""

    def __init__(self, pid: int, directory: Path) -> None:
        self._out = directory / "samples"
        program = shutil.which(os.environ.get("PY_SPY", "py-spy"))
        options = f"-f raw -r {RATE} -d 3600 -o {self._out} -p {pid}".split()
        self._child = program and subprocess.Popen(
            [program, "record", "--gil", "--nonblocking", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def shares(self) -> dict[str, float]:
        """End sampling; return the share of each layer, the largest first."""
        if not self._child:
            return {}
        self._child.send_signal(signal.SIGINT)
        self._child.wait(30)
        counts: Counter[str] = Counter()
        for line in self._out.read_text("utf-8").splitlines():
            stack, _, number = line.rpartition(" ")
            counts[_layer(stack.split(";"))] += int(number)
        total = sum(counts.values()) or 1
        return {name: count / total for name, count in counts.most_common()}


def _layer(stack: list[str]) -> str:
    for frame in reversed(stack):
        found = _FRAME.search(frame)
        for name, files in _LAYERS:
            if found and re.search(files, found[1]):
                return name
    return "other"
