"""The section about SIMs that are at fault."""

import pytest

from modemgw.config.health import HealthConfig
from modemgw.config.load import parse
from modemgw.errors import ConfigError


def read(section: str) -> HealthConfig:
    return parse(f"discovery: off\nhealth: {section}\n", "f.yaml").health


def test_without_a_section_everything_is_as_usual() -> None:
    assert parse("discovery: off\n", "f.yaml").health == HealthConfig()
    assert read("{bench: on}") == HealthConfig()


def test_what_can_be_said() -> None:
    found = read(
        "{bench: off, first: 30min, longest: 2 days, parole: 10, spacing: 5s, "
        "down_after: 1h}"
    )
    assert found == HealthConfig(False, 1800, 172_800, 10, 5, 3600)


@pytest.mark.parametrize(
    ("section", "column", "said"),
    [
        ("{first: 15}", 17, "a number with a unit"),
        ("{first: 10s}", 17, "expected 1 min to 1 day, got '10s'"),
        ("{longest: 40 days}", 19, "expected 1 min to 30 days"),
        ("{parole: 0}", 18, "from 1 to 100"),
        ("{spacing: 2h}", 19, "expected 1 s to 1 h"),
        ("{down_after: 0s}", 22, "expected 1 s to 1 day"),
        ("{bench: maybe}", 17, "maybe"),
        ("{first: 2h, longest: 1h}", 30, "shorter than the first"),
        ("{benches: on}", 10, "benches"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    section: str, column: int, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(section)
    (problem,) = caught.value.problems
    assert problem.startswith(f"f.yaml:2:{column}: ")
    assert said in problem
