"""Who goes first on the air, with four busy modems that need 3 s for each part."""

from pathlib import Path

from tests.gateway import contest
from tests.gateway.contest import LATENCY_S, MODEMS
from tests.loop import run_virtual

WINDOW = 64  # most of each campaign lies on disk


def test_an_urgent_message_leaves_within_one_modem_latency(tmp_path: Path) -> None:
    waits = run_virtual(contest.overtaking(tmp_path, 150, WINDOW), debug=False)
    assert len(waits) == 6
    assert max(waits) <= LATENCY_S


def test_a_second_key_is_served_at_once_and_gets_half(tmp_path: Path) -> None:
    shares = run_virtual(contest.sharing(tmp_path, 120, 120, WINDOW), debug=False)
    assert shares.first_wait <= LATENCY_S
    assert shares.early + shares.late >= 15 * MODEMS - MODEMS
    assert abs(shares.early - shares.late) <= 2


def test_keys_share_by_parts_not_by_messages(tmp_path: Path) -> None:
    story = contest.sharing(tmp_path, 120, 40, WINDOW, text="long " * 80)
    shares = run_virtual(story, debug=False)
    assert abs(shares.early - shares.late) <= 2 * 3 * MODEMS  # whole texts are begun


def test_a_campaign_goes_on_under_a_stream_of_urgent_messages(tmp_path: Path) -> None:
    progress = run_virtual(contest.progress(tmp_path, 120, 15, WINDOW), debug=False)
    everything = progress.urgent + progress.campaign
    assert everything >= 13 * MODEMS
    assert 0.07 <= progress.campaign / everything <= 0.13
    assert progress.longest_gap <= 10 * MODEMS


def test_what_cannot_leave_holds_nobody_up(tmp_path: Path) -> None:
    wait = run_virtual(contest.hiding(tmp_path, 150, WINDOW), debug=False)
    assert wait <= LATENCY_S


def test_a_destination_nobody_serves_hides_nothing_on_disk_behind_it(
    tmp_path: Path,
) -> None:
    waits = run_virtual(contest.barred(tmp_path, 400, window=20), debug=False)
    assert waits.behind <= 10  # seconds: walked to, over 400 that cannot leave
    assert waits.afterwards <= LATENCY_S  # let in at once
    assert waits.restarted <= 10
