"""Receiving on modems that announce, list and delete in their own way."""

import asyncio

import pytest

from modemgw.at.profile import CNMI_ORDER
from modemgw.modem.model import Phase
from modemgw.modem.receiving import MAX_UNPROVED
from modemgw.modem.routed import is_report
from modemgw.sim.faults import Faults
from modemgw.sim.storage import Record, Stat
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, SimBench
from tests.modem.stored import DELIVER, REPORT, read_of, script, stored


def test_the_announced_memory_and_slot_are_read_and_index_0_is_legal() -> None:
    async def scenario() -> None:
        bench = ScriptBench(script(**{"AT+CMGR=0": read_of(DELIVER)}))
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            bench.modem.heard.clear()
            bench.modem.say('+CMTI: "ME",0')
            await asyncio.sleep(1)
        assert bench.modem.heard == [
            *('AT+CPMS="ME","ME","ME"', "AT+CMGR=0", "AT+CMGD=0"),
        ]
        assert [(t.memory, t.slot) for t in bench.sink.taken] == [("ME", 0)]

    run_virtual(scenario())


def test_an_announced_slot_in_a_memory_that_cannot_be_chosen_is_not_guessed() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            script(
                **{
                    "AT+CMGR=4": read_of(DELIVER),
                    'AT+CPMS="BM","ME","ME"': ["+CMS ERROR: 302"],
                }
            )
        )
        async with bench.running():
            await bench.until_ready()
            bench.modem.heard.clear()
            bench.modem.say('+CMTI: "BM",4')
            await asyncio.sleep(5)
        assert "AT+CMGR=4" not in bench.modem.heard
        assert "AT+CMGL=4" in bench.modem.heard  # the sweep looks for it instead

    run_virtual(scenario())


@pytest.mark.parametrize(
    "empty",
    [["OK"], ["+CMS ERROR: 321"], ["+CMGR: 0,,0", "", "OK"]],
    ids=["ok", "error", "zero"],
)
def test_a_message_announced_too_early_gets_a_second_look(empty: list[str]) -> None:
    async def scenario() -> None:
        bench = ScriptBench(script(**{"AT+CMGR=3": [empty, read_of(DELIVER)]}))
        async with bench.running():
            await bench.until_ready()
            bench.modem.say('+CMTI: "ME",3')
            await asyncio.sleep(1)
        assert len(bench.sink.taken) == 1

    run_virtual(scenario())


@pytest.mark.parametrize("urc", ["+CMTI: ,-1", '+CMTI: "SM",-1', '+CDSI: "SR",-1'])
def test_an_announcement_without_a_slot_starts_a_sweep(urc: str) -> None:
    async def scenario() -> None:
        bench = ScriptBench(script())
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            bench.modem.heard.clear()
            bench.modem.say(urc)
            await asyncio.sleep(1)
        assert bench.modem.heard.count("AT+CMGL=4") == 2

    run_virtual(scenario())


def test_a_report_is_read_where_it_was_announced() -> None:
    async def scenario() -> None:
        bench = ScriptBench(script(**{"AT+CMGR=7": read_of(REPORT)}))
        async with bench.running():
            await bench.until_ready()
            bench.modem.say('+CDSI: "ME",7')
            await asyncio.sleep(1)
        assert bench.sink.octets == [bytes.fromhex(REPORT)]

    run_virtual(scenario())


def test_a_report_announced_in_the_wrong_memory_never_costs_a_stranger() -> None:
    """EC25: +CDSI says SM, the report is in SR, a message is in that slot of SM."""

    async def scenario() -> None:
        answers = script(
            **{
                "AT+CPMS=?": ['+CPMS: ("ME","SM","SR"),("ME"),("ME")', "OK"],
                "AT+CMGR=0": [read_of(DELIVER), read_of(REPORT)],
            }
        )
        bench = ScriptBench(answers)
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            bench.modem.heard.clear()
            bench.modem.say('+CDSI: "SM",0')
            await asyncio.sleep(0.1)
        assert bench.modem.heard == [
            *('AT+CPMS="SM","ME","ME"', "AT+CMGR=0"),
            *('AT+CPMS="SR","ME","ME"', "AT+CMGR=0", "AT+CMGD=0"),
        ]
        assert bench.sink.octets == [bytes.fromhex(REPORT)]

    run_virtual(scenario())


