"""Refusals, PINs, what is chosen and then lost."""

import asyncio

from tests.sim.plays.play import Play, plays


@plays("command-not-support")
async def command_not_support(play: Play) -> None:
    assert await play.command("AT^CURC=0") == "COMMAND NOT SUPPORT"
    assert await play.command("AT+CMMS=1") == "COMMAND NOT SUPPORT"


@plays("verbose-errors")
async def verbose_errors(play: Play) -> None:
    assert await play.command("AT+CPMS?") == "+CME ERROR: SIM busy"
    assert (await play.command("AT+CPMS?")).endswith("\nOK")
    assert await play.command("AT+CMGR=99") == "+CMS ERROR: invalid memory index"


@plays("sim-busy")
async def sim_busy(play: Play) -> None:
    for _ in range(10):
        assert await play.command("AT+CPMS?", 2) == "+CME ERROR: 14"
    assert (await play.command("AT+CPMS?")).startswith("+CPMS: ")


@plays("wrong-pin")
async def wrong_pin(play: Play) -> None:
    await play.command("AT+CMEE=1")
    assert await play.command("AT+CPIN?") == "+CPIN: SIM PIN\nOK"
    assert await play.command('AT+CPIN="1234"') == "+CME ERROR: 16"
    assert "SIM PIN,2" in await play.command("AT+CPINR")


@plays("puk")
async def puk(play: Play) -> None:
    await play.command("AT+CMEE=1")
    assert await play.command("AT+CPIN?") == "+CPIN: SIM PUK\nOK"
    assert await play.command("AT+CIMI") == "+CME ERROR: 12"


@plays("reboot")
async def reboot(play: Play) -> None:
    assert await play.wait(4) == "^BOOT:1,0,0,0,6\nRDY"
    assert await play.command('AT+CPIN="1234"') == "OK"
    await play.command("AT+CNMI=2,1,0,1,0")
    assert await play.wait(20) == "^BOOT:1,0,0,0,6\nRDY"
    assert await play.command("AT+CPIN?") == "+CPIN: SIM PIN\nOK"
    assert await play.command('AT+CPIN="1234"') == "OK"
    assert await play.command("AT+CNMI?") == "+CNMI: 0,0,0,0,0\nOK"


@plays("cnmi-refused")
async def cnmi_refused(play: Play) -> None:
    assert await play.command("AT+CNMI=2,1,0,1,0") == "+CMS ERROR: 303"
    assert await play.command("AT+CNMI=1,1,0,2,0") == "OK"


@plays("no-routed-reports")
async def no_routed_reports(play: Play) -> None:
    assert await play.command("AT+CNMI=2,1,0,1,0") == "+CMS ERROR: 303"
    assert await play.command("AT+CNMI=2,1,0,2,0") == "OK"


@plays("cnmi-lost")
async def cnmi_lost(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    assert await play.wait(3599) == ""
    assert await play.command("AT+CNMI?") == "+CNMI: 2,1,0,1,0\nOK"
    assert await play.wait(2) == ""
    assert await play.command("AT+CNMI?") == "+CNMI: 0,0,0,0,0\nOK"


@plays("cpms-three")
async def cpms_three(play: Play) -> None:
    assert await play.command('AT+CPMS="SM"') == "ERROR"
    assert await play.command('AT+CPMS="SM","SM"') == "ERROR"
    assert (await play.command('AT+CPMS="SM","SM","SM"')).endswith("\nOK")


@plays("cpms-one")
async def cpms_one(play: Play) -> None:
    assert await play.command('AT+CPMS="SM","SM","SM"') == "ERROR"
    assert (await play.command('AT+CPMS="SM"')).endswith("\nOK")


@plays("clock-jump")
async def clock_jump(play: Play) -> None:
    assert (await play.command("AT+CCLK?")).startswith('+CCLK: "26/')
    await asyncio.sleep(21)
    assert (await play.command("AT+CCLK?")).startswith('+CCLK: "76/')
    await asyncio.sleep(60)
    assert (await play.command("AT+CCLK?")).startswith('+CCLK: "26/')


@plays("data-only")
async def data_only(play: Play) -> None:
    assert await play.command("AT+CMGF=0") == "ERROR"
    assert await play.command("AT+CMGS=20") == "ERROR"
    assert (await play.command("AT+CREG?")).endswith(",1\nOK")
