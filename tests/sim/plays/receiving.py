"""Full memories, lying indications, odd messages."""

import asyncio

from modemgw.pdu.decode import decode
from modemgw.pdu.deliver import Deliver
from tests.sim.plays.play import TO, Play, plays

TOLD = "AT+CNMI=2,1,0,1,0"


def delivers(said: str) -> list[Deliver]:
    """Read every TPDU of a listing or of what was routed."""
    found = []
    for line in said.splitlines():
        if line[:1] == "0" and len(line) > 20:
            deliver = decode(bytes.fromhex(line), has_sca=True)
            assert isinstance(deliver, Deliver)
            found.append(deliver)
    return found


async def listed(play: Play) -> list[Deliver]:
    return delivers(await play.command("AT+CMGL=4"))


@plays("sim-full")
async def sim_full(play: Play) -> None:
    await play.command(TOLD)
    assert (await play.command("AT+CPMS?")).startswith('+CPMS: "SM",10,10,"SM",10,10')
    assert await play.wait(2) == '^SMMEMFULL: "SM"'
    assert await play.send() == "+CMS ERROR: 322"
    assert await play.command("AT+CMGD=1") == 'OK\n+CMTI: "SM",1'  # what waited
    await play.command("AT+CMGD=1")
    assert await play.send() == "+CMGS: 0\nOK"


@plays("small-memory")
async def small_memory(play: Play) -> None:
    await play.command(TOLD)
    for number in range(11):
        play.network.inbound(play.modem, TO, f"Message {number}")
    said = (await play.wait(1)).splitlines()
    assert said[9:] == ['+CMTI: "SM",10', '^SMMEMFULL: "SM"']


@plays("burst")
async def burst(play: Play) -> None:
    await play.command(TOLD + ';+CPMS="ME","ME","ME"')
    assert await play.wait(19.9) == ""
    assert len((await play.wait(5.2)).splitlines()) == 40
    assert len({deliver.text for deliver in await listed(play)}) == 40


@plays("cmti-other-memory")
async def cmti_other_memory(play: Play) -> None:
    await play.command(TOLD)
    assert await play.command('AT+CPMS="SM"') != "ERROR"
    assert await play.wait(21) == '+CMTI: "ME",0'
    assert "+CMGR" not in await play.command("AT+CMGR=1")
    await play.command('AT+CPMS="ME"')
    assert "+CMGR: 0,," in await play.command("AT+CMGR=0")


@plays("cmti-not-stored")
async def cmti_not_stored(play: Play) -> None:
    await play.command(TOLD)
    assert await play.wait(21) == "+CMTI: ,-1"
    assert [deliver.text for deliver in await listed(play)] == ["Nowhere"]


@plays("listing-empty")
async def listing_empty(play: Play) -> None:
    await play.command(TOLD)
    assert await play.wait(21) == '+CMTI: "SM",1'
    assert await play.command("AT+CMGL=4") == "OK"
    assert "+CMGR: 0,," in await play.command("AT+CMGR=1")


@plays("cpms-lag")
async def cpms_lag(play: Play) -> None:
    await play.command(TOLD)
    assert await play.wait(20) == '+CMTI: "SM",1'
    assert (await play.command("AT+CPMS?")).startswith('+CPMS: "SM",0,30')
    assert "+CMGR: 0,," in await play.command("AT+CMGR=1")
    await asyncio.sleep(0.5)
    assert (await play.command("AT+CPMS?")).startswith('+CPMS: "SM",1,30')


@plays("delete-fails")
async def delete_fails(play: Play) -> None:
    await play.command(TOLD)
    assert await play.wait(21) == '+CMTI: "SM",1'
    for _ in range(5):
        assert await play.command("AT+CMGD=1") == "ERROR"
        assert len(await listed(play)) == 1
    assert await play.command("AT+CMGD=1") == "OK"
    assert await listed(play) == []


@plays("same-memory")
async def same_memory(play: Play) -> None:
    await asyncio.sleep(21)
    for memory in ("SM", "ME"):
        await play.command(f'AT+CPMS="{memory}"')
        assert [deliver.text for deliver in await listed(play)] == ["In both"]


@plays("crash-before-delete")
async def crash_before_delete(play: Play) -> None:
    await asyncio.sleep(21)
    assert len(await listed(play)) == 1
    assert await play.command("AT+CMEE=1;+CMGD=1", 1) == ""
    assert await play.command("AT+CMEE?") == "+CMEE: 0\nOK"  # it restarted
    assert len(await listed(play)) == 1
    assert await play.command("AT+CMGD=1") == "OK"
    assert await listed(play) == []


