"""The JSON Schema for editors says what the readers say, as far as a schema can."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from modemgw.config.load import parse
from modemgw.config.schema import schema, schema_text
from modemgw.errors import ConfigError
from tests.test_docs import of
from tests.unit.config.test_broken import BROKEN

ROOT = Path(__file__).parents[3]
VALIDATOR = Draft202012Validator(schema())
# What only a program can know: a schema sees one value at a time, and no zone tables.
BEYOND = {
    *("repeated-key", "unknown-zone", "zone-without-continent", "zone-that-is-a-path"),
    "two-modems-with-one-name-and-one-port",
    "modems",  # what belongs together
}


class Core(yaml.SafeLoader):
    """YAML 1.2, as editors read it: no octals, no sexagesimals, `on` is a text."""


Core.yaml_implicit_resolvers = {}

for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
        list("-+.0123456789"),
    ),
):
    Core.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first
    )


def wrong(text: str) -> list[str]:
    """Return what the schema says against a file."""
    found = yaml.load(text, Loader=Core)  # noqa: S506 - made of SafeLoader
    return [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message:.80}"
        for one in VALIDATOR.iter_errors(found)
    ]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_the_committed_file_is_what_the_program_says() -> None:
    written = (ROOT / "docs" / "modemgw.schema.json").read_text("utf-8")
    assert written == schema_text(), "modemgw config schema > docs/modemgw.schema.json"


def test_the_example_is_valid_and_names_its_schema() -> None:
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    assert wrong(text) == []
    assert "# yaml-language-server: $schema=docs/modemgw.schema.json" in text


@pytest.mark.parametrize("block", of("yaml"), ids=lambda block: block.id)
def test_what_the_documentation_shows_is_valid(block: Any) -> None:
    assert wrong(block.text) == []


@pytest.mark.parametrize(
    ("name", "text"), [(str(one.id), str(one.values[0])) for one in BROKEN]
)
def test_what_is_broken_is_found_by_the_editor(name: str, text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text, "m.yaml")
    try:
        said = wrong(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # it is no YAML, which an editor says
    assert bool(said) != (name in BEYOND), said
