"""What holds for every test."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from modemgw.store.memory import SHARED_MEMORY

# Everywhere the same time; HYPOTHESIS_PROFILE=thorough looks longer.
settings.register_profile("quick", max_examples=40)
settings.register_profile("thorough", max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True, scope="session")
def memory() -> Iterator[None]:
    """Let gateways that are killed leave nothing in the machine's memory."""
    if not SHARED_MEMORY.is_dir():
        yield
        return
    with TemporaryDirectory(prefix="modemgw-tests-", dir=SHARED_MEMORY) as directory:
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(Path(directory))
        yield
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
