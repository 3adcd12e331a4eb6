"""What the log says of texts that leave: what did not go as it should, once a part."""

import logging
from pathlib import Path

import pytest

from modemgw.sim.faults import Faults
from tests.gateway.rig import gateway_rig
from tests.loop import run_virtual

BUSY = 42  # +CMS ERROR: congestion


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        pytest.param(
            logging.INFO,
            ["part refused, will be tried again", "part accepted"],
            id="what goes well at once has no line",
        ),
        pytest.param(
            logging.DEBUG,
            ["part accepted", "part refused, will be tried again", "part accepted"],
            id="every part has one",
        ),
    ],
)
def test_a_part_has_a_line_where_it_did_not_leave_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, level: int, lines: list[str]
) -> None:
    caplog.set_level(level, "modemgw.dispatch")

    async def story() -> list[str]:
        async with gateway_rig(
            tmp_path, faults={0: Faults(refuse_submit={2: BUSY})}
        ) as rig:
            await rig.ready()
            ids = []
            for text in ("at once", "refused at first"):
                ids.append(await rig.send(text=text))
                await rig.state(ids[-1], "delivered")
            return ids

    run_virtual(story())
    said = [record.getMessage() for record in caplog.records]
    assert [line for line in said if line.startswith("part ")] == lines
