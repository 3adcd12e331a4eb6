"""A demo as people start it, for the blocks and snippets that the docs show."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 60


@contextmanager
def running_demo(data: Path) -> Iterator[dict[str, str]]:
    """Run a demo; give what the pages call URL, KEY and DATA.

    `data` has to be short: the path of a socket has 107 octets at most.
    """
    command = ["demo", "--listen", "127.0.0.1:0", "--data", str(data), "--quiet"]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "modemgw", *command], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, f"the demo ended: {said}"
        said += line
    timer.cancel()
    found = dict(re.findall(r"^  (URL|Key) +(\S+)$", said, re.MULTILINE))
    yield {"URL": found["URL"], "KEY": found["Key"], "DATA": str(data)}
    process.terminate()
    assert process.wait(30) == 0
    process.stdout.close()
