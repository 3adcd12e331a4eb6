"""What is counted is what was committed, and nothing else."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.errors import StoreError
from modemgw.store.tally import DeliveryNote, PartNote, PartOutcome
from modemgw.store.writer import Connection
from tests.store.factory import open_store

Job = Callable[[Connection], None]


def noting(name: str) -> Job:
    return lambda db: db.kinds.append(name)


def failing(name: str) -> Job:
    def job(db: Connection) -> None:
        db.kinds.append(name)
        db.notes.append(DeliveryNote(name))
        raise ValueError(name)

    return job


@pytest.mark.parametrize("inline", [True, False], ids=["inline", "thread"])
def test_what_is_rolled_back_is_not_counted(tmp_path: Path, inline: bool) -> None:
    async def story() -> None:
        clock = SystemClock()
        async with open_store(tmp_path, clock=clock, inline=inline) as store:
            tally = store.writer.tally
            jobs = [failing("a"), noting("b"), failing("c"), noting("b"), failing("d")]
            found = await asyncio.gather(*store.write_all(jobs), return_exceptions=True)
            assert [isinstance(one, ValueError) for one in found] == [
                *(True, False, True, False, True)
            ]
            assert (tally.events, tally.pushes) == ({"b": 2}, {})
            assert sum(tally.commits.counts) == store.writer.commits

            def refuse(commit: int) -> None:
                raise OSError(28, "No space left on device")

            store.writer.before_commit = refuse
            with pytest.raises(StoreError):
                await store.write(noting("lost"))
            store.writer.before_commit = None
            await store.write(noting("kept"))
            assert tally.events == {"b": 2, "kept": 1}

    asyncio.run(story())


def test_notes_are_counted_by_what_they_are_about(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=True) as store:

            def job(db: Connection) -> None:
                db.notes += [
                    PartNote(7, PartOutcome.ACCEPTED, seconds=2.5),
                    PartNote(7, PartOutcome.ACCEPTED),  # late: nobody measured
                    PartNote(7, PartOutcome.REFUSED, "no_credit"),
                    PartNote(7, PartOutcome.DELIVERED, seconds=4.0),
                    PartNote(7, PartOutcome.UNDELIVERED, seconds=4.0),
                    DeliveryNote("dead"),
                ]

            await store.write(job)
            tally = store.writer.tally
            sim = tally.sims[7]
            assert sim.outcomes == {
                PartOutcome.ACCEPTED: 2,
                PartOutcome.REFUSED: 1,
                PartOutcome.NOT_SENT: 0,
                PartOutcome.IN_DOUBT: 0,
                PartOutcome.DELIVERED: 1,
                PartOutcome.UNDELIVERED: 1,
            }
            assert sim.refusals == {"no_credit": 1}
            assert (sum(sim.submit.counts), sim.submit.total) == (1, 2.5)
            assert (sum(sim.delivery.counts), sim.delivery.total) == (1, 4.0)
            assert tally.pushes == {"dead": 1}

    asyncio.run(story())
