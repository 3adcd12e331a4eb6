"""Events by cursor: each is seen once, in order, and a poll costs little."""

from pathlib import Path
from typing import Any

from tests.api.desk import TO, Desk, at_desk


async def events(desk: Desk, query: str = "") -> dict[str, Any]:
    answer = await desk.get(f"/v1/events{query}")
    assert answer.status == 200, answer.octets
    page: dict[str, Any] = answer.json
    return page


def test_a_client_that_polls_sees_everything_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        seen = []
        page = await events(desk)
        assert (page["data"], page["has_more"]) == ([], False)
        for n in range(5):
            made = await desk.post("/v1/messages", {"to": TO, "text": f"{n}"})
            if n % 2:
                await desk.post(f"/v1/messages/{made.json['id']}/cancel")
            while True:
                page = await events(desk, f"?limit=1&cursor={page['next_cursor']}")
                seen += page["data"]
                if not page["has_more"]:
                    break
        assert [event["type"].partition(".")[2] for event in seen] == [
            *("queued", "queued", "canceled", "queued", "queued", "canceled", "queued")
        ]
        ids = [event["id"] for event in seen]
        assert ids == sorted(set(ids))
        assert all(event["timestamp"].endswith("Z") for event in seen)
        assert seen[0]["data"]["state"] == "queued"
        behind = await events(desk, f"?since={ids[4]}")
        assert [event["id"] for event in behind["data"]] == ids[5:]

    at_desk(tmp_path, story)


def test_types_are_chosen_by_pattern(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post("/v1/messages", {"to": TO, "text": "hi"})
        await desk.post(f"/v1/messages/{made.json['id']}/cancel")

        async def types(pattern: str) -> list[str]:
            page = await events(desk, f"?types={pattern}")
            return [event["type"] for event in page["data"]]

        both = ["message.queued", "message.canceled"]
        assert await types("message.*") == both
        assert await types("message.canceled,sim.*") == both[1:]
        assert await types("sim.*") == []
        # A poll that found nothing passes over what did not match.
        page = await events(desk, "?types=sim.*")
        page = await events(desk, f"?cursor={page['next_cursor']}")
        assert page["data"] == []

    at_desk(tmp_path, story)


def test_since_and_cursor_exclude_each_other(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.get("/v1/events?since=evt_1&cursor=c1")
        assert (answer.status, answer.pointers) == (422, ["since"])

    at_desk(tmp_path, story)
