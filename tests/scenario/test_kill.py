"""kill -9 with a full queue: nothing lost, nothing sent twice, each doubt named."""

import random
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.scenario.box import Box, wait_for

MESSAGES = 200
KILLS = 5


def has_sent(box: Box, count: int) -> bool:
    return len(box.on_air()) >= count


@pytest.mark.interop
def test_five_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(20261122)  # noqa: S311 - which moment, repeatably
    with Box(tmp_path, modems=4, latency="60ms", report_latency="200ms") as box:
        box.start_daemon()
        batch = box.call(
            "POST",
            "/v1/messages/batch",
            {
                "messages": [
                    {"to": f"+4915100{n:06d}", "text": f"message {n}"}
                    for n in range(MESSAGES)
                ]
            },
        )
        assert batch["accepted"] == MESSAGES
        for kill in range(1, KILLS + 1):
            goal = MESSAGES * kill // (KILLS + 2) + dice.randrange(8)
            wait_for(f"{goal} on the air", partial(has_sent, box, goal))
            box.kill_daemon()
            box.start_daemon()

        def is_done() -> bool:
            open_states = "queued,sending,scheduled"
            return not box.messages(f"&state={open_states}")

        wait_for("the rest of the queue", is_done, within=60)
        messages = box.messages("&direction=outbound")
        sent = [entry["text"] for entry in box.on_air()]
        doubts = {m["text"]: m for m in messages if m["state"] == "in_doubt"}
        with capsys.disabled():
            left = sum(text in sent for text in doubts)
            sys.stderr.write(
                f"\n{KILLS} kills, {MESSAGES} messages: {len(sent)} on the air, "
                f"{len(doubts)} in doubt ({left} of them had left)\n"
            )
        assert len(messages) == MESSAGES
        assert len(sent) == len(set(sent)), "sent twice"
        lost = {m["text"] for m in messages} - set(sent) - set(doubts)
        assert not lost
        for message in doubts.values():
            assert message["reason"]["detail"] == (
                "the gateway stopped while the part was being sent"
            )
        assert len(doubts) <= KILLS * 4
        assert box.stop_daemon() == 0
