"""Sticks that vanish, come back elsewhere, change cards."""

import asyncio

import pytest

from modemgw.errors import PortLost
from modemgw.sim.fleet import iccid_of, imei_of
from tests.sim.plays.play import Play, plays


@plays("unplug-mid-send")
async def unplug_mid_send(play: Play) -> None:
    assert await play.send(seconds=1) == ""
    assert [type(error) for error in play.lost] == [PortLost]
    assert len(play.modem.sent) == 1  # it had left
    with pytest.raises(PortLost):
        await play.at("tty0")
    await asyncio.sleep(5)
    again = await play.at("tty0")
    assert imei_of(0) in await again.command("AT+CGSN")
    assert await again.send() == "+CMGS: 1\nOK"


@plays("renumbered")
async def renumbered(play: Play) -> None:
    await asyncio.sleep(21)
    assert play.lost and play.wires.paths == []
    await asyncio.sleep(5)
    assert play.wires.paths == ["tty1"]
    again = await play.at("tty1")
    assert imei_of(0) in await again.command("AT+CGSN")


@plays("zero-cd")
async def zero_cd(play: Play) -> None:
    await asyncio.sleep(21)
    assert play.lost and play.wires.paths == []
    await asyncio.sleep(13)
    assert play.wires.paths == []
    await asyncio.sleep(2)
    again = await play.at("tty0")
    assert await again.command("AT+CFUN=1,1", 1) == "OK"  # any reset does the same
    assert again.lost and play.wires.paths == []


@plays("swapped-ports")
async def swapped_ports(play: Play) -> None:
    other = await play.at("tty1")
    assert imei_of(0) in await play.command("AT+CGSN")
    assert imei_of(1) in await other.command("AT+CGSN")
    await asyncio.sleep(21)
    assert play.lost and other.lost and play.wires.paths == []
    await asyncio.sleep(5)
    first, second = await play.at("tty0"), await play.at("tty1")
    assert imei_of(1) in await first.command("AT+CGSN")
    assert imei_of(0) in await second.command("AT+CGSN")


@plays("sim-swapped")
async def sim_swapped(play: Play) -> None:
    assert iccid_of(0) in await play.command("AT+CCID")
    await asyncio.sleep(21)
    assert imei_of(0) in await play.command("AT+CGSN")
    assert iccid_of(0) not in await play.command("AT+CCID")
    assert (await play.command("AT+CCID")).startswith("+CCID: 89")
    assert await play.send() == "+CMGS: 0\nOK"  # the new card counts anew
