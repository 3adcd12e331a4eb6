"""Which surfaces there are, and that everybody means the same by their names."""

from typing import get_args

from modemgw.api import schema
from modemgw.api.dialects.doors import DIALECTS
from modemgw.config.http import SURFACES
from modemgw.config.model import Http
from modemgw.gateway.key_rules import NATIVE


def test_names_of_surfaces() -> None:
    assert SURFACES[0] == NATIVE
    assert {NATIVE, *(dialect.surface for dialect in DIALECTS)} == set(SURFACES)
    assert get_args(schema.Surface) == SURFACES


def test_what_answers_by_default() -> None:
    assert Http().surfaces == ("native", "smseagle", "twilio")


def test_no_two_surfaces_share_a_path() -> None:
    found = [(method, path) for one in DIALECTS for method, path, _ in one.routes]
    assert len(set(found)) == len(found)
    assert not any(path.startswith("/v1/") for _, path in found)
