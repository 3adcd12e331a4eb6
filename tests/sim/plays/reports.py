"""Status reports: odd headers, lying slots, statuses in turn."""

from modemgw.pdu.decode import decode
from modemgw.pdu.report import StatusReport
from tests.sim.plays.play import Play, plays


async def reports(play: Play, seconds: float) -> list[StatusReport]:
    await play.command("AT+CNMI=2,1,0,1,0")
    assert (await play.send()).endswith("OK")
    found = []
    for line in (await play.wait(seconds)).splitlines():
        if not line.startswith("+"):
            report = decode(bytes.fromhex(line), has_sca=True)
            assert isinstance(report, StatusReport)
            found.append(report)
    return found


@plays("cdsi-wrong-memory")
async def cdsi_wrong_memory(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,2,0")
    await play.send()
    assert await play.wait(2) == '+CDSI: "SM",0'
    assert "+CMGR" not in await play.command("AT+CMGR=0")
    await play.command('AT+CPMS="SR"')
    assert "+CMGR: 0,,25" in await play.command("AT+CMGR=1")


@plays("cds-comma")
async def cds_comma(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    await play.send()
    assert (await play.wait(2)).startswith("+CDS: ,25\n")


@plays("padded-reports")
async def padded_reports(play: Play) -> None:
    await play.command("AT+CNMI=2,1,0,1,0")
    await play.send()
    said = await play.wait(2)
    assert said.endswith("FF" * 150) and said.startswith("+CDS: 175\n")


@plays("buffered-report")
async def buffered_report(play: Play) -> None:
    assert [r.tp_status for r in await reports(play, 5)] == [0x22]
    play.modem.set_faults(report_statuses=(0x22, 0x00))
    later = await play.wait(30)
    assert later.endswith("00")


@plays("national-report")
async def national_report(play: Play) -> None:
    (report,) = await reports(play, 5)
    assert report.recipient.text == "01701234567"
    assert report.recipient.type_octet == 0x81


@plays("filtered")
async def filtered(play: Play) -> None:
    assert [r.tp_status for r in await reports(play, 5)] == [0x46]
