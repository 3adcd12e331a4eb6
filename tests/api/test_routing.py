"""Where a message would go, where it may go, and for whom it waits, over HTTP."""

from pathlib import Path

from tests.api.desk import TO, Desk, at_desk


def test_a_dry_run_says_where_it_would_go(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        draft = {"to": TO, "text": "x" * 200, "route": {"sticky": True}}
        answer = await desk.post("/v1/messages?dry_run=true", draft)
        assert answer.status == 200, answer.octets
        assert answer.json["segments"] == 2
        assert answer.json["routing"] == {
            "sim": None,
            "why": "there is no SIM",
            "others": {},
            "leaves_at": None,
        }
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


def test_a_message_that_waits_says_so_until_it_is_over(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/messages",
            {
                "to": TO,
                "text": "hello",
                "route": {"pool": "default"},
                "fallback": [{"after": 60, "pool": "default"}],
            },
        )
        assert made.status == 202, made.octets
        path = f"/v1/messages/{made.json['id']}"
        told = (await desk.get(f"{path}/timeline")).json
        assert [step["type"] for step in told["data"]] == ["message.queued"]
        assert told["routing"]["why"] == "there is no SIM"
        assert (await desk.post(f"{path}/cancel")).status == 200
        assert "routing" not in (await desk.get(f"{path}/timeline")).json

    at_desk(tmp_path, story)


def test_no_timeline_of_nobody(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get("/v1/messages/msg_x/timeline")).status == 404

    at_desk(tmp_path, story)
