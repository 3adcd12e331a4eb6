"""What holds for every test."""

import logging
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


@pytest.fixture
def loggers_as_before() -> Iterator[None]:
    """Let a test set up the log of this process."""
    names = ("modemgw", "asyncio", "aiohttp")
    before = [
        (logger, logger.handlers[:], logger.level, logger.propagate)
        for logger in map(logging.getLogger, names)
    ]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.level, logger.propagate = handlers, level, propagate
