"""A place in memory of one's own, for gateways that are killed and leave things."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from modemgw.store.memory import SHARED_MEMORY

NAME = "XDG_RUNTIME_DIR"


@contextmanager
def private_memory() -> Iterator[None]:
    """Let this process and its children keep in memory what ends with the block."""
    if not SHARED_MEMORY.is_dir():
        yield
        return
    before = os.environ.get(NAME)
    with TemporaryDirectory(prefix="modemgw-tests-", dir=SHARED_MEMORY) as directory:
        os.environ[NAME] = directory
        try:
            yield
        finally:
            os.environ.pop(NAME)
            if before is not None:
                os.environ[NAME] = before
