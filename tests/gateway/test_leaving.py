"""Modems that leave for two reasons at once."""

import asyncio
from pathlib import Path

import pytest

from modemgw.config.load import parse
from tests.gateway.rig import gateway_rig
from tests.loop import run_virtual

BOTH = (
    "modems: [{name: m0, port: /sim/modem0}, {name: m1, port: /sim/modem1}]\n"
    "discovery: off\n"
)
ONE = "modems: [{name: m1, port: /sim/modem1}]\ndiscovery: off\n"


@pytest.mark.parametrize(("text", "left"), [(ONE, ["m1"]), (BOTH, ["m0", "m1"])])
def test_a_reload_meets_a_modem_that_is_just_being_forgotten(
    text: str, left: list[str], tmp_path: Path
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as rig:
            await rig.ready()
            supervisor = rig.gateway.supervisor
            going = asyncio.create_task(supervisor._remove("m0", "unplugged for a day"))
            await asyncio.sleep(0)  # its tasks are told to end
            supervisor.configure(parse(text, "x"), ("m0",))
            await going
            await asyncio.sleep(5)
            assert sorted(supervisor.leases) == left
            for name in left:
                await rig.state(await rig.send(modem=name), "delivered")

    run_virtual(story())
