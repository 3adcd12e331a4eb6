"""kill -9 while events go out: whoever is told of them hears each at least once."""

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.scenario.box import Box, Json, wait_for
from tests.scenario.hook import Hook
from tests.scenario.listeners import SocketConsumer, SseConsumer

pytestmark = pytest.mark.interop  # real processes on real ptys

MESSAGES = 60
KILLS = 2


def all_events(box: Box, cursor: str) -> list[Json]:
    found: list[Json] = []
    while True:
        page = box.call("GET", f"/v1/events?limit=200&cursor={cursor}")
        found += page["data"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return found


def all_left(box: Box) -> bool:
    # A report may come while nobody listens, so not all are delivered.
    return not box.messages("&state=queued,sending,scheduled")


def test_no_event_is_lost_and_every_id_is_stable(tmp_path: Path) -> None:
    with (
        Hook() as hook,
        Box(
            tmp_path,
            modems=4,
            latency="20ms",
            report_latency="50ms",
            http=f'webhook_allow: ["127.0.0.1:{hook.port}"]',
        ) as box,
    ):
        box.start_daemon()
        made = box.call("POST", "/v1/webhooks", {"url": hook.url, "events": ["*"]})
        hook.secret = made["secret"]
        begin = box.call("GET", "/v1/events?limit=200")
        first, cursor = begin["data"][-1]["id"], begin["next_cursor"]
        with SseConsumer(box, first) as sse, SocketConsumer(box, first) as socket:
            drafts = [
                {"to": f"+4915100{n:06d}", "text": f"message {n}"}
                for n in range(MESSAGES)
            ]
            box.call("POST", "/v1/messages/batch", {"messages": drafts})
            for kill in range(1, KILLS + 1):
                goal = 3 * MESSAGES * kill // (KILLS + 2)
                wait_for(f"{goal} events", lambda n=goal: len(hook.ids) > n)  # type: ignore[misc]
                box.kill_daemon()
                box.start_daemon()
            wait_for("the rest of the queue", partial(all_left, box), within=60)
            events = all_events(box, cursor)
            wanted = {event["id"] for event in events}
            kinds = Counter(event["type"] for event in events)
            assert kinds["message.queued"] >= MESSAGES  # again where one was retried
            assert kinds["message.delivered"] > MESSAGES / 2
            assert kinds["gateway.started"] == KILLS
            for consumer in (sse, socket):
                wait_for("the stream", lambda c=consumer: wanted <= set(c.ids))  # type: ignore[misc]
                # In the order of the table, and once: `since` is exact.
                assert consumer.events[: len(events)] == events
                assert len(consumer.ids) == len(set(consumer.ids))
                assert consumer.breaks >= KILLS
            wait_for("the webhook", lambda: wanted <= set(hook.ids))
        assert hook.refused == 0
        bodies = dict(zip(hook.ids, hook.events, strict=True))
        for event in events:
            told = dict(event)
            assert bodies[told.pop("id")] == told
        assert box.stop_daemon() == 0
