"""What holds for every test."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.scenario.private import private_memory

# Everywhere the same time; HYPOTHESIS_PROFILE=thorough looks longer.
settings.register_profile("quick", max_examples=40)
settings.register_profile("thorough", max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True, scope="session")
def memory() -> Iterator[None]:
    """Let gateways that are killed leave nothing in the machine's memory."""
    with private_memory():
        yield