def test_a_listing_that_lies_is_checked_slot_by_slot() -> None:
    async def scenario() -> None:
        full = ["+CPMS: 1,5,1,5,1,5", "OK"]
        bench = ScriptBench(
            script(
                **{
                    'AT+CPMS="ME","ME","ME"': full,
                    "AT+CMGL=4": ["OK"],
                    "AT+CMGR=2": read_of(DELIVER),
                    'AT+CPMS="SM","SM","SM"': ["ERROR"],
                    'AT+CPMS="SM"': ["ERROR"],
                    'AT+CPMS="SM","SM"': ["ERROR"],
                }
            )
        )
        async with bench.running():
            await bench.until(lambda: bool(bench.sink.confirmed), 5)
        assert [t.slot for t in bench.sink.taken] == [2]
        assert "AT+CMGR=3" not in bench.modem.heard

    run_virtual(scenario())


def test_a_modem_without_listing_is_read_slot_by_slot() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {
                "AT+CREG?": ["+CREG: 0,1", "OK"],
                **{key: ["ERROR"] for key in ("AT+CPMS=?", "AT+CPMS?", "AT+CMGL=4")},
                **{
                    "AT+CPMS=" + ",".join([f'"{name}"'] * n): ["ERROR"]
                    for name in ("SM", "ME")
                    for n in (1, 2, 3)
                },
                "AT+CMGR=0": [read_of(DELIVER), ["+CMS ERROR: 321"]],
            }
        )
        async with bench.running():
            await bench.until(lambda: bool(bench.sink.confirmed), 5)
            assert [(t.memory, t.slot) for t in bench.sink.taken] == [(None, 0)]

    run_virtual(scenario())


def test_one_store_under_two_names_delivers_once() -> None:
    """Neoway M590 lists each message in SM and in ME."""

    async def scenario() -> None:
        listing = ["+CMGL: 1,1,,18", DELIVER, "OK"]
        bench = ScriptBench(
            script(
                **{
                    "AT+CMGL=4": [listing, listing, listing, ["OK"]],
                    "AT+CMGD=1": [["ERROR"], ["ERROR"], ["OK"]],
                    'AT+CPMS="ME","ME","ME"': ["+CPMS: 1,99,1,99,1,99", "OK"],
                    'AT+CPMS="SM","ME","ME"': ["+CPMS: 1,10,1,99,1,99", "OK"],
                    "AT+CMGR=0": ["+CMS ERROR: 321"],
                }
            )
        )
        async with bench.running():
            await asyncio.sleep(10)
        assert len(bench.sink.taken) == 1
        assert bench.modem.heard.count("AT+CMGD=1") == 3

    run_virtual(scenario())


def test_a_full_store_is_drained() -> None:
    async def scenario() -> None:
        bench = ScriptBench(script())
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            bench.modem.heard.clear()
            bench.modem.say('^SMMEMFULL: "SM"')
            await asyncio.sleep(1)
        assert "AT+CMGL=4" in bench.modem.heard
        assert bench.notices == ["storage_full", "storage_freed"]

    run_virtual(scenario())


def test_a_modem_that_announces_nothing_is_polled() -> None:
    async def scenario() -> None:
        bench = ScriptBench(script())
        bench.modem.answers.update(
            {f"AT+CNMI={value}": [["ERROR"]] for value in CNMI_ORDER}
        )
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            bench.modem.heard.clear()
            await asyncio.sleep(95)
        assert bench.modem.heard.count("AT+CMGL=4") == 2 * 3

    run_virtual(scenario())


@pytest.mark.parametrize(("iccid", "taken"), [("8999901000000000047", 2), ("", 1)])
def test_only_another_card_forgets_what_was_stuck(iccid: str, taken: int) -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"faults": Faults(ignore_deletes=2)})
        bench.sim.me.put(Record(Stat.REC_UNREAD, bytes.fromhex(DELIVER)))
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(5)
            card = bench.sim.card
            assert card is not None
            card.iccid = iccid or card.iccid
            bench.wires.cut("/dev/modem0")
            await asyncio.sleep(10)
        assert len(bench.sink.taken) == taken and stored(bench) == 0

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("octets", "expected"), [("0006", True), ("0004", False), ("05", False)]
)
def test_a_report_is_told_by_its_first_octet(octets: str, expected: bool) -> None:
    assert is_report(bytes.fromhex(octets)) is expected


