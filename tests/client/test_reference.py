"""docs/client.md is that of the program, and both clients offer the same."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modemgw.client import AsyncClient, Client

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
METHODS = [name for name in vars(Client) if not name.startswith("_")]


def test_the_reference_is_that_of_the_program() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "modemgw.client.reference"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert PAGE.read_text("utf-8") == made.stdout, (
        "python -m modemgw.client.reference > docs/client.md"
    )


@pytest.mark.parametrize("name", ["__init__", *METHODS])
def test_both_clients_take_the_same(name: str) -> None:
    def parameters(kind: type) -> Any:
        return inspect.signature(getattr(kind, name)).parameters

    assert parameters(Client) == parameters(AsyncClient)
    assert inspect.getdoc(getattr(AsyncClient, name)) or name == "__init__"
