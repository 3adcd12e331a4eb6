"""Batches: a verdict for each item, one durable answer for all."""

from pathlib import Path

from tests.api.desk import TO, Desk, at_desk

BATCH = "/v1/messages/batch"


def test_each_item_has_its_own_verdict(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(
            BATCH,
            {
                "messages": [
                    {"to": TO, "text": "one"},
                    {"to": "nobody", "text": "two"},
                    {"to": TO, "text": "three", "foo": 1},
                    "four",
                    {"to": TO},
                    {"to": TO, "text": "six"},
                ]
            },
        )
        assert answer.status == 202, answer.octets
        made = answer.json
        assert (made["accepted"], made["rejected"]) == (2, 4)
        assert answer.headers["Location"] == f"/v1/batches/{made['batch_id']}"
        assert [item["index"] for item in made["results"]] == [0, 1, 2, 3, 4, 5]
        errors = {
            item["index"]: item["error"]["errors"][0]["pointer"]
            for item in made["results"]
            if "error" in item
        }
        assert errors == {
            1: "/messages/1/to",
            2: "/messages/2/foo",
            3: "/messages/3",
            4: "/messages/4/text",
        }
        assert all(
            item["error"]["status"] == 422
            for item in made["results"]
            if "error" in item
        )
        shown = await desk.get(f"/v1/messages/{made['results'][5]['id']}")
        assert shown.json["text"] == "six"
        assert shown.json["batch_id"] == made["batch_id"]
        batch = (await desk.get(f"/v1/batches/{made['batch_id']}")).json
        assert (batch["accepted"], batch["rejected"]) == (2, 4)
        assert batch["states"] == {"queued": 2}
        listed = await desk.get(f"/v1/messages?batch_id={made['batch_id']}&count=true")
        assert listed.json["count"] == 2

    at_desk(tmp_path, story)


def test_defaults_fill_what_an_item_leaves_out(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(
            BATCH,
            {
                "defaults": {"text": "hello", "class": "marketing", "tags": ["a"]},
                "messages": [{"to": TO}, {"to": TO, "text": "own", "tags": []}],
            },
        )
        assert answer.json["rejected"] == 0, answer.octets
        shown = [
            (await desk.get(f"/v1/messages/{item['id']}")).json
            for item in answer.json["results"]
        ]
        assert [message["text"] for message in shown] == ["hello", "own"]
        assert [message["tags"] for message in shown] == [["a"], []]
        assert {message["class"] for message in shown} == {"marketing"}

    at_desk(tmp_path, story)


def test_a_batch_is_replayed_as_it_was_answered(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        body = {"messages": [{"to": TO, "text": "hi"}, {"to": "x", "text": "hi"}]}
        headers = {"Idempotency-Key": "import-7"}
        first = await desk.post(BATCH, body, headers=headers)
        again = await desk.post(BATCH, body, headers=headers)
        assert again.octets == first.octets
        assert again.headers["Idempotency-Replayed"] == "true"
        # The key belongs to that request, not to its body alone.
        other = await desk.post("/v1/messages", body["messages"][0], headers=headers)
        assert other.problem == "idempotency-mismatch"
        assert await desk.queued() == 1

    at_desk(tmp_path, story)


def test_ten_thousand_fit_and_the_limit_is_the_queue(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        long = "x" * 400  # four megabytes in all: only this route takes them
        answer = await desk.post(
            BATCH,
            {
                "defaults": {"text": long},
                "messages": [{"to": "1", "text": long, "n": 1}] * 10_000,
            },
        )
        assert (answer.status, answer.json["rejected"]) == (202, 10_000)
        full = await desk.post(BATCH, {"messages": [{"to": TO, "text": "hi"}] * 11})
        assert (full.status, full.problem) == (503, "queue-full")
        assert await desk.queued() == 0

    at_desk(tmp_path, story, queue_max=10)


def test_too_large_a_batch_is_413(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(BATCH, b"[" + b" " * (16 * 1024 * 1024))
        assert (answer.status, answer.problem) == (413, "payload-too-large")

    at_desk(tmp_path, story)


def test_an_unknown_batch_is_404(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get("/v1/batches/bat_0")).problem == "not-found"

    at_desk(tmp_path, story)
