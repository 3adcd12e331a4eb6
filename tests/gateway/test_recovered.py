"""What the gateway tells of a modem that was lost and came back, and who is spared."""

import asyncio
from pathlib import Path

from modemgw.sim.faults import Rule
from tests.gateway.rig import gateway_rig
from tests.loop import run_virtual


def test_events_name_the_reason_and_the_rung(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as rig:
            await rig.ready()
            rig.sims[0].set_faults(zombie=True)
            await asyncio.sleep(120)
            (lost,) = await rig.pushed("modem.lost")
            assert lost.data["modem"] == "m0"
            assert "AT" in str(lost.data["why"])  # which command had no answer
            rig.sims[0].set_faults(zombie=False)
            await rig.ready(within=300)
            await asyncio.sleep(1)
            (back,) = await rig.pushed("modem.recovered")
            assert back.data["modem"] == "m0"
            assert back.data["rung"] in ("restart", "radio", "reset")

    run_virtual(story())


def test_a_short_fault_is_told_with_the_gentlest_rung(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            rig.sims[0].set_faults(rules=(Rule("+CSQ", frozenset({1}), say=()),))
            await asyncio.sleep(120)
            (back,) = await rig.pushed("modem.recovered")
            assert back.data["rung"] == "resync"

    run_virtual(story())


def test_a_part_on_the_air_has_its_outcome_before_anything_heavy(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as rig:
            await rig.ready()
            m0, order = rig.sims[0], []
            restart = m0.restart

            def restarted() -> None:
                order.append("reset")
                restart()

            m0.restart = restarted  # type: ignore[method-assign]
            m0.set_faults(silent_after_submit=frozenset(range(1, 50)))
            for _ in range(40):
                sent = await rig.send(modem="m0", on_in_doubt="drop")
                await asyncio.sleep(200)
                row = await rig.message(sent)
                if row.state in ("in_doubt", "failed"):
                    order.append("outcome")
                if "reset" in order:
                    break
            submitting = await rig.store.read(
                lambda db: db.execute(
                    "SELECT count(*) FROM part WHERE state = 'submitting'"
                ).fetchone()[0]
            )
            assert submitting == 0
            assert order[0] == "outcome"
            assert all(s.phase.value for s in rig.gateway.modems())
            lost = {event.data["modem"] for event in await rig.pushed("modem.lost")}
            assert lost <= {"m0"}  # the neighbour never noticed

    run_virtual(story())
