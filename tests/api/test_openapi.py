"""The OpenAPI document: complete, resolvable, and true of what is answered."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from modemgw.api import openapi_words as words
from modemgw.api.app import ROUTES
from modemgw.api.openapi import PATH, document
from modemgw.api.problems import TITLES
from modemgw.api.pushed_events import EVENTS
from modemgw.api.routing import ANY_KEY, PUBLIC
from modemgw.api.schema import SubmitRequest
from modemgw.config.values import EVENT_TYPES
from tests.api.desk import TO, Answer, Desk, at_desk
from tests.gateway.event_check import event_difference

DOCUMENT: dict[str, Any] = msgspec.json.decode(document(ROUTES))
DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(__file__).parents[2] / "modemgw"


def test_every_route_is_described() -> None:
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        assert operation["summary"]
        assert all(operation["tags"])
        assert operation["description"].endswith(".")
        assert {str(status) for status in route.answers} <= operation[
            "responses"
        ].keys()
        if route.scope == PUBLIC:
            assert operation["security"] == []
        elif route.scope != ANY_KEY:
            assert operation["x-scope"] == route.scope
            assert "403" in operation["responses"]
    assert PATH in DOCUMENT["paths"]
    assert set(DOCUMENT["webhooks"]) == set(EVENTS)


def test_the_document_is_openapi_3_1() -> None:
    found = [
        f"{list(error.absolute_path)}: {error.message}"
        for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()
    ]
    assert not found


@pytest.mark.parametrize("name", EVENTS)
def test_events_are_described_by_an_example(name: str) -> None:
    pushed = EVENTS[name]
    assert event_difference(name, pushed.example) == ""
    content = DOCUMENT["webhooks"][name]["post"]["requestBody"]["content"]
    shown = content["application/json"]
    assert shown["schema"]["properties"]["type"] == {"const": name}
    assert shown["example"]["data"] == pushed.example


def test_every_event_that_is_pushed_is_described() -> None:
    """What the configuration knows, and the code pushes, has its shape here."""
    promised = {"campaign.finished", "gateway.disk_low"}
    assert set(EVENT_TYPES) - promised == set(EVENTS)


def test_every_heading_and_parameter_is_explained() -> None:
    told = {tag["name"] for tag in DOCUMENT["tags"]}
    operations = [op for path in DOCUMENT["paths"].values() for op in path.values()]
    assert {tag for op in operations for tag in op["tags"]} == told
    parameters = [one for op in operations for one in op["parameters"]]
    assert all(one["description"] for one in parameters)
    assert {one["name"] for one in parameters} >= set(words.PARAMETERS)


def test_operation_ids_are_unique() -> None:
    ids = [
        operation["operationId"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
    ]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                target: Any = DOCUMENT
                for step in value["$ref"].removeprefix("#/").split("/"):
                    target = target[step]
                assert target
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(DOCUMENT)


def test_unknown_fields_are_refused_in_the_schema_too() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["SubmitRequest"]["additionalProperties"] is False
    assert schemas["SubmitRequest"]["required"] == ["to"]
    assert "class" in schemas["SubmitRequest"]["properties"]


def test_answers_are_of_the_shape_that_is_declared(tmp_path: Path) -> None:
    shapes = {
        (route.method, route.path, status): shape
        for route in ROUTES
        for status, shape in route.answers.items()
    }
    seen = set()

    async def story(desk: Desk) -> None:
        async def check(
            method: str, path: str, real: str = "", body: object = None
        ) -> Answer:
            answer = await desk.ask(method, real or path, body, admin=True)
            shape = shapes[method, path, answer.status]
            if shape is not None:
                msgspec.json.decode(answer.octets, type=shape)
            seen.add((method, path))
            return answer

        hooks, messages = "/v1/webhooks", "/v1/messages"
        hook = await check(
            "POST", hooks, "", {"url": "http://10.0.0.1", "events": ["*"]}
        )
        hook_path = f"{hooks}/{hook.json['id']}"
        draft = {"to": TO, "text": "hi"}
        made = await check("POST", messages, "", draft)
        await check("POST", messages, f"{messages}?dry_run=true", draft)
        path = f"{messages}/{made.json['id']}"
        await check("GET", f"{messages}/{{id}}", path)
        await check("GET", messages, f"{messages}?count=true")
        await check("GET", f"{messages}/{{id}}/timeline", f"{path}/timeline")
        await check("POST", f"{messages}/{{id}}/cancel", f"{path}/cancel")
        batch = await check(
            "POST", f"{messages}/batch", "", {"messages": [draft, {"to": "x"}]}
        )
        batch_id = batch.json["batch_id"]
        await check("GET", "/v1/batches/{id}", f"/v1/batches/{batch_id}")
        await check("POST", f"{messages}/{{id}}/resend", f"{path}/resend")
        await check("DELETE", f"{messages}/{{id}}/body", f"{path}/body")
        await check("POST", "/v1/batches/{id}/cancel", f"/v1/batches/{batch_id}/cancel")
        code = await check("POST", "/v1/verifications", "", {"to": TO, "app": "Shop"})
        code_path = f"/v1/verifications/{code.json['id']}"
        await check("GET", "/v1/verifications/{id}", code_path)
        await check(
            "POST",
            "/v1/verifications/{id}/check",
            f"{code_path}/check",
            {"code": "x"},
        )
        await check("POST", "/v1/privacy/export", "", {"number": TO, "csv": True})
        gone = {"number": TO, "waiting": "cancel"}
        await check("POST", "/v1/privacy/erase", "", gone)
        await check("GET", "/v1/audit")
        await check("GET", "/v1/audit/verify")
        for one in ("/v1/sims", "/v1/modems", hooks, "/v1/keys", "/v1/events"):
            await check("GET", one)
        await check("POST", "/v1/events/ticket")
        stops = "/v1/suppressions"
        stop = await check("POST", stops, "", {"number": TO})
        stop_path = f"{stops}/{stop.json['id']}"
        await check("POST", f"{stops}/import", "", {"entries": [{"number": "x"}]})
        await check("POST", f"{stops}/check", "", {"numbers": [TO]})
        await check("GET", stops)
        await check("GET", f"{stops}/{{id}}", stop_path)
        await check("POST", messages, "", {**draft, "class": "marketing"})
        await check("DELETE", f"{stops}/{{id}}", stop_path)
        for probe in ("/healthz", "/readyz"):
            await check("GET", probe)
        for act in ("/v1/pause", "/v1/resume"):
            await check("POST", act)
        await check("GET", f"{hooks}/{{id}}", hook_path)
        await check("PATCH", f"{hooks}/{{id}}", hook_path, {"events": ["sim.*"]})
        await check("POST", f"{hooks}/{{id}}/test", f"{hook_path}/test")
        await check("POST", f"{hooks}/{{id}}/rotate", f"{hook_path}/rotate")
        await check("GET", f"{hooks}/{{id}}/deliveries", f"{hook_path}/deliveries")
        await check("DELETE", f"{hooks}/{{id}}", hook_path)
        key = await check("POST", "/v1/keys", "", {"name": "a", "scopes": ["admin"]})
        key_path = f"/v1/keys/{key.json['id']}"
        await check("PATCH", "/v1/keys/{id}", key_path, {"limits": ["9/day"]})
        await check("GET", "/v1/usage")
        await check("POST", "/v1/keys/{id}/rotate", f"{key_path}/rotate")
        await check("GET", "/v1/keys/{id}/twilio", f"{key_path}/twilio")
        await check("POST", "/oauth/token")
        await check("POST", "/oauth/revoke")
        await check("DELETE", "/v1/keys/{id}", key_path)
        await check("POST", "/v1/setup-link", "", {})
        served = await desk.get(PATH)
        assert served.json == DOCUMENT

    at_desk(tmp_path, story)
    # These need a modem in the pool, a doubt, or a delivery that ended.
    # What is no JSON: test_metrics.py, test_viewer.py.
    others = {(one.method, one.path) for one in ROUTES if not one.media} - seen
    assert others == {
        ("GET", "/docs/{file}"),
        ("POST", "/v1/reload"),
        ("GET", "/v1/sims/{id}"),
        ("PATCH", "/v1/sims/{id}"),
        ("POST", "/v1/sims/{id}/bench"),
        ("POST", "/v1/sims/{id}/parole"),
        ("POST", "/v1/sims/{id}/pause"),
        ("POST", "/v1/sims/{id}/resume"),
        ("GET", "/v1/modems/{id}"),
        ("GET", "/v1/modems/{id}/transcript"),
        ("GET", "/v1/modems/{id}/journal"),
        ("POST", "/v1/modems/{id}/restart"),
        ("POST", "/v1/modems/{id}/at"),
        # … these two SIMs: tests/api/test_upkeep.py, and the demo in the how-tos.
        ("POST", "/v1/sims/{id}/balance"),
        ("GET", "/v1/sims/{id}/balance"),
        ("POST", "/v1/sims/{id}/selftest"),
        ("GET", "/v1/sims/{id}/selftest"),
        ("GET", "/v1/selftests/{id}"),
        ("POST", "/v1/sims/{id}/ussd"),
        ("POST", "/v1/sims/{id}/ussd/{session}"),
        ("DELETE", "/v1/sims/{id}/ussd/{session}"),
        ("POST", "/v1/messages/{id}/settle"),
        ("POST", "/v1/webhooks/{id}/deliveries/{delivery}/replay"),
    }


def test_every_problem_type_is_documented() -> None:
    made = set(TITLES)
    for file in PACKAGE.rglob("*.py"):
        made |= set(re.findall(r'\bproblem="([a-z-]+)"', file.read_text("utf-8")))
        made |= set(
            re.findall(r'^    problem = "([a-z-]+)"', file.read_text("utf-8"), re.M)
        )
    text = (DOCS / "problems.md").read_text("utf-8")
    documented = set(re.findall(r"^## ([a-z-]+)$", text, re.M))
    assert documented == made


def test_every_route_is_in_the_reference() -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    for route in ROUTES:
        assert f"`{route.method} {route.path}`" in text, route.path


def test_examples_are_requests() -> None:
    """What the document shows of a route is taken by the decoder behind it."""
    schemas = DOCUMENT["components"]["schemas"]

    def example(shape: str, field: str) -> object:
        kinds = schemas[shape]["properties"][field]["anyOf"]
        (shown,) = [kind["examples"] for kind in kinds if "examples" in kind]
        return shown[0]

    route = {"pool": example("Route", "pool")}
    steps = example("SubmitRequest", "fallback")
    request = {"to": TO, "text": "x", "route": route, "fallback": steps}
    draft = msgspec.convert(request, SubmitRequest).draft()
    assert draft.pool == "cheap"
    assert [step.after for step in draft.fallback] == [120, 600]