def test_a_listing_spares_the_second_reading_of_what_was_announced() -> None:
    async def scenario() -> None:
        listing = ["+CMGL: 3,0,,18", DELIVER, "OK"]
        bench = ScriptBench(
            script(**{"AT+CMGL=4": [['+CMTI: "ME",3', *listing], ["OK"]]})
        )
        async with bench.running():
            await bench.until(lambda: bool(bench.sink.confirmed), 5)
            await asyncio.sleep(2)
        assert len(bench.sink.taken) == 1
        assert "AT+CMGR=3" not in bench.modem.heard

    run_virtual(scenario())


def test_a_store_that_goes_down_in_the_middle_of_a_sweep_stops_it() -> None:
    async def scenario() -> None:
        bench = SimBench()
        for number in range(3):
            octets = bytes.fromhex(DELIVER) + bytes([number])
            bench.sim.me.put(Record(Stat.REC_UNREAD, octets))
        bench.sink.is_down = True
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(12)
            bench.sink.is_down = False
            await bench.until(lambda: len(bench.sink.confirmed) == 3, 6)
            assert len(bench.sink.taken) == 3

    run_virtual(scenario())


def test_a_memory_that_cannot_be_chosen_any_more_is_left_out_of_the_sweep() -> None:
    async def scenario() -> None:
        bench = ScriptBench(script(**{'AT+CPMS="SM","ME","ME"': ["+CMS ERROR: 500"]}))
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
        assert bench.modem.heard.count("AT+CMGL=4") == 1

    run_virtual(scenario())


def test_the_burst_of_reports_of_a_whole_batch_goes_to_the_store_together() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        bench.sink.takes_s = 0.1
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            for _ in range(50):
                bench.modem.say("+CDS: 25", REPORT)
            await asyncio.sleep(0.25)
            assert len(bench.sink.taken) == 50

    run_virtual(scenario())


def test_a_modem_that_says_deleted_and_keeps_it_delivers_once() -> None:
    async def scenario() -> None:
        listing = ["+CMGL: 3,1,,18", DELIVER, "OK"]
        bench = ScriptBench(
            script(
                **{
                    "AT+CMGL=4": listing,
                    "AT+CMGR=3": read_of(DELIVER),
                    'AT+CPMS="ME","ME","ME"': ["+CPMS: 1,99,1,99,1,99", "OK"],
                    'AT+CPMS="SM","ME","ME"': ["ERROR"],
                }
            ),
            sweep_interval_s=20,
        )
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(600)
            assert len(bench.sink.taken) == 1
            assert bench.modem.heard.count("AT+CMGD=3") == 5
            bench.modem.answers["AT+CMGL=4"] = [["OK"]]
            bench.modem.answers['AT+CPMS="ME","ME","ME"'] = [["+CPMS: 0,99", "OK"]]
            await asyncio.sleep(60)  # it is gone, and the same text comes again
            bench.modem.say('+CMTI: "ME",3')
            await asyncio.sleep(1)
            assert len(bench.sink.taken) == 2

    run_virtual(scenario())


def test_the_same_text_twice_in_one_second_is_two_messages() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            for _ in range(2):
                bench.network.inbound(bench.sim, "+491701", "Hello")
                await asyncio.sleep(0.3)
            await bench.until(lambda: len(bench.sink.confirmed) == 2, 5)
            first, second = bench.sink.taken
            assert (first.slot, first.octets) == (second.slot, second.octets)

    run_virtual(scenario())


def test_deletions_without_proof_are_remembered_up_to_a_limit() -> None:
    async def scenario() -> None:
        bench = SimBench(sweep_interval_s=1e6)
        async with bench.running():
            await bench.until_ready()
            for number in range(MAX_UNPROVED + 5):
                bench.network.inbound(bench.sim, "+491701", f"Message {number}")
                await asyncio.sleep(0.1)
            assert len(bench.sink.confirmed) == MAX_UNPROVED + 5

    run_virtual(scenario())
