"""kill -9 while writing: what was acknowledged is there, and nothing by halves."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modemgw.store import meta
from modemgw.store.database import Store
from tests.loop import VirtualClock, run_virtual

ROOT = Path(__file__).parents[2]
PARTS = 3  # rows that each job writes

WRITER = """
import asyncio, os, signal, sys
from pathlib import Path
from modemgw.clock import SystemClock
from modemgw.store import meta
from modemgw.store.database import Store

async def main(data_dir, clients, die_at):
    store = await Store.open(Path(data_dir), clock=SystemClock())

    def hook(number):
        if number == int(die_at):
            os.kill(os.getpid(), signal.SIGKILL)

    store.writer.before_commit = hook

    async def client(name):
        number = 0
        while True:
            def job(db):
                for part in range(PARTS):
                    meta.put(db, f"{name}-{number}-{part}", "x")
            await store.write(job)
            os.write(1, f"{name}-{number}\\n".encode())
            number += 1

    await asyncio.gather(*(client(n) for n in range(int(clients))))

asyncio.run(main(*sys.argv[1:]))
""".replace("PARTS", str(PARTS))


BUG = """
import asyncio, sys
from pathlib import Path
from modemgw.clock import SystemClock
from modemgw.store import meta
from modemgw.store.database import Store

async def main(data_dir):
    store = await Store.open(Path(data_dir), clock=SystemClock())
    await store.write(lambda db: meta.put(db, "0-0-0", "x"))
    await store.read(lambda db: meta.get(db, "clean"))
    raise ValueError("a bug")

asyncio.run(main(sys.argv[1]))
"""


def test_a_bug_ends_the_program_and_the_file_is_sound(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", BUG, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ValueError: a bug")
    assert what_is_left(tmp_path) == {"0-0": 1}


def kill_a_writer(
    data_dir: Path, clients: int, *, after: int, die_at: int = 0
) -> set[str]:
    """Run the writer until it acknowledged `after` jobs or dies; return those."""
    arguments = [str(data_dir), str(clients), str(die_at)]
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", WRITER, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        acknowledged = set()
        for line in process.stdout:
            acknowledged.add(line.strip())
            if len(acknowledged) == after:
                process.kill()
        process.wait(30)
    assert process.returncode == -signal.SIGKILL
    return acknowledged


def what_is_left(data_dir: Path) -> dict[str, int]:
    """Open what the writer left and count the rows of each job."""
    jobs: dict[str, int] = {}

    async def story() -> None:
        store = await Store.open(data_dir, clock=VirtualClock(), inline=True)
        assert not store.was_clean
        rows = await store.read(
            lambda db: db.execute(
                "SELECT key FROM meta WHERE key <> 'clean'"
            ).fetchall()
        )
        assert await store.write(lambda db: meta.get(db, "clean")) == "0"
        store.close()
        for (key,) in rows:
            job = key.rpartition("-")[0]
            jobs[job] = jobs.get(job, 0) + 1

    run_virtual(story())
    return jobs


@pytest.mark.parametrize("clients", [1, 16])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, clients: int) -> None:
    for after in (37, 74):  # the second run dies on the files of the first
        acknowledged = kill_a_writer(tmp_path, clients, after=after)
        left = what_is_left(tmp_path)
        assert acknowledged <= left.keys()
        assert set(left.values()) == {PARTS}, "a job is there as a whole or not at all"


def test_dying_before_a_commit_loses_just_that_one(tmp_path: Path) -> None:
    acknowledged = kill_a_writer(tmp_path, 1, after=10_000, die_at=5)
    assert acknowledged == {f"0-{n}" for n in range(4)}
    assert what_is_left(tmp_path).keys() == acknowledged