@plays("ack-missed")
async def ack_missed(play: Play) -> None:
    assert await play.command("AT+CSMS?") == "+CSMS: 1,1,1,1\nOK"
    assert await play.command("AT+CSMS=0") == "+CMS ERROR: 303"
    assert await play.command("AT+CNMI=2,2,0,1,0") == "OK"
    said = await play.wait(20.5)
    assert said.startswith("+CMT: ,") and len(delivers(said)) == 1
    assert await play.command("AT+CNMA") == "OK"  # and it gets lost
    assert await play.wait(3) == ""  # the second one is withheld
    assert await play.command("AT+CNMI?") == "+CNMI: 2,0,0,0,0\nOK"
    await play.command("AT+CNMI=2,2,0,1,0")
    while not (said := await play.wait(1)):
        pass
    assert delivers(said)[0].text == "Acknowledge me"  # once more
    said = await play.command("AT+CNMA", 1)
    assert [deliver.text for deliver in delivers(said)] == ["And me"]


@plays("concat-disorder")
async def concat_disorder(play: Play) -> None:
    await asyncio.sleep(21)
    seqs = [deliver.concat and deliver.concat.seq for deliver in await listed(play)]
    assert seqs == [3, 1, 1, 2]


@plays("concat-ref-reuse")
async def concat_ref_reuse(play: Play) -> None:
    await asyncio.sleep(31)
    found = await listed(play)
    assert {deliver.concat and deliver.concat.ref for deliver in found} == {0}
    assert len(found) == 6
    old, new = found[0].scts.unix_ms, found[3].scts.unix_ms
    assert old is not None and new is not None
    assert new - old == 86_410_000
    assert (found[0].text or "")[:4] == "Old." and (found[3].text or "")[:4] == "New."


@plays("missing-part")
async def missing_part(play: Play) -> None:
    await asyncio.sleep(80_000)
    seqs = [deliver.concat and deliver.concat.seq for deliver in await listed(play)]
    assert seqs == [1, 3]


@plays("split-emoji")
async def split_emoji(play: Play) -> None:
    await asyncio.sleep(21)
    first, second = await listed(play)
    assert first.user_data.payload.endswith(b"\xd8\x3d")
    assert second.user_data.payload.startswith(b"\xde\x00")
    joined = first.user_data.payload + second.user_data.payload
    assert joined.decode("utf-16-be") == "Emoji: 😀!"


@plays("alphanumeric-sender")
async def alphanumeric_sender(play: Play) -> None:
    await asyncio.sleep(21)
    said = await play.command("AT+CMGL=4")
    assert "0DD0" in said.splitlines()[1]
    assert delivers(said)[0].sender.text == "InfoSMS"


@plays("bad-scts")
async def bad_scts(play: Play) -> None:
    await asyncio.sleep(21)
    (deliver,) = await listed(play)
    assert deliver.scts.unix_ms is None and deliver.scts.raw[1] == 0
    assert deliver.scts.raw[-1] == 0xFF


@plays("odd-classes")
async def odd_classes(play: Play) -> None:
    await play.command(TOLD)
    said = await play.wait(25)
    assert said.startswith("+CMT: ,")  # class 0 is routed
    assert delivers(said)[0].message_class == 0
    silent, voice_mail = await listed(play)
    assert (silent.pid, voice_mail.dcs.octet) == (0x40, 0xC8)


@plays("no-sca")
async def no_sca(play: Play) -> None:
    await asyncio.sleep(21)
    header, shown = (await play.command("AT+CMGR=1")).splitlines()[:2]
    assert header == f"+CMGR: 0,,{len(shown) // 2}"
    deliver = decode(bytes.fromhex(shown), has_sca=False)
    assert isinstance(deliver, Deliver) and deliver.text == "Phase 1"


@plays("index-zero")
async def index_zero(play: Play) -> None:
    await play.command(TOLD)
    play.network.inbound(play.modem, TO, "hi")
    assert await play.wait(1) == '+CMTI: "SM",0'
    assert "+CMGR: 0,," in await play.command("AT+CMGR=0")


@plays("slow-listing")
async def slow_listing(play: Play) -> None:
    assert await play.command("AT+CMGL=4", 44) == ""
    first = await play.wait(2)
    assert len(delivers(first)) == 25
    await play.command('AT+CPMS="ME"')
    assert len(delivers(await play.command("AT+CMGL=4", 46))) == 25
