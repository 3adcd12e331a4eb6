"""Run modemgw and count bytecodes: counting.py FILE ARGUMENT…

SIGUSR2 starts the count anew, SIGUSR1 writes it to FILE as JSON: for every function
how often it was entered or resumed, and the bytecodes of it alone and with all that
it called. Work in C is not seen. Much slower than the program by itself.
"""

import json
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import project  # noqa: F401 - first

from modemgw.cli.main import main

alone: Counter[CodeType] = Counter()
within: Counter[CodeType] = Counter()
calls: Counter[CodeType] = Counter()


def counter() -> Any:
    """Return a trace function for one thread."""
    total = 0
    stack: list[tuple[FrameType, int]] = []

    def inside(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal total
        if event == "opcode":
            total += 1
            alone[frame.f_code] += 1
        elif event == "return" and stack and stack[-1][0] is frame:
            within[frame.f_code] += total - stack.pop()[1]
        return inside

    def entered(frame: FrameType, _event: str, _arg: object) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        calls[frame.f_code] += 1
        stack.append((frame, total))
        return inside

    return entered


def begin(frame: FrameType, event: str, arg: object) -> Any:
    """Trace a new thread with a counter of its own."""
    trace = counter()
    sys.settrace(trace)
    return trace(frame, event, arg)


def forget(*_: object) -> None:
    """Begin anew."""
    for counts in (alone, within, calls):
        counts.clear()


def write(path: Path) -> None:
    """Write what was counted, whole or not at all."""
    codes = list(alone)
    rows = [
        (
            f"{c.co_filename}:{c.co_firstlineno}",
            c.co_qualname,
            calls[c],
            alone[c],
            within[c],
        )
        for c in codes
    ]
    part = path.with_suffix(".part")
    part.write_text(json.dumps(rows), "utf-8")
    part.replace(path)


if __name__ == "__main__":
    out = Path(sys.argv.pop(1))
    signal.signal(signal.SIGUSR1, lambda *_: write(out))
    signal.signal(signal.SIGUSR2, forget)
    threading.settrace(begin)
    sys.settrace(counter())
    main()
