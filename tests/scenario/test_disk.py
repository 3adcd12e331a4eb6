"""A daemon whose disk takes nothing more, or gives back what was not written."""

import json
import resource
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modemgw.store.database import FILE_NAME
from tests.scenario.box import Box, wait_for

ROOM = 400 * 1024  # octets that a file of the daemon may grow to, while "full"
MOST = 400  # messages until that must be reached

Answer = tuple[int, dict[str, Any]]


def post(box: Box, number: int) -> Answer:
    """Send one message; return the status and the body, of a refusal too."""
    request = urllib.request.Request(  # noqa: S310 - http, to ourselves
        f"{box.url}/v1/messages",
        data=json.dumps({"to": f"+4915100{number:06d}", "text": f"n{number}"}).encode(),
        headers={
            "Authorization": f"Bearer {box.key}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def limit(box: Box, octets: int) -> None:
    """Let no file of the daemon grow beyond this."""
    assert box.daemon is not None
    hard = resource.RLIM_INFINITY
    resource.prlimit(box.daemon.pid, resource.RLIMIT_FSIZE, (octets, hard))


def is_sent(box: Box, texts: set[str]) -> bool:
    return {str(entry["text"]) for entry in box.on_air()} >= texts


@pytest.mark.interop
def test_a_full_disk_is_503_with_a_reason_and_loses_nothing(tmp_path: Path) -> None:
    with Box(tmp_path, modems=2, latency="20ms") as box:
        box.start_daemon()
        limit(box, ROOM)
        accepted: set[str] = set()
        for number in range(MOST):
            status, body = post(box, number)
            if status != 202:
                break
            accepted.add(f"n{number}")
        assert status == 503
        assert body["detail"], body
        refused = f"n{number}"
        limit(box, resource.RLIM_INFINITY)
        wait_for("room again", lambda: post(box, MOST)[0] == 202)
        accepted.add(f"n{MOST}")
        wait_for("what was accepted", partial(is_sent, box, accepted), within=60)
        box.kill_daemon()
        box.start_daemon()
        air = [str(entry["text"]) for entry in box.on_air()]
        sent = [text for text in air if text.startswith("n")]
        assert len(sent) == len(set(sent))
        assert set(sent) == accepted
        assert refused not in {row["text"] for row in box.messages()}
        assert box.stop_daemon() == 0


@pytest.mark.interop
def test_a_damaged_file_stops_the_start_and_a_sound_copy_goes_on(
    tmp_path: Path,
) -> None:
    with Box(tmp_path, modems=1, latency="20ms") as box:
        box.start_daemon()
        assert post(box, 1)[0] == 202
        wait_for("the first", partial(is_sent, box, {"n1"}))
        box.kill_daemon()
        file = tmp_path / "data" / FILE_NAME
        with closing(sqlite3.connect(file)) as db:  # all of it in one file
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sound = file.read_bytes()
        octets = bytearray(sound)
        for at in range(4096, len(octets), 4096):
            octets[at] ^= 0xFF  # the kind of every page but the first
        file.write_bytes(octets)
        with pytest.raises(AssertionError, match="damaged"):
            box.start_daemon()
        file.write_bytes(sound)
        box.start_daemon()
        assert post(box, 2)[0] == 202
        wait_for("the second", partial(is_sent, box, {"n2"}))
        assert {row["text"] for row in box.messages()} >= {"n1", "n2"}
