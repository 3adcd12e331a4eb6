"""Prompts, results, refusals."""

import asyncio

from tests.sim.plays.play import TO, Play, plays
from tests.sim.terminal import pdu


@plays("happy-send")
async def happy_send(play: Play) -> None:
    assert await play.send(seconds=2.9) == ""
    assert await play.wait(0.2) == "+CMGS: 0\nOK"
    assert len(play.modem.sent) == 1


@plays("no-prompt")
async def no_prompt(play: Play) -> None:
    assert await play.type("AT+CMGS=20\r", 10) == ""
    assert await play.type("\x1b", 1) == ""
    assert await play.command("AT") == "OK"
    assert await play.send() == "+CMGS: 0\nOK"


@plays("silence")
async def silence(play: Play) -> None:
    assert await play.send(seconds=150) == ""
    assert await play.command("AT") == "OK"
    assert len(play.modem.sent) == 1


@plays("silence-unsent")
async def silence_unsent(play: Play) -> None:
    assert await play.send(seconds=150) == ""
    assert play.modem.sent == []


@plays("late-result")
async def late_result(play: Play) -> None:
    assert await play.send(seconds=95) == ""
    assert await play.wait(0.5) == "+CMGS: 0\nOK"


@plays("result-after-timeout")
async def result_after_timeout(play: Play) -> None:
    assert await play.send(seconds=169) == ""
    assert await play.wait(2) == "+CMGS: 0\nOK"


@plays("late-refusal")
async def late_refusal(play: Play) -> None:
    assert await play.send(seconds=40) == ""
    assert await play.wait(1) == "+CMS ERROR: 332"
    assert play.modem.sent == []


@plays("cms-500")
async def cms_500(play: Play) -> None:
    assert await play.send(seconds=0.3) == "+CMS ERROR: 500"
    assert await play.send() == "+CMGS: 0\nOK"


@plays("urc-before-prompt")
async def urc_before_prompt(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    said = await play.type("AT+CMGS=20\r")
    assert said == '\r\n+CMTI: "SM",1\r\n\r\n> '
    await play.type("\x1b")
    assert "+CMGR: 0,," in await play.command("AT+CMGR=1")


@plays("report-during-send")
async def report_during_send(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    assert await play.send() == "+CMGS: 0\nOK"
    assert await play.wait(60) == ""
    said = await play.send()
    assert said.startswith("+CDS: 25\n") and said.endswith("\n+CMGS: 1\nOK")


@plays("early-report")
async def early_report(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    said = await play.send()
    assert said.startswith("+CDS: 25\n") and said.endswith("\n+CMGS: 0\nOK")


@plays("reboot-mid-send")
async def reboot_mid_send(play: Play) -> None:
    await asyncio.sleep(3.1)
    await play.command("AT+CMEE=1")
    assert await play.send(seconds=4) == "RDY\n+CPIN: READY"
    assert await play.command("AT+CMEE?") == "+CMEE: 0\nOK"
    assert len(play.modem.sent) == 1


@plays("registered-331")
async def registered_331(play: Play) -> None:
    assert await play.command("AT+CREG?") == "+CREG: 0,1\nOK"
    assert await play.send() == "+CMS ERROR: 331"
    assert await play.send() == "+CMS ERROR: 331"


@plays("no-credit", "barred", "not-subscribed", "no-sc-subscription")
async def refused_always(play: Play) -> None:
    code = play.modem.faults.refuse_all
    assert code in (21, 8, 50, 193)
    for _ in range(3):
        assert await play.send() == f"+CMS ERROR: {code}"
    assert play.modem.sent == []


@plays("bad-recipient")
async def bad_recipient(play: Play) -> None:
    for to, code in (
        ("+999000101", 1),
        ("+999000128", 28),
        ("+999000130", 30),
        ("+999000195", 195),
    ):
        assert await play.send(to) == f"+CMS ERROR: {code}"
    assert (await play.send()).startswith("+CMGS: ")


@plays("same-mr")
async def same_mr(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    assert await play.send() == "+CMGS: 5\nOK"
    assert await play.send("+491707654321") == "+CMGS: 5\nOK"
    said = (await play.wait(5)).splitlines()
    assert [line[16:18] for line in said[1::2]] == ["05", "05"]  # TP-MR
    assert said[1][22:34] != said[3][22:34]  # TP-RA


@plays("no-cmms")
async def no_cmms(play: Play) -> None:
    assert await play.command("AT+CMMS=1") == "+CMS ERROR: 500"
    assert await play.send() == "+CMGS: 0\nOK"


@plays("call-during-send")
async def call_during_send(play: Play) -> None:
    await play.command("AT+CLIP=1")
    part = pdu(TO)
    said = await play.type(f"AT+CMGS={part.tpdu_length}\r")
    assert said.startswith("\r\n> \r\nRING\r\n\r\n+CLIP: ")
    said = await play.type(part.octets.hex() + "\x1a", 0.25)
    assert said == "\r\n+CMGS: 0\r\n\r\nOK\r\n"
    assert await play.command("AT+CLCC") == f'+CLCC: 1,1,4,0,0,"{TO}",145\nOK'
    assert await play.command("AT+CHUP") == "OK"


@plays("late-registration")
async def late_registration(play: Play) -> None:
    await play.command("AT+CREG=1")
    assert await play.command("AT+CREG?") == "+CREG: 1,2\nOK"
    assert await play.send() == "+CMS ERROR: 331"
    assert await play.wait(60) == "+CREG: 1"
    assert await play.send() == "+CMGS: 0\nOK"


@plays("sms-only")
async def sms_only(play: Play) -> None:
    assert await play.command("AT+CREG?") == "+CREG: 0,6\nOK"
    assert await play.send() == "+CMGS: 0\nOK"
    await asyncio.sleep(20)
    assert await play.command("AT+CREG?") == "+CREG: 0,7\nOK"
    assert await play.send() == "+CMGS: 1\nOK"


@plays("credit-ends")
async def credit_ends(play: Play) -> None:
    for _ in range(3):
        assert "+CMGS: " in await play.send()
    assert "+CMS ERROR: 21" in await play.send()
    assert play.network.submitted == 3


@plays("network-out")
async def network_out(play: Play) -> None:
    assert "+CMGS: " in await play.send()
    await play.wait(20)
    assert "+CMS ERROR: 38" in await play.send()
    await play.wait(300)
    assert "+CMGS: " in await play.send()
