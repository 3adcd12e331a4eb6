"""What comes between, too late, twice, or as numbers."""

import asyncio

from tests.sim.plays.play import Play, plays


@plays("noise")
async def noise(play: Play) -> None:
    assert len((await play.wait(10.05)).splitlines()) == 100
    assert await play.command("AT^CURC=0") == "ERROR"  # unknown, and tried
    assert (await play.command("AT+CSQ")).endswith("+CSQ: 23,99\nOK")
    assert "+CMGS: 0\nOK" in (await play.send()).replace("^RSSI: 20\n", "")


@plays("urc-inside-csq")
async def urc_inside_csq(play: Play) -> None:
    said = await play.command("AT+CSQ")
    assert said == "^RSSI: 26\n^HCSQ: 47,37\n+CSQ: 23,99\nOK"


@plays("zombie")
async def zombie(play: Play) -> None:
    assert await play.command("AT", 29) == ""
    assert await play.type("\x1b\rATZ\r", 62) == "\r\n^RSSI: 20\r\n" * 3


@plays("stuck-prompt")
async def stuck_prompt(play: Play) -> None:
    assert await play.command("AT", 5) == "AT\r"  # echoed, and no OK
    assert await play.command("AT+CGMM", 5) == "AT+CGMM\r"
    assert await play.type("\x1b") == "\r\nOK\r\n"
    assert await play.type("AT+CGMM\r") == "AT+CGMM\r\r\nSIM-1\r\n\r\nOK\r\n"
    assert play.modem.sent == []


@plays("echo")
async def echo(play: Play) -> None:
    assert await play.type("AT\r") == "AT\r\r\nOK\r\n"
    assert await play.type("ATE0\r") == "ATE0\r\r\nOK\r\n"
    assert await play.type("AT\r") == "\r\nOK\r\n"


@plays("doubled-echo")
async def doubled_echo(play: Play) -> None:
    assert await play.type("ATE0\r") == "ATE0\rATE0\r\r\nOK\r\n"


@plays("numeric")
async def numeric(play: Play) -> None:
    assert await play.type("AT\r") == "0\r"
    assert await play.type("AT+NOSUCH\r") == "4\r"
    assert await play.type("ATV1\r") == "\r\nOK\r\n"


@plays("quiet")
async def quiet(play: Play) -> None:
    assert await play.type("AT\r") == ""
    assert await play.type("AT+CMEE=1\r") == ""
    assert await play.type("ATQ0\r") == "\r\nOK\r\n"
    assert await play.command("AT+CMEE?") == "+CMEE: 1\nOK"  # it was done


@plays("drip")
async def drip(play: Play) -> None:
    assert play.wire is not None
    play.wire.write(b"AT+CMGS=20\r")
    await asyncio.sleep(0.012)  # at 0, 5 and 10 ms
    assert play.pieces == [b"\r", b"\n", b">"]
    await asyncio.sleep(0.005)
    assert play.pieces[3:] == [b" "]


@plays("glued-answers")
async def glued_answers(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,0,0")
    play.network.inbound(play.modem, "+4917", "hi")
    play.look()
    assert play.wire is not None
    play.wire.write(b"AT\r")
    await asyncio.sleep(0.01)
    assert play.pieces == [b'\r\nOK\r\n\r\n+CMTI: "SM",1\r\n']


@plays("garbage")
async def garbage(play: Play) -> None:
    assert await play.type("AT\r") == "\x00\xff\x00\xff\r\nOK\r\n"


@plays("operator-named-ok")
async def operator_named_ok(play: Play) -> None:
    assert await play.command("AT+COPS?") == '+COPS: 0,0,"OK ERROR > ",7\nOK'


@plays("skewed-answer")
async def skewed_answer(play: Play) -> None:
    assert await play.command("AT+CSQ") == "+CSQ: 23,99\nOK"
    assert await play.command("AT+CSQ", 5) == ""  # the client gives up
    assert await play.command("AT+COPS=?", 2) == "+CSQ: 23,99\nOK"
    assert (await play.wait(8)).startswith("+COPS: (2,")


@plays("interleave")
async def interleave(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,0,0")
    play.network.inbound(play.modem, "+4917", "hi")
    assert await play.wait(1) == ""
    assert await play.command("AT+CSQ") == '+CMTI: "SM",1\n+CSQ: 23,99\nOK'
    play.network.inbound(play.modem, "+4917", "hi")
    assert await play.command("AT+CSQ") == '+CSQ: 23,99\n+CMTI: "SM",2\nOK'


@plays("no-carrier")
async def no_carrier(play: Play) -> None:
    play.network.inbound(play.modem, "+4917", "hi")
    said = (await play.command("AT+CMGR=1")).splitlines()
    assert said[0] == "NO CARRIER" and said[1].startswith("+CMGR: 0,,")
    assert said[-1] == "OK"


@plays("intrusion")
async def intrusion(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    said = await play.wait(21)
    assert "ATI\r" in said and "Manufacturer: modemgw" in said
    assert await play.command("ATE0") == "ATE0\r\nOK"
    assert await play.command("AT+CNMI?") == "+CNMI: 2,0,0,0,0\nOK"


@plays("sibling-freeze")
async def sibling_freeze(play: Play) -> None:
    other = await play.at("tty0.1")
    assert await play.command("AT") == "OK"
    assert await play.wait(21) == ""
    assert await play.command("AT", 10) == ""
    assert await other.command("AT") == "OK"
    assert await play.command("AT") == "OK"
