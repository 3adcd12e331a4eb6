"""What is planned for an instant goes out at it, not when somebody next looks."""

import asyncio
from pathlib import Path

from modemgw.gateway.model import Draft
from tests.gateway.rig import RECIPIENT, TESTER, gateway_rig
from tests.loop import run_virtual


def test_a_planned_message_goes_out_on_time(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            await asyncio.sleep(1000)
            late = rig.clock.now_ms() + 500_000
            soon = rig.clock.now_ms() + 60_000
            draft = Draft(to=RECIPIENT, text="soon", send_at=soon)
            await rig.send(text="late", send_at=late)
            alone = await rig.send(text="soon", send_at=soon)
            await rig.gateway.submit_batch([draft, draft], TESTER)
            await rig.state(alone, "delivered", within=70)
            rows = await rig.listed(direction="outbound")
            for row in rows[1:]:
                assert row.sent_at is not None
                assert soon <= row.sent_at < soon + 5000
            assert rows[0].state == "scheduled"

    run_virtual(story())
