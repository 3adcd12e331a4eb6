"""kill -9 at random while texts go out, and how each doubt was settled.

What really left is in the simulator's own journal; the gateway's word is compared
with it, text by text.
"""

import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.scenario.box import Box, Json, wait_for

Step = tuple[str, int, Json]  # type, instant, data

OPEN = "queued,sending,scheduled"
LEFT = ("sent", "delivered", "undelivered", "no_report")


@dataclass(frozen=True, slots=True)
class Settled:
    """One part that was under way at a kill, or not known to have ended."""

    text: str
    by: str  # which evidence; "" where none came
    after_s: float  # from the attempt to the evidence
    left: bool  # the attempt really did, by the simulator's journal
    state: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of all messages."""

    messages: int
    on_air: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    in_doubt: int
    wrong: tuple[str, ...]  # said to have left and did not, or the other way round
    settled: tuple[Settled, ...]

    def __str__(self) -> str:
        """Say it in lines for people."""
        lines = [
            f"{one.text:14} {one.by or 'nothing':15} after {one.after_s:5.1f} s: "
            f"{'it had left' if one.left else 'it had not left'}, now {one.state}"
            for one in self.settled
        ]
        kinds = Counter(one.by or "nothing" for one in self.settled)
        found = ", ".join(f"{by} {n}" for by, n in kinds.most_common()) or "none"
        return "\n".join(
            [
                *lines,
                f"{self.messages} messages, {self.on_air} on the air; "
                f"{len(self.lost)} lost, {len(self.doubled)} doubled, "
                f"{len(self.wrong)} told wrongly, {self.in_doubt} in doubt; "
                f"evidence: {found}",
            ]
        )


def kill_at_random(
    home: Path, *, messages: int, kills: int, latency: str, seed: int, modems: int = 4
) -> Tally:
    """Send `messages`, kill the daemon at random and start it again, and count."""
    dice = random.Random(seed)  # noqa: S311 - which moment, repeatably
    with Box(home, modems=modems, latency=latency, report_latency="500ms") as box:
        box.start_daemon()
        drafts = [
            {"to": f"+4915100{n:06d}", "text": f"message {n}"} for n in range(messages)
        ]
        batch = box.call("POST", "/v1/messages/batch", {"messages": drafts})
        assert batch["accepted"] == messages
        for kill in range(1, kills + 1):
            goal = messages * kill // (kills + 2) + dice.randrange(8)
            wait_for(f"{goal} on the air", partial(_has_sent, box, goal), within=90)
            box.kill_daemon()
            box.start_daemon()
        wait_for("the rest of the queue", partial(_is_done, box), within=120)
        # One more for each SIM: its reference speaks about doubts before it.
        extra = [{"to": f"+4915200{n:06d}", "text": f"extra {n}"} for n in range(64)]
        box.call("POST", "/v1/messages/batch", {"messages": extra})
        wait_for("the last ones", partial(_is_done, box), within=120)
        return _count(box, messages)


def _has_sent(box: Box, count: int) -> bool:
    return len(box.on_air()) >= count


def _is_done(box: Box) -> bool:
    return not box.messages(f"&state={OPEN}")


def _count(box: Box, messages: int) -> Tally:
    rows = {
        str(row["text"]): row
        for row in box.messages("&direction=outbound")
        if str(row["text"]).startswith("message ")
    }
    assert len(rows) == messages, "accepted, and not there any more"
    air = Counter(
        text for entry in box.on_air() if (text := str(entry["text"])) in rows
    )
    wrong = [
        text
        for text, row in rows.items()
        if (row["state"] in LEFT) != bool(air[text]) and row["state"] != "in_doubt"
    ]
    lost = [t for t, row in rows.items() if not air[t] and row["state"] != "in_doubt"]
    assert box.stop_daemon() == 0
    stories = _stories(box.home / "data" / "modemgw.db")
    settled: list[Settled] = []
    for text, row in rows.items():
        settled += _settled(text, row, stories[row["id"]], bool(air[text]))
    return Tally(
        messages=messages,
        on_air=sum(air.values()),
        lost=tuple(lost),
        doubled=tuple(text for text, count in air.items() if count > 1),
        in_doubt=sum(row["state"] == "in_doubt" for row in rows.values()),
        wrong=tuple(wrong),
        settled=tuple(settled),
    )


def _settled(text: str, row: Json, story: list[Step], left: bool) -> list[Settled]:
    """Return how each doubt of one message ended, and what the slate settled."""
    found: list[Settled] = []
    begun = 0
    for number, (kind, at, data) in enumerate(story):
        if kind == "part.submitting":
            begun = at
        elif "evidence" in data:
            later = [step[0] for step in story[number:]]
            did = left and "part.submitting" not in later
            by = str(data["by"])
            found.append(Settled(text, by, (at - begun) / 1000, did, row["state"]))
    if row["state"] == "in_doubt" and not found:
        found.append(Settled(text, "", 0.0, left, row["state"]))
    return found


def _stories(database: Path) -> dict[str, list[Step]]:
    """Return the steps of every message, from what the daemon left on disk."""
    stories: dict[str, list[Step]] = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        for public_id, kind, at, data in db.execute(
            "SELECT message.public_id, event.type, event.at, event.data FROM event"
            " JOIN message ON message.id = event.message_id ORDER BY event.id"
        ):
            stories.setdefault(public_id, []).append((kind, at, json.loads(data)))
    return stories
