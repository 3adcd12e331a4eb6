"""Runs programs of the system: by words, without a shell, with an end."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEADLINE_S = 8.0
FIX_S = 120.0
MAX_OUTPUT = 4 << 20  # octets; more of a kernel log is not needed
_CHUNK = 64 << 10


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program said. `code` is None where it did not end in time."""

    code: int | None
    out: str
    err: str = ""


def run_program(argv: tuple[str, ...], *, deadline_s: float = DEADLINE_S) -> Ran | None:
    """Run a program and wait for its end; None where it is not installed.

    Its environment is PATH and the plain locale, so that what it says can be read.
    """
    found = os.environ.get("PATH") or PATH
    env = {"PATH": f"{found}:{PATH}", "LC_ALL": "C", "LANGUAGE": "C", "TERM": "dumb"}
    env["SYSTEMD_PAGER"] = env["SYSTEMD_COLORS"] = ""
    try:
        process = subprocess.Popen(  # noqa: S603 - words of ours, no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError):
        return None
    try:
        out, err, ended = _read(process, time.monotonic() + deadline_s)
        if not ended:
            _end(process)
    finally:  # not `with process`: that would wait for one that cannot be ended
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    code = process.returncode if ended else None
    return Ran(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def _read(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bytes, bool]:
    """Read both ends until they close; False where that took too long."""
    heard = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as waiting:
        for pipe in heard:
            if pipe is not None:
                waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            left = until - time.monotonic()
            if left <= 0:
                break
            for key, _ in waiting.select(left):
                chunk = os.read(key.fd, _CHUNK)
                kept = heard[key.fileobj]  # type: ignore[index]
                kept += chunk[: max(0, MAX_OUTPUT - len(kept))]
                if not chunk:
                    waiting.unregister(key.fileobj)
        ended = not waiting.get_map()
    if ended:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            ended = False
    return bytes(heard[process.stdout]), bytes(heard[process.stderr]), ended


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and whatever it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
