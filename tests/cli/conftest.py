"""A configuration in a directory of its own, and a way to run commands on it."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modemgw.cli.main import run_command


@dataclass
class Result:
    code: int
    out: str
    err: str


class Cli:
    """Runs commands in this process, as `main` does."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = config
        self.data = config.parent / "data"
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        code = run_command(list(arguments))
        return Result(code, *self._capsys.readouterr())

    def on(self, *arguments: str) -> Result:
        """Run a command on the configuration of this test."""
        return self(*arguments, "--config", str(self.config))


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name: a socket's path has 107 octets at most."""
    made = Path(tempfile.mkdtemp(prefix="mgw"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def cli(
    directory: Path, capsys: pytest.CaptureFixture[str], loggers_as_before: None
) -> Cli:
    config = directory / "modemgw.yaml"
    config.write_text("data_dir: data\ndiscovery: off\n")
    return Cli(config, capsys)
