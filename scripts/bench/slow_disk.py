"""Run modemgw on a disk whose flush takes longer: slow_disk.py MILLISECONDS ARGUMENT…

Every commit waits before it is made, in the thread of the writer, as it would in
fdatasync.
"""

import sys
import time

import project  # noqa: F401 - first

from modemgw.cli.main import main
from modemgw.store.writer import Writer


def slow(seconds: float) -> None:
    """Let each writer made from now on wait so long for every commit."""
    made = Writer.__init__

    def make(self: Writer, *given: object, **named: object) -> None:
        made(self, *given, **named)  # type: ignore[arg-type]  # passed on
        self.before_commit = lambda number: time.sleep(seconds)

    Writer.__init__ = make  # type: ignore[method-assign]  # the point of this file


if __name__ == "__main__":
    slow(float(sys.argv.pop(1)) / 1000)
    main()
