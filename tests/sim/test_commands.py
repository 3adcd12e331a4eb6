"""What single commands answer, as a table: command, and the lines that come."""

import asyncio

import pytest

from modemgw.sim.commands.every import COMMANDS, SUBJECTS
from modemgw.sim.fleet import make_modem
from modemgw.sim.network import Network
from modemgw.sim.persona import GENERIC, PERSONAS, STUBBORN, Persona
from tests.loop import VirtualClock, run_virtual
from tests.sim.terminal import Terminal

IMEI, IMSI, ICCID = "352099000000006", "999010000000000", "8999901000000000005"


def answers(*commands: str, persona: Persona = GENERIC, **options: object) -> str:
    """Type the commands to a new modem; return the answer to the last."""

    async def scenario() -> str:
        network = Network(clock=VirtualClock())
        terminal = Terminal(make_modem(network, 0, persona=persona, **options))
        said = ""
        for command in commands:
            said = terminal.command(command)
        return said

    return run_virtual(scenario())


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+CGMI", "modemgw\nOK"),
        ("AT+GMM", "SIM-1\nOK"),
        ("AT+CGMR", "1.0.0\nOK"),
        ("AT+CGSN", f"{IMEI}\nOK"),
        ("AT+GSN", f"{IMEI}\nOK"),
        ("AT+CGSN=1", f'+CGSN: "{IMEI}"\nOK'),
        ("AT+CGSN=?", "+CGSN: (0-3)\nOK"),
        ("AT+CIMI", f"{IMSI}\nOK"),
        ("AT+CCID", f"+CCID: {ICCID}\nOK"),
        ("AT+ICCID", f"+ICCID: {ICCID}\nOK"),
        ("AT+CNUM", '+CNUM: "","+999010000000",145\nOK'),
        ("AT+CRSM=176,12258,0,0,10", '+CRSM: 144,0,"989909010000000000F5"\nOK'),
        ("AT+CRSM=176,28423,0,0,9", '+CRSM: 144,0,"089999100000000000"\nOK'),
        ("AT+CRSM=176,28483,0,0,2", '+CRSM: 144,0,"FFFF"\nOK'),
        ("AT+CRSM=192,28483", '+CRSM: 144,0,"000000026F43040000FFFF01020000"\nOK'),
        ("AT+CRSM=242", "+CRSM: 144,0\nOK"),
        ("AT+CRSM=176,1,0,0,2", "+CRSM: 106,130\nOK"),
        ("AT+CRSM=214,28483,0,0,2", "+CRSM: 109,0\nOK"),
        ("AT+CPIN?", "+CPIN: READY\nOK"),
        ("AT+CFUN?", "+CFUN: 1\nOK"),
        ("AT+CREG?", "+CREG: 0,1\nOK"),
        ("AT+CGREG?;+CEREG?", "+CGREG: 0,1\n+CEREG: 0,1\nOK"),
        ("AT+COPS?", '+COPS: 0,0,"Sim Mobile",7\nOK'),
        ("AT+CSQ", "+CSQ: 23,99\nOK"),
        ("AT+CESQ", "+CESQ: 99,99,255,255,20,63\nOK"),
        ("AT+CSCA?", '+CSCA: "+999010099",145\nOK'),
        ("AT+CMGF?", "+CMGF: 0\nOK"),
        ("AT+CSMS=?", "+CSMS: (0,1)\nOK"),
        ("AT+CSMS=0", "+CSMS: 1,1,1\nOK"),
        ("AT+CSMS=7", "+CMS ERROR: 303"),
        ("AT+CNMI?", "+CNMI: 0,0,0,0,0\nOK"),
        ("AT+CNMI=9", "+CMS ERROR: 303"),
        ("AT+CNMI=2,1,0,1,0,0", "+CMS ERROR: 303"),
        ("AT+CNMA", "+CMS ERROR: 340"),
        ('AT+CPMS="ME"', "+CPMS: 0,100,0,30,0,30\nOK"),
        ('AT+CPMS="XX"', "+CMS ERROR: 303"),
        ("AT+CMMS?", "+CMMS: 0\nOK"),
        ("AT+CSMP?", "+CSMP: 17,167,0,0\nOK"),
        ("AT+CSDH?", "+CSDH: 0\nOK"),
        ("AT+CSCS?", '+CSCS: "GSM"\nOK'),
        ('AT+CSCS="KLINGON"', "ERROR"),
        ("AT+CPAS", "+CPAS: 0\nOK"),
        ("AT+CCLK?", '+CCLK: "26/11/22,10:00:00+00"\nOK'),
        ("AT+CLIP?", "+CLIP: 0,1\nOK"),
        ("AT+CLCC", "OK"),
        ("AT+CUSD?", "+CUSD: 0\nOK"),
        ('AT+CLCK="SC",2', "+CLCK: 0\nOK"),
        ("AT+CPINR", "+CPINR: SIM PIN,3,3\n+CPINR: SIM PUK,10,10\nOK"),
        ("AT+CPBS?", '+CPBS: "SM",0,250\nOK'),
        ("AT+CPBR=1,250", "OK"),
        ("AT+CMGR=1", "+CMS ERROR: 321"),
        ("AT+CMGR=99", "+CMS ERROR: 321"),
        ("AT+CMGD=1", "OK"),
        ("AT+CMGD=99", "+CMS ERROR: 321"),
        ("AT+CMGL=9", "+CMS ERROR: 305"),
        ("AT+CMGS=0", "+CMS ERROR: 304"),
        ("AT+CMGS=x", "+CMS ERROR: 304"),
        ("AT+CMSS=1", "+CMS ERROR: 321"),
        (
            "ATI",
            f"Manufacturer: modemgw\nModel: SIM-1\nRevision: 1.0.0\nIMEI: {IMEI}\n"
            "+GCAP: +CGSM,+DS,+ES\nOK",
        ),
        ("ATS3?", "013\nOK"),
        ("ATD123", "NO CARRIER"),
        ("ATA", "NO CARRIER"),
        ("ATH", "OK"),
        ("AT&F", "OK"),
    ],
    ids=lambda text: text if text.startswith("AT") else "",
)
def test_the_generic_modem_answers(command: str, answer: str) -> None:
    assert answers(command) == answer


