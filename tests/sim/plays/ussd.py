"""USSD: the order of its lines, and the codings of its strings."""

from modemgw.sim.ussd_coding import packed
from tests.sim.plays.play import Play, plays

ASKED = 'AT+CUSD=1,"*100#",15'
BALANCE = "Your balance is unlimited."


@plays("ussd-before-ok")
async def before_ok(play: Play) -> None:
    assert await play.command(ASKED) == f'+CUSD: 0,"{BALANCE}",15\nOK'


@plays("ussd-multiline")
async def multiline(play: Play) -> None:
    said = await play.type(ASKED + "\r", 1)
    assert said == (
        '\r\nOK\r\n\r\n+CUSD: 0,"Balance:\r\n12.34 EUR\r\nThank you",15\r\n'
    )


@plays("ussd-packed")
async def packed_hex(play: Play) -> None:
    await play.command("AT+CMEE=1")
    assert await play.command(ASKED) == "+CME ERROR: 100"
    said = await play.command('AT+CUSD=1,"AA180C3602",15', 1)
    assert said == f'OK\n+CUSD: 0,"{packed(BALANCE).hex().upper()}",15'


@plays("ussd-dcs-lies")
async def dcs_lies(play: Play) -> None:
    said = await play.command(ASKED, 1)
    assert said == f'OK\n+CUSD: 0,"{BALANCE.encode("utf-16-be").hex().upper()}",7'


@plays("ussd-ascii-hex")
async def ascii_hex(play: Play) -> None:
    said = await play.command(ASKED, 1)
    assert said == f'OK\n+CUSD: 0,"{BALANCE.encode().hex().upper()}",0'


@plays("ussd-menu")
async def menu(play: Play) -> None:
    assert "+CUSD: 1," in await play.command(ASKED, 1)
    assert "+CUSD: 1," in await play.command('AT+CUSD=1,"1",15', 1)
    assert await play.command("AT+CUSD=2") == "OK"


@plays("ussd-timeout")
async def timeout(play: Play) -> None:
    assert await play.command(ASKED, 1) == "OK\n+CUSD: 5"


@plays("ussd-never")
async def never(play: Play) -> None:
    assert await play.command(ASKED, 200) == "OK"
