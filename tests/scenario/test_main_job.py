"""The main job on real processes: what goes out, what comes in, and the way down."""

import base64
import json
import re
from functools import partial
from pathlib import Path

import pytest

from tests.scenario.box import Box, Json, wait_for
from tests.scenario.hook import Hook

pytestmark = pytest.mark.interop  # real processes on real ptys

TEXT = "The bike of Zoë is ready 🚲"
FROM = "+4915198765432"
TO = "+4915112345678"


def endpoint(box: Box, hook: Hook, events: list[str]) -> None:
    made = box.call("POST", "/v1/webhooks", {"url": hook.url, "events": events})
    hook.secret = made["secret"]


def has(hook: Hook, type: str, count: int = 1) -> bool:
    return len(hook.of(type)) >= count


def log_of(box: Box) -> str:
    return (box.home / "daemon.log").read_text("utf-8")


def test_a_message_is_delivered_and_the_app_hears_of_it_by_a_signed_webhook(
    tmp_path: Path,
) -> None:
    with (
        Hook() as hook,
        Box(
            tmp_path,
            modems=2,
            report_latency="100ms",
            http=f'webhook_allow: ["127.0.0.1:{hook.port}"]',
        ) as box,
    ):
        box.start_daemon()
        endpoint(box, hook, ["message.*"])
        sent = box.call(
            "POST", "/v1/messages", {"to": TO, "text": TEXT, "reference": "order-991"}
        )
        wait_for("the webhook", partial(has, hook, "message.delivered"))
        (delivered,) = hook.of("message.delivered")
        assert delivered["id"] == sent["id"]
        assert delivered["state"] == "delivered"
        assert delivered["reference"] == "order-991"
        assert delivered["sequence"] > sent["sequence"]
        assert {"message.queued", "message.sent"} <= {e["type"] for e in hook.events}
        assert len(hook.ids) == len(set(hook.ids))
        assert hook.refused == 0

        now = box.call("GET", f"/v1/messages/{sent['id']}")
        assert now["state"] == "delivered" and now["attempts"] == 1
        (on_air,) = box.on_air()
        assert (on_air["to"], on_air["text"]) == (TO, TEXT)

        assert box.stop_daemon() == 0
        log = log_of(box)
        for secret in (TEXT, "Zoë", TO, TO[1:], box.key, box.key.rsplit("_", 1)[1]):
            assert secret not in log
        assert hook.secret not in log and " error " not in log


def test_three_parts_with_emoji_arrive_as_one_webhook(tmp_path: Path) -> None:
    text = "Ça y est 🎉 " * 14  # 168 UTF-16 units: three parts
    inbound = {"at": "1s", "modem": 0, "do": "inbound", "from": FROM, "text": text}
    inbound |= {"order": [3, 1, 2]}
    plan = f"modems: [{{}}]\nevents:\n  - {json.dumps(inbound, ensure_ascii=False)}\n"
    with Hook() as hook:
        hook.secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
        (tmp_path / "hook-secret").write_text(hook.secret + "\n", "utf-8")
        declared: Json = {"url": hook.url, "events": ["message.received"]}
        declared["secret"] = {"file": "hook-secret"}
        extra = f"webhooks: {json.dumps([declared])}\n"
        with Box(tmp_path, modems=1, scenario=plan, extra=extra) as box:
            box.start_daemon()
            wait_for("the webhook", partial(has, hook, "message.received"))
            assert box.stop_daemon() == 0  # with whatever else it would have sent
            (received,) = hook.of("message.received")
            assert received["text"] == text
            assert received["from"] == FROM
            assert (received["segments"], received["partial"]) == (3, False)
            log = log_of(box)
            assert text[:8] not in log and FROM not in log and "error" not in log


def test_sigterm_lets_finish_what_is_on_the_air_and_keeps_the_rest(
    tmp_path: Path,
) -> None:
    with Box(tmp_path, modems=2, latency="400ms", report_latency="100ms") as box:
        box.start_daemon()
        items: list[Json] = [
            {"to": f"+4915100{n:06d}", "text": f"n{n}"} for n in range(16)
        ]
        batch = box.call("POST", "/v1/messages/batch", {"messages": items})
        assert batch["accepted"] == 16

        wait_for("traffic", lambda: len(box.on_air()) >= 4)
        assert box.stop_daemon() == 0
        left_before = [entry["text"] for entry in box.on_air()]
        assert 4 <= len(left_before) < 16
        assert re.search(r"modemgw\.daemon stopped$", log_of(box), re.MULTILINE)

        box.start_daemon()
        wait_for("the rest", lambda: not box.messages("&state=queued,sending"))
        texts = [entry["text"] for entry in box.on_air()]
        assert sorted(texts) == sorted(item["text"] for item in items)
        assert not box.messages("&state=in_doubt")
        assert box.stop_daemon() == 0
