"""A stick is pulled in the middle of traffic and comes back under another name.

Four modems on real ptys in real time; the simulator answers commands at once and
takes 100 ms for each message.
"""

import time
from collections import Counter
from pathlib import Path

import pytest

from modemgw.sim.fleet import imei_of
from tests.scenario.box import Box, Json, wait_for

pytestmark = pytest.mark.interop  # real processes on real ptys

MODEMS = 4
PULLED = 1
AWAY_S = 5.0
BACK_WITHIN_S = 3.0
FULL_RATE = 0.9  # of the rate before, for those that were left alone
LATENCY_MS = 100
PLAN = f"""\
modems: [{{count: {MODEMS}}}]
events:
  - {{at: 6s, modem: {PULLED}, do: unplug}}
  - {{at: {6 + AWAY_S:g}s, modem: {PULLED}, do: replug, as: modem7}}
"""
BY_PORT = "".join(f"  - {{name: m{at}, port: TTY/modem{at}}}\n" for at in range(MODEMS))
BY_IMEI = (
    '  - {name: pool, port: "TTY/modem*"}\n'
    f'  - {{name: second, port: "TTY/modem*", imei: "{imei_of(PULLED)}"}}\n'
)


def send(box: Box, first: int, count: int) -> None:
    items: list[Json] = [
        {"to": f"+4915100{n:06d}", "text": f"n{n}"} for n in range(first, first + count)
    ]
    batch = box.call("POST", "/v1/messages/batch", {"messages": items})
    assert batch["accepted"] == count


def rate(entries: list[Json], modem: str, begin: float, end: float) -> float:
    """Messages a second that this modem sent between two instants (Unix ms)."""
    hits = [e for e in entries if e["modem"] == modem and begin <= e["at"] < end]
    return len(hits) * 1000 / (end - begin)


@pytest.mark.parametrize(
    ("modems", "name"),
    [
        pytest.param(BY_PORT, "m1", id="listed-by-port"),
        pytest.param(BY_IMEI, "second", id="listed-by-imei-and-by-a-pattern"),
    ],
)
def test_a_stick_that_comes_back_under_another_name_is_in_service_within_3_seconds(
    tmp_path: Path, modems: str, name: str
) -> None:
    total = 440
    with Box(
        tmp_path,
        modems=MODEMS,
        latency=f"{LATENCY_MS}ms",
        report_latency="100ms",
        scenario=PLAN,
    ) as box:
        old, new = tmp_path / "tty" / f"modem{PULLED}", tmp_path / "tty" / "modem7"
        config = box.config.read_text("utf-8")
        before, _, after = config.partition("modems:\n")
        listed = modems.replace("TTY", str(tmp_path / "tty"))
        box.config.write_text(
            before + "modems:\n" + listed + "sims:" + after.partition("sims:")[2]
        )
        box.start_daemon()
        wait_for("the modems", lambda: box.ready_modems() == MODEMS)
        for first in range(0, total, 110):
            send(box, first, 110)

        wait_for("the pull", lambda: not old.exists())
        pulled_at = time.time() * 1000
        wait_for("the return", new.exists)
        back_at = new.lstat().st_ctime * 1000
        wait_for("all of it", lambda: not box.messages("&state=queued,sending"), 60)

        entries = box.on_air()
        pulled = f"modem{PULLED}"
        first_at = min(
            e["at"] for e in entries if e["modem"] == pulled and e["at"] > back_at
        )
        print(f"back in service after {first_at - back_at:.0f} ms")  # noqa: T201
        assert first_at - back_at <= BACK_WITHIN_S * 1000

        # 0 lost, 0 doubled; what was on the air when it was pulled is in doubt.
        on_air = Counter(e["text"] for e in entries)
        doubted = {m["text"] for m in box.messages("&state=in_doubt")}
        assert len(doubted) <= 1
        assert set(on_air) | doubted == {f"n{n}" for n in range(total)}
        assert max(on_air.values()) == 1
        assert not box.messages("&state=failed,expired")

        for at in {0, 1, 2, 3} - {PULLED}:
            modem = f"modem{at}"
            quiet = rate(entries, modem, pulled_at - 3000, pulled_at)
            alone = rate(entries, modem, pulled_at, back_at)
            print(f"{modem}: {quiet:.1f}/s before, {alone:.1f}/s meanwhile")  # noqa: T201
            assert alone >= FULL_RATE * quiet

        events = box.call("GET", "/v1/events?types=modem.lost,modem.recovered")["data"]
        lost, recovered = (e["data"] for e in events)
        assert (lost["modem"], lost["port"]) == (name, str(old))
        assert (recovered["modem"], recovered["port"]) == (name, str(new))
        assert recovered["previous_port"] == str(old)
        assert box.stop_daemon() == 0
