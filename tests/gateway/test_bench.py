"""USSD, console, journal, calls, storages and clocks through the whole gateway."""

import asyncio
import logging
from pathlib import Path

import pytest

from modemgw.errors import Conflict, FieldError, ModemRefused, NotFound
from modemgw.gateway.model import Caller
from modemgw.pdu.address import Address
from modemgw.sim.faults import Faults
from modemgw.sim.storage import Record, Stat
from tests.gateway.rig import TESTER, Rig, gateway_rig
from tests.loop import run_virtual

BOB = Caller(7, "bob", frozenset({"sims:write"}), "10.0.0.7")


def tpdu(*, pid: int = 0, dcs: int = 0, second: int = 0) -> bytes:
    """An SMS-DELIVER that says "hi"."""
    sender = Address.dialled("+491701234567").encode()
    stamp = bytes.fromhex(f"6211220100{second % 10}{second // 10}00")
    return b"\0\x04" + sender + bytes((pid, dcs)) + stamp + bytes.fromhex("02E834")


def sim_name(rig: Rig) -> str:
    [sim] = rig.gateway.sims()
    return sim.name


# --- USSD


def test_a_balance_is_asked_for_and_the_log_has_who_but_not_what(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            said = await rig.gateway.ussd.start(sim_name(rig), "*100#", BOB)
            assert (said.state, said.text) == ("done", "Your balance is unlimited.")
            assert said.session.startswith("ussd_")

    run_virtual(story())
    [line] = [r for r in caplog.records if r.getMessage() == "sim.ussd"]
    assert (line.__dict__["by"], line.__dict__["code"]) == ("bob", "*100#")
    shown = "\n".join(f"{r.getMessage()} {r.__dict__}" for r in caplog.records)
    assert "balance is" not in shown


def test_a_menu_has_a_session_of_several_steps(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            desk, sim = rig.gateway.ussd, sim_name(rig)
            menu = await desk.start(sim, "*101#", TESTER)
            assert menu.state == "reply" and menu.text is not None
            sent = await rig.send()  # a menu that waits holds up nothing
            await rig.state(sent, "sent")
            with pytest.raises(Conflict, match="waits for a reply"):
                await desk.start(sim, "*100#", TESTER)
            with pytest.raises(NotFound):
                await desk.reply(sim, "ussd_other", "1", TESTER)
            done = await desk.reply(sim, menu.session, "2", TESTER)
            assert done.state == "done" and done.session == menu.session
            with pytest.raises(NotFound):
                await desk.reply(sim, menu.session, "2", TESTER)

    run_virtual(story())


def test_a_session_is_ended_or_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            desk, sim = rig.gateway.ussd, sim_name(rig)
            menu = await desk.start(sim, "*101#", TESTER)
            await desk.cancel(sim, menu.session, TESTER)
            assert not rig.sims[0].ussd_menu
            with pytest.raises(NotFound):
                await desk.cancel(sim, menu.session, TESTER)
            menu = await desk.start(sim, "*101#", TESTER)
            await asyncio.sleep(200)  # nobody replied
            assert (await desk.start(sim, "*100#", TESTER)).state == "done"
            menu = await desk.start(sim, "*101#", TESTER)
            rig.sims[0].urc("+CUSD: 2")  # the network ends it
            await asyncio.sleep(1)
            with pytest.raises(Conflict, match="ended"):
                await desk.reply(sim, menu.session, "1", TESTER)
            assert (await desk.start(sim, "*100#", TESTER)).state == "done"

    run_virtual(story())


def test_a_request_on_its_way_can_be_canceled_and_is_not_disturbed(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            desk, sim = rig.gateway.ussd, sim_name(rig)
            rig.sims[0].set_faults(ussd_says=())
            waiting = asyncio.ensure_future(desk.start(sim, "*100#", TESTER))
            await asyncio.sleep(5)
            with pytest.raises(Conflict, match="on its way"):
                await desk.start(sim, "*100#", TESTER)
            [session] = desk._open.values()
            await desk.cancel(sim, session.id, TESTER)
            assert (await waiting).state == "ended"

    run_virtual(story())


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            desk, sim = rig.gateway.ussd, sim_name(rig)
            with pytest.raises(NotFound):
                await desk.start("nobody", "*100#", TESTER)
            for code in ("", "hello", "**04*1234*4321*4321#", '*1"#'):
                with pytest.raises(FieldError):
                    await desk.start(sim, code, TESTER)
            assert (await desk.start(sim, "*999#", TESTER)).state == "unsupported"
            rig.sims[0].set_faults(ussd_says=())
            assert (await desk.start(sim, "*100#", TESTER)).state == "timeout"
            rig.sims[0].stat = 3
            with pytest.raises(ModemRefused, match="no network"):
                await desk.start(sim, "*100#", TESTER)
            rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(1)
            with pytest.raises(Conflict):
                await desk.start(sim, "*100#", TESTER)

    run_virtual(story())


# --- the workbench


def test_a_modem_is_looked_into_and_set_up_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            bench = rig.gateway.workbench
            reply = await bench.run("m0", "AT+CSQ", TESTER)
            assert reply.lines == ("+CSQ: 23,99",) and reply.final == "OK"
            with pytest.raises(FieldError, match="restarts the modem"):
                await bench.run("m0", "AT+CFUN=1,1", TESTER)
            await bench.restart("m0", TESTER)
            await asyncio.sleep(3)
            await rig.ready()
            kinds = [(e.kind, e.text) for e in bench.journal("m0", 300)]
            assert ("act", "tester asked for a restart") in kinds
            assert ("act", "tester typed AT+CSQ") in kinds
            assert any(line.direction == ">" for line in bench.tape("m0", 10))
            assert len(bench.tape("m0", 10)) == 10
            for act in (bench.tape, bench.journal):
                with pytest.raises(NotFound):
                    act("nobody", 10)
            sent = await rig.send()
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_what_is_unsafe_is_done_where_it_is_wanted_and_the_modem_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            bench = rig.gateway.workbench
            await bench.run("m0", "AT+CNMI=0,0,0,0,0", TESTER, unsafe=True)
            with pytest.raises(FieldError, match="prompt"):
                await bench.run("m0", "AT+CMGS=20", TESTER, unsafe=True)
            await asyncio.sleep(30)
            rig.network.inbound(rig.sims[0], "+491701234567", "Hello")
            await asyncio.sleep(5)
            assert [row.text for row in await rig.inbox()] == ["Hello"]

    run_virtual(story())
    acts = [r.__dict__["command"] for r in caplog.records if r.name == "modemgw.audit"]
    assert acts == ["AT+CNMI=0,0,0,0,0", "AT+CMGS=20"]


# --- notices


def test_a_call_is_one_event(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            rig.sims[0].calls.ring("+4915112345678", 4)
            await asyncio.sleep(60)
            [event] = await rig.pushed("call.incoming")
            assert event.data["from"] == "+4915112345678"
            assert event.data["sim"] == sim_name(rig) and event.data["modem"] == "m0"
            assert str(event.data["at"]).startswith("2026-11-22T10:00:")

    run_virtual(story())


def test_a_call_is_hung_up_by_configuration(tmp_path: Path) -> None:
    async def story() -> None:
        extra = "calls: {hang_up: on}\n"
        async with gateway_rig(tmp_path, extra=extra) as rig:
            await rig.ready()
            rig.sims[0].calls.ring("+4915112345678", 10)
            await asyncio.sleep(3)
            assert rig.sims[0].calls.stat is None
            assert len(await rig.pushed("call.incoming")) == 1

    run_virtual(story())


def test_a_full_card_is_told_and_drained(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            card = rig.sims[0].card
            assert card is not None
            for number in range(card.sm.capacity):
                card.sm.put(Record(Stat.REC_READ, tpdu(second=number)))
            rig.sims[0].urc('^SMMEMFULL: "SM"')
            await asyncio.sleep(60)
            [full] = await rig.pushed("sim.storage_full")
            assert full.data["sim"] == sim_name(rig)
            assert len(await rig.pushed("sim.storage_freed")) == 1
            assert len(card.sm.slots) == 0
            assert len(await rig.inbox()) == card.sm.capacity

    run_virtual(story())


def test_a_stuck_record_is_delivered_once_and_told(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(ignore_deletes=10**6)}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            rig.network.inbound(rig.sims[0], "+491701234567", "Hello")
            await asyncio.sleep(3 * 3600)
            assert len(await rig.inbox()) == 1
            assert len(await rig.pushed("message.received")) == 1
            assert len(await rig.pushed("sim.storage_stuck")) == 1

    run_virtual(story())


def test_one_store_under_two_names_is_one_message_to_the_gateway_too(
    tmp_path: Path,
) -> None:
    """The database sees through other slot numbers, which the modem side cannot."""

    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sim = rig.sims[0]
            assert sim.card is not None
            sim.set_faults(ignore_deletes=10**6)
            sim.me.put(Record(Stat.REC_READ, tpdu(second=1)))  # moves the slots
            sim.me.put(Record(Stat.REC_READ, tpdu()))
            sim.card.sm.put(Record(Stat.REC_READ, tpdu()))
            sim.urc("+CMTI: ,-1")
            await asyncio.sleep(60)
            assert len(await rig.inbox()) == 2

    run_virtual(story())


def test_a_clock_that_the_network_proves_wrong_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            await rig.set_clock(-90 * 60_000)
            rig.sims[0].urc("^NWTIME: 26/11/22,11:00:10+04,00")
            await asyncio.sleep(1)
            warning = "the clock is in the past: the mobile network says 2026-11-22T10"
            assert any(r.startswith(warning) for r in rig.gateway.readiness().reasons)
            await rig.set_clock(90 * 60_000)
            await asyncio.sleep(60)
            assert rig.gateway.notices.clock_warning() is None

    run_virtual(story())
    assert any("clock of this machine" in r.getMessage() for r in caplog.records)


def test_a_class_0_and_a_type_0_message(tmp_path: Path) -> None:
    """Flash is a message with its class; type 0 is acknowledged and not shown."""

    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            for pid, dcs in ((0, 0x10), (0x40, 0)):
                pdu = tpdu(pid=pid, dcs=dcs).hex().upper()
                rig.sims[0].urc(f"+CMT: ,{len(pdu) // 2 - 1}", pdu)
            rig.sims[0].me.put(Record(Stat.REC_UNREAD, tpdu(pid=0x40)))
            rig.sims[0].urc("+CMTI: ,-1")
            await asyncio.sleep(5)
            [row] = await rig.inbox()
            assert row.options["class"] == 0 and row.text == "hi"
            assert len(rig.sims[0].me.slots) == 0

    run_virtual(story())


def test_messages_take_another_sim_while_one_talks_ussd(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as rig:
            await rig.ready()
            first = next(sim for sim in rig.gateway.sims() if sim.modem == "m0")
            rig.sims[0].set_faults(ussd_says=())
            asking = asyncio.ensure_future(
                rig.gateway.ussd.start(first.name, "*100#", TESTER)
            )
            await asyncio.sleep(1)
            began = rig.clock.now_ms()
            for _ in range(4):
                await rig.state(await rig.send(), "sent", within=20)
            pinned = await rig.send(modem="m0")
            await asyncio.sleep(5)
            assert (await rig.message(pinned)).state == "queued"
            assert len(rig.sims[1].sent) == 4 and not rig.sims[0].sent
            assert (await asking).state == "timeout"
            await rig.state(pinned, "sent", within=10)
            assert rig.clock.now_ms() - began < 140_000

    run_virtual(story())
