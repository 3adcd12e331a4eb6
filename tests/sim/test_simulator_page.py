"""docs/simulator.md is true: its scenarios load, and no key is missing."""

import re
from pathlib import Path

import pytest

from modemgw.sim import scenario_file
from modemgw.sim.acts import ACTS
from modemgw.sim.catalogue import listing, page
from modemgw.sim.named import NAMED
from modemgw.sim.persona import PERSONAS
from modemgw.sim.sandbox import SANDBOX
from modemgw.sim.scenario_file import parse_scenario

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
SCENARIOS = re.findall(r"^```yml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", SCENARIOS)
def test_the_scenarios_of_the_page_load(text: str) -> None:
    assert parse_scenario(text).modems


def test_the_tables_are_those_of_the_program() -> None:
    assert page(PAGE) == PAGE, "python -m modemgw.sim.catalogue"


def test_every_list_is_complete() -> None:
    said = listing()
    for name, persona in PERSONAS.items():
        assert f"{name} " in said and persona.sentence in said
    for name, named in NAMED.items():
        assert f"{name} " in said and named.sentence in said
    assert all(len(line) <= 110 for line in said.splitlines())


@pytest.mark.parametrize(
    "name",
    [
        *PERSONAS,
        *NAMED,
        *ACTS,
        *(f"+{digits}" for digits in SANDBOX),
        *sorted(scenario_file.KEYS),
    ],
)
def test_everything_that_can_be_written_is_on_the_page(name: str) -> None:
    assert re.search(rf"`[^`\n]*{re.escape(name)}[^`\n]*`", PAGE) or any(
        f"{name}:" in text for text in SCENARIOS
    )
