"""What the documentation shows is true: every example is asked, and answered so."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from modemgw.api.app import ROUTES
from modemgw.api.openapi import EXAMPLES, PATH, document
from modemgw.api.pushed_events import EVENTS
from modemgw.gateway import shapes
from tests.api.exampling import Came, all_examples, answers, cut
from tests.loop import run_virtual

STALE = "examples.json shows something else: python -m tests.api.exampling"
DOCUMENT: dict[str, Any] = msgspec.json.decode(document(ROUTES))


def valid(schema: Any, value: object) -> str:
    """Say what of a value is not as its schema says; "": nothing."""
    whole = {"components": DOCUMENT["components"], "allOf": [schema]}
    found = Draft202012Validator(whole).iter_errors(value)
    return "; ".join(f"{error.json_path}: {error.message}" for error in found)


def form(value: Any, depth: int = 4) -> Any:
    """Return what a value is made of: the names in it, and the kinds of the rest.

    What lies deeper has its schema alone: there, names may be those of SIMs.
    """
    if depth and isinstance(value, dict):
        return {name: form(item, depth - 1) for name, item in value.items()}
    if depth and isinstance(value, list):
        return [form(item, depth - 1) for item in value]
    return type(value).__name__


def test_every_route_with_a_body_shows_requests_and_their_answers() -> None:
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        if route.body is None and route.form is None:
            continue
        (content,) = operation["requestBody"]["content"].values()
        assert content["examples"], f"{route.method} {route.path}"
        for name, example in content["examples"].items():
            assert valid(content["schema"], example["value"]) == "", (route.path, name)
        shown = {
            name
            for answer in operation["responses"].values()
            for kind in answer.get("content", {}).values()
            for name in kind.get("examples", {})
        }
        answered = {n for n in route.shown if any(route.answers.values())}
        assert shown == (set() if route.path == "/oauth/revoke" else answered)


@pytest.fixture(scope="module")
def came(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, dict[str, Came]], list[tuple[str, Any]]]:
    return run_virtual(answers(tmp_path_factory.mktemp("world")))


def test_every_example_is_answered_as_it_is_shown(
    came: tuple[dict[str, dict[str, Came]], list[tuple[str, Any]]],
) -> None:
    kept = msgspec.json.decode(EXAMPLES.read_bytes())
    wrong: dict[str, str] = {}
    for route, name, example in all_examples():
        key = f"{route.method} {route.path}"
        answer = came[0][key][name]
        status = example.status or next(iter(route.answers))
        difference = ""
        if answer.status != status:
            difference = f"{answer.status}, not {status}: {answer.octets!r:.300}"
        elif answer.octets:
            shape = route.answers.get(status, shapes.Problem)
            msgspec.json.decode(answer.octets, type=shape)
            described = DOCUMENT["paths"][route.path][route.method.lower()]
            content, *_ = described["responses"][str(status)]["content"].values()
            difference = valid(content["schema"], answer.json)
            if not difference and route.path != PATH:
                is_shown = form(cut(answer.json)) == form(kept.get(key, {}).get(name))
                difference = "" if is_shown else STALE
        if difference:
            wrong[f"{key} {name}"] = difference
    assert not wrong


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_shown_as_its_schema_says(name: str) -> None:
    content = DOCUMENT["webhooks"][name]["post"]["requestBody"]["content"]
    shown = content["application/json"]
    assert valid(shown["schema"], shown["example"]) == ""


def test_events_are_shown_as_they_are_pushed(
    came: tuple[dict[str, dict[str, Came]], list[tuple[str, Any]]],
) -> None:
    pushed: dict[str, list[Any]] = {}
    for kind, data in came[1]:
        pushed.setdefault(kind, []).append(data)
    assert len(pushed) >= 15, sorted(pushed)
    for kind, all_data in pushed.items():
        content = DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"]
        schema = content["application/json"]["schema"]["properties"]["data"]
        for data in all_data:
            assert valid(schema, data) == "", kind
        if kind.startswith("message.") and "opt" not in kind:
            known = {name for data in all_data for name in data}
            assert set(EVENTS[kind].example) <= known, kind
