"""Messages and reports coming in: AT+CNMI, AT+CSMS, storages, acknowledgements."""

import asyncio

import pytest

from modemgw.pdu.decode import decode
from modemgw.pdu.deliver import Deliver
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.persona import GENERIC, Persona
from modemgw.sim.personas.huawei import HUAWEI
from tests.loop import VirtualClock, run_virtual
from tests.sim.terminal import Terminal, pdu

FROM = "+491701234567"


def place(persona: Persona = GENERIC) -> tuple[Network, SimModem, Terminal]:
    network = Network(clock=VirtualClock())
    modem = make_modem(network, 0, persona=persona)
    return network, modem, Terminal(modem)


def texts(modem: SimModem) -> list[str | None]:
    """What stands in the card's memory."""
    assert modem.card is not None
    found = [decode(record.octets) for _, record in modem.card.sm.listed()]
    return [message.text for message in found]


@pytest.mark.parametrize(
    ("cnmi", "message_class", "said"),
    [
        ("0,0,0,0,0", None, ""),
        ("2,0,0,0,0", None, ""),
        ("2,1,0,0,0", None, '+CMTI: "SM",1'),
        ("1,1,0,0,0", None, '+CMTI: "SM",1'),
        ("2,2,0,0,0", None, "+CMT: ,21"),
        ("2,3,0,0,0", None, '+CMTI: "SM",1'),
        ("2,3,0,0,0", 3, "+CMT: ,21"),
        ("2,2,0,0,0", 2, '+CMTI: "SM",1'),
        ("2,1,0,0,0", 0, "+CMT: ,21"),
        ("2,0,0,0,0", 0, ""),
    ],
)
def test_messages_go_where_cnmi_says(
    cnmi: str, message_class: int | None, said: str
) -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        terminal.command(f"AT+CNMI={cnmi}")
        network.inbound(modem, FROM, "hi", message_class=message_class)
        first, *rest = terminal.lines().splitlines() or [""]
        assert first == said
        if said.startswith("+CMT:"):
            (octets,) = rest
            deliver = decode(bytes.fromhex(octets))
            assert isinstance(deliver, Deliver)
            assert (deliver.sender.text, deliver.text) == (FROM, "hi")
            assert deliver.message_class == message_class
            assert texts(modem) == []
        else:
            assert texts(modem) == ["hi"]

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("cnmi", "said"),
    [
        ("2,1,0,0,0", ""),
        ("2,1,0,1,0", "+CDS: 25"),
        ("2,1,0,2,0", '+CDSI: "SR",1'),
    ],
)
def test_reports_go_where_cnmi_says(cnmi: str, said: str) -> None:
    async def scenario() -> None:
        _, modem, terminal = place()
        terminal.command(f"AT+CNMI={cnmi}")
        await terminal.send(pdu(FROM))
        await asyncio.sleep(2)
        assert (terminal.lines().splitlines() or [""])[0] == said
        if "SR" in said:
            answer = terminal.command('AT+CPMS="SR";+CMGR=1')
            assert "\n+CMGR: 0,,25\n" in answer
            assert terminal.command("AT+CMGD=1") == "OK"
            assert modem.sr.slots == {}

    run_virtual(scenario())


def test_mode_0_keeps_indications_until_mode_2() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        terminal.command("AT+CNMI=0,1,0,0,0")
        network.inbound(modem, FROM, "one")
        assert terminal.look() == ""
        assert terminal.command("AT+CNMI=2,1,0,0,0") == '+CMTI: "SM",1\nOK'
        terminal.command("AT+CNMI=0,1,0,0,0")
        network.inbound(modem, FROM, "two")
        assert terminal.command("AT+CNMI=2,1,0,0,1") == "OK"  # cleared, not flushed

    run_virtual(scenario())


