"""Values are compared, hashed, matched and replaced; the type checker keeps them."""

from dataclasses import replace

import pytest

from modemgw.values import value


@value
class Place:
    """Somewhere."""

    name: str
    number: int = 0


def test_a_value_is_what_a_frozen_dataclass_is() -> None:
    place = Place("here", number=1)
    assert place == Place("here", 1) != Place("there", 1)
    assert {place: "found"}[Place("here", 1)] == "found"
    assert replace(place, number=2) == Place("here", 2)
    assert repr(place) == "Place(name='here', number=1)"
    match place:
        case Place(name, number):
            assert (name, number) == ("here", 1)
    with pytest.raises(AttributeError):
        place.other = 1  # type: ignore[attr-defined]


def test_the_type_checker_lets_nobody_change_one() -> None:
    """It warns of ignored errors that are none, which makes this its test."""
    place = Place("here")
    place.number = 2  # type: ignore[misc]
    assert place == Place("here", 2)