@pytest.mark.parametrize(
    ("commands", "answer"),
    [
        (["AT+CMEE=0", "AT+CFUN=7"], "ERROR"),
        (["AT+CMEE=1", "AT+CFUN=7"], "+CME ERROR: 50"),
        (["AT+CMEE=2", "AT+CFUN=7"], "+CME ERROR: incorrect parameters"),
        (["AT+CMEE=2", "AT+CMGR=5"], "+CMS ERROR: invalid memory index"),
        (["AT+COPS=3,2", "AT+COPS?"], '+COPS: 0,2,"99901",7\nOK'),
        (["AT+CREG=2", "AT+CREG?"], '+CREG: 2,1,"00C8","0001A2B3",7\nOK'),
        (["AT+CREG=1", "AT+CFUN=0"], "+CREG: 0\nOK"),
        (
            ["AT+CFUN=0", "AT+CREG?;+CSQ;+COPS?"],
            "+CREG: 0,0\n+CSQ: 99,99\n+COPS: 0\nOK",
        ),
        (["AT+CNMI=2,1,0,2", "AT+CNMI?"], "+CNMI: 2,1,0,2,0\nOK"),
        (["AT+CNMI=2,1,,2", "AT+CNMI?"], "+CNMI: 2,1,0,2,0\nOK"),
        (["AT+CNMI=2,1", "ATZ", "AT+CNMI?"], "+CNMI: 0,0,0,0,0\nOK"),
        (["AT+CNMI=2,1", "AT&W", "AT&F", "ATZ", "AT+CNMI?"], "+CNMI: 2,1,0,0,0\nOK"),
        (
            ['AT+CPMS="ME","ME","ME"', "ATZ", "AT+CPMS?"],
            '+CPMS: "ME",0,100,"ME",0,100,"ME",0,100\nOK',
        ),
        (
            ['AT+CSCS="UCS2"', "AT+CSCA?"],
            '+CSCA: "002B003900390039003000310030003000390039",145\nOK',
        ),
        (['AT+CSCA="491710760000",145', "AT+CSCA?"], '+CSCA: "+491710760000",145\nOK'),
        (['AT+CSCA="0171"', "AT+CSCA?"], '+CSCA: "0171",129\nOK'),
        (['AT+CSCA="x"'], "+CMS ERROR: 304"),
        (
            ['AT+CCLK="20/01/02,03:04:05+04"', "AT+CCLK?"],
            '+CCLK: "20/01/02,02:04:05+00"\nOK',
        ),
        (["ATS0=2", "ATS0?"], "002\nOK"),
        (["AT+CSMP=49,,0,8", "AT+CSMP?"], "+CSMP: 49,167,0,8\nOK"),
        (["AT+CSMP=300"], "+CMS ERROR: 305"),
        (
            ['AT+CPBW=,"+4917",145,"Anna"', "AT+CPBR=1"],
            '+CPBR: 1,"+4917",145,"Anna"\nOK',
        ),
        (
            ['AT+CPBW=3,"17",129,"B"', "AT+CPBW=3", "AT+CMEE=1", "AT+CPBR=3"],
            "+CME ERROR: 22",
        ),
        (['AT+CPBS="ON"', "AT+CPBR=1"], '+CPBR: 1,"+999010000000",145,""\nOK'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_settings_are_kept(commands: list[str], answer: str) -> None:
    assert answers(*commands) == answer


PIN_CASES = [
    (["AT+CPIN?"], "+CPIN: SIM PIN\nOK"),
    (["AT+CIMI"], "+CME ERROR: 11"),
    (["AT+CMGL=4"], "+CMS ERROR: 311"),
    (["AT+CREG?"], "+CREG: 0,0\nOK"),
    (['AT+CPIN="0000"'], "+CME ERROR: 16"),
    (['AT+CPIN="1234"', "AT+CPIN?"], "+CPIN: READY\nOK"),
    (["AT+CPIN=1234", "AT+CREG?"], "+CREG: 0,1\nOK"),
    (["AT+CPIN=1", "AT+CPINR"], "+CPINR: SIM PIN,2,3\n+CPINR: SIM PUK,10,10\nOK"),
    (["AT+CPIN=1"] * 3, "+CME ERROR: 12"),
    ([*["AT+CPIN=1"] * 3, "AT+CPIN?"], "+CPIN: SIM PUK\nOK"),
    ([*["AT+CPIN=1"] * 3, "AT+CMGL"], "+CMS ERROR: 316"),
    ([*["AT+CPIN=1"] * 3, "AT+CPIN=1234"], "+CME ERROR: 12"),
    ([*["AT+CPIN=1"] * 3, 'AT+CPIN="1","5555"'], "+CME ERROR: 16"),
    ([*["AT+CPIN=1"] * 3, 'AT+CPIN="12345678","5555"', "AT+CPIN?"], "+CPIN: READY\nOK"),
    (["AT+CPIN=1234", "AT+CPIN=1234"], "+CME ERROR: 3"),
    (["AT+CPIN=1234", 'AT+CLCK="SC",0,"1234"', 'AT+CLCK="SC",2'], "+CLCK: 0\nOK"),
]


@pytest.mark.parametrize(
    ("commands", "answer"),
    PIN_CASES,
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_card_asks_for_its_pin(commands: list[str], answer: str) -> None:
    assert answers("AT+CMEE=1", *commands, pin="1234") == answer


def test_without_a_card_there_is_little() -> None:
    async def scenario() -> None:
        modem = make_modem(Network(clock=VirtualClock()), 0)
        modem.insert(None)
        terminal = Terminal(modem)
        terminal.command("AT+CMEE=1")
        assert terminal.command("AT+CPIN?") == "+CME ERROR: 10"
        assert terminal.command("AT+CCID") == "+CME ERROR: 10"
        assert terminal.command("AT+CIMI") == "+CME ERROR: 10"
        assert terminal.command("AT+CMGF=0;+CMGL") == "+CMS ERROR: 310"
        assert terminal.command("AT+CREG?") == "+CREG: 0,0\nOK"

    run_virtual(scenario())


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=PERSONAS)
@pytest.mark.parametrize("form", ["", "=?", "?", "=", "=,,,", '="', "=99999", "=x;y"])
def test_no_form_of_any_command_breaks_the_modem(persona: Persona, form: str) -> None:
    async def scenario() -> None:
        names = [*persona.accepts, *persona.iccid_commands]
        if persona in (GENERIC, STUBBORN):
            names += COMMANDS
        for name in names:
            modem = make_modem(Network(clock=VirtualClock()), 0, persona=persona)
            terminal = Terminal(modem)
            terminal.type("ATE0V1Q0\r")
            terminal.type(f"AT{name}{form}\r")
            terminal.type("\x1b\rATE0V1Q0\r")
            if name not in ("+COPS",):  # a search for operators takes its time
                assert terminal.command("AT") == "OK", f"AT{name}{form}"

    run_virtual(scenario())


def test_every_subject_enters_commands() -> None:
    assert len({module.__name__ for module in SUBJECTS}) == len(SUBJECTS)
    assert len(COMMANDS) > 80


def test_the_operator_search_takes_a_while() -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(Network(clock=VirtualClock()), 0))
        assert terminal.command("AT+COPS=?") == ""
        await asyncio.sleep(8.1)
        assert terminal.lines() == (
            '+COPS: (2,"Sim Mobile","SimMobil","99901",7),,(0,1,3,4),(0,1,2)\nOK'
        )

    run_virtual(scenario())


def test_ussd_has_a_menu() -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(Network(clock=VirtualClock()), 0, credit=1234))
        assert terminal.command('AT+CUSD=1,"*100#",15') == "OK"
        await asyncio.sleep(1)
        assert terminal.lines() == '+CUSD: 0,"Your balance is 12.34 EUR.",15'
        terminal.command('AT+CUSD=1,"*101#",15')
        await asyncio.sleep(1)
        assert terminal.lines().startswith('+CUSD: 1,"1 Balance\n2 Own')
        terminal.command('AT+CUSD=1,"2",15')
        await asyncio.sleep(1)
        assert "+999010000000" in terminal.lines()
        terminal.command('AT+CUSD=1,"*9#",15')
        await asyncio.sleep(1)
        assert terminal.lines() == "+CUSD: 4"

    run_virtual(scenario())


def test_a_call_rings_and_gives_up() -> None:
    async def scenario() -> None:
        modem = make_modem(Network(clock=VirtualClock()), 0)
        terminal = Terminal(modem)
        terminal.command("AT+CLIP=1")
        modem.calls.ring("+4917", rings=2)
        assert terminal.lines() == 'RING\n+CLIP: "+4917",145,"",,"",0'
        assert terminal.command("AT+CLCC") == '+CLCC: 1,1,4,0,0,"+4917",145\nOK'
        assert terminal.command("AT+CPAS") == "+CPAS: 3\nOK"
        await asyncio.sleep(11)
        assert terminal.lines().splitlines()[-1] == "NO CARRIER"
        assert terminal.command("AT+CLCC") == "OK"
        modem.calls.ring("0171")
        terminal.look()
        assert terminal.command("AT+CHUP") == "OK"
        await asyncio.sleep(11)
        assert terminal.look() == ""
        assert terminal.command("ATD0171;") == "OK"
        await asyncio.sleep(21)
        assert terminal.lines() == "NO ANSWER"

    run_virtual(scenario())