def test_under_csms_1_each_routed_message_wants_cnma() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        terminal.command("AT+CSMS=1;+CNMI=2,2,0,1,0")
        network.inbound(modem, FROM, "one")
        network.inbound(modem, FROM, "two")
        assert terminal.lines().count("+CMT:") == 1
        assert terminal.command("AT+CNMA") == "OK"
        await asyncio.sleep(0)
        assert terminal.lines().count("+CMT:") == 1
        assert terminal.command("AT+CNMA=0") == "OK"
        assert terminal.command("AT+CNMA") == "+CMS ERROR: 340"

    run_virtual(scenario())


def test_a_missing_cnma_makes_the_modem_deaf_and_the_network_try_again() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        terminal.command("AT+CSMS=1;+CNMI=2,2,0,1,0")
        network.inbound(modem, FROM, "one")
        terminal.look()
        await asyncio.sleep(2.1)
        assert terminal.command("AT+CNMI?") == "+CNMI: 2,0,0,0,0\nOK"
        assert terminal.command("AT+CNMI=2,1,0,1,0") == "OK"
        await asyncio.sleep(31)
        assert terminal.lines() == '+CMTI: "SM",1'
        assert texts(modem) == ["one"]

    run_virtual(scenario())


def test_cnma_with_a_pdu_shows_a_prompt() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        terminal.command("AT+CSMS=1;+CNMI=2,2,0,1,0")
        network.inbound(modem, FROM, "one")
        terminal.look()
        assert terminal.type("AT+CNMA=1,3\r") == "\r\n> "
        assert terminal.type("000000\x1a") == "\r\nOK\r\n"
        assert not modem.receiver.owes_acknowledgement

    run_virtual(scenario())


def test_a_full_memory_keeps_messages_at_the_network() -> None:
    async def scenario() -> None:
        persona = Persona(capacity={"SM": 2}, full_urc='^SMMEMFULL: "{memory}"')
        network, modem, terminal = place(persona)
        terminal.command("AT+CNMI=2,1,0,0,0")
        for text in ("one", "two", "three", "four"):
            network.inbound(modem, FROM, text)
        assert terminal.lines().splitlines() == [
            '+CMTI: "SM",1',
            '+CMTI: "SM",2',
            '^SMMEMFULL: "SM"',
            '^SMMEMFULL: "SM"',
        ]
        assert terminal.command("AT+CPMS?").startswith('+CPMS: "SM",2,2,')
        assert "FE" in terminal.command("AT+CRSM=176,28483,0,0,2")
        assert terminal.command("AT+CMGD=1") == "OK"
        await asyncio.sleep(0)
        assert terminal.lines().startswith('+CMTI: "SM",1')
        assert texts(modem) == ["three", "two"]
        terminal.command("AT+CMGD=1,4")
        await asyncio.sleep(0)
        assert texts(modem) == ["four"]

    run_virtual(scenario())


def test_many_parts_come_in_any_order() -> None:
    async def scenario() -> None:
        network, modem, _ = place()
        network.inbound(modem, FROM, "😀" * 100, order=[3, 1, 1, 2], concat_ref=7)
        assert modem.card is not None
        found = [decode(r.octets) for _, r in modem.card.sm.listed()]
        concats = [m.concat for m in found if isinstance(m, Deliver)]
        assert [(c.ref, c.total, c.seq) for c in concats if c] == [
            (7, 4, 3),
            (7, 4, 1),
            (7, 4, 1),
            (7, 4, 2),
        ]

    run_virtual(scenario())


def test_storages_outlive_a_reboot_and_settings_do_not() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        terminal.command("AT+CNMI=2,1,0,0,0;+CMEE=2")
        network.inbound(modem, FROM, "kept")
        terminal.look()
        assert terminal.command("AT+CFUN=1,1") == "OK"
        assert terminal.command("AT+CNMI?;+CMEE?") == ("+CNMI: 0,0,0,0,0\n+CMEE: 0\nOK")
        assert texts(modem) == ["kept"]

    run_virtual(scenario())


