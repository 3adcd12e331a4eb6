"""docs/how-to/read-a-pdu.md shows what the commands print."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from modemgw.cli.pdu import pdu

PAGE = Path(__file__).parents[3] / "docs/how-to/read-a-pdu.md"
EXAMPLE = re.compile(
    r"^```console\n\$ modemgw pdu (.*)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(
    ("arguments", "printed"), EXAMPLE.findall(PAGE.read_text("utf-8"))
)
def test_examples(arguments: str, printed: str) -> None:
    result = CliRunner().invoke(pdu, shlex.split(arguments), standalone_mode=False)
    assert result.stdout == printed