def test_reading_marks_as_read_and_listings_filter() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        for text in ("one", "two", "three"):
            network.inbound(modem, FROM, text)
        assert terminal.command("AT+CMGR=2").startswith("+CMGR: 0,,")
        assert terminal.command("AT+CMGR=2").startswith("+CMGR: 1,,")
        assert terminal.command("AT+CMGL=1").startswith("+CMGL: 2,1,,")
        assert terminal.command("AT+CMGL=0,1").count("+CMGL:") == 2
        assert terminal.command("AT+CMGL").count("+CMGL:") == 2
        assert terminal.command("AT+CMGL=0") == "OK"
        assert terminal.command("AT+CMGL=4").count("+CMGL:") == 3
        assert terminal.command("AT+CMGD=?") == "+CMGD: (1,2,3),(0-4)\nOK"
        network.inbound(modem, FROM, "four")
        assert terminal.command("AT+CMGD=1,1") == "OK"  # all that were read
        assert terminal.command("AT+CMGL=4").startswith("+CMGL: 4,0,,")
        network.inbound(modem, FROM, "five")  # the lowest free slot
        assert terminal.command("AT+CMGL=4").startswith("+CMGL: 1,0,,")

    run_virtual(scenario())


def test_text_mode_lists_messages_and_reports() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        terminal.command('AT+CMGF=1;+CNMI=2,1,0,2,0;+CSMP=49,167,0,0;+CSCS="8859-1"')
        network.inbound(modem, FROM, "Grüße")
        network.inbound(modem, "Bank", "😀")
        terminal.type('AT+CMGS="+4917"\r')
        terminal.type("x\x1a")
        await asyncio.sleep(2)
        terminal.look()
        assert terminal.command('AT+CMGL="ALL"') == (
            '+CMGL: 1,"REC UNREAD","+491701234567",,"26/11/22,10:00:00+00"'
            "\nGr\xfc\xdfe\n"
            '+CMGL: 2,"REC UNREAD","Bank",,"26/11/22,10:00:00+00"\nD83DDE00\nOK'
        )
        assert terminal.command("AT+CSDH=1;+CMGR=1") == (
            '+CMGR: "REC READ","+491701234567",,"26/11/22,10:00:00+00",145,4,0,0,'
            '"+999010099",145,5\nGr\xfc\xdfe\nOK'
        )
        assert terminal.command('AT+CPMS="SR";+CMGR=1').splitlines()[1] == (
            '+CMGR: "REC UNREAD",6,0,"+4917",145,"26/11/22,10:00:00+00",'
            '"26/11/22,10:00:01+00",0'
        )
        assert terminal.command('AT+CMGL="NONSENSE"') == "+CMS ERROR: 305"
        terminal.command("AT+CNMI=2,2,0,1,0")
        network.inbound(modem, FROM, "routed")
        assert terminal.lines().startswith('+CMT: "+491701234567",,"26/11/22')

    run_virtual(scenario())


def test_damaged_octets_are_stored_and_shown_as_they_came() -> None:
    async def scenario() -> None:
        network, modem, terminal = place()
        network.inbound_octets(modem, bytes.fromhex("00FFFF"))
        network.inbound_octets(modem, b"\xff")
        assert "\n00FFFF\n" in terminal.command("AT+CMGL=4")
        assert "00FFFF" in terminal.command('AT+CMGF=1;+CMGL="ALL"')
        terminal.command("AT+CNMI=2,2,0,1,0")
        network.inbound_octets(modem, b"\x00\x02", is_report=True)
        assert terminal.lines().startswith("+CDS")

    run_virtual(scenario())


def test_slots_may_count_from_zero() -> None:
    async def scenario() -> None:
        network, modem, terminal = place(HUAWEI)
        terminal.command("ATE0;+CNMI=2,1,0,0,0")
        terminal.look()
        network.inbound(modem, FROM, "first")
        assert terminal.lines() == '+CMTI: "ME",0'
        assert terminal.command("AT+CMGR=0").startswith("+CMGR: 0,,")

    run_virtual(scenario())
