"""Each persona answers as the field guide says of its family."""

import asyncio

import pytest

from modemgw.sim.card import swapped
from modemgw.sim.fleet import iccid_of, imei_of, make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.persona import ALIASES, NAMES, PERSONAS
from modemgw.sim.wire import Wires
from tests.loop import VirtualClock, run_virtual
from tests.sim.plays.play import Client
from tests.sim.terminal import Terminal, pdu

ICCID = iccid_of(0)
CNMI_FULL = "+CNMI: (0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)"
CNMI_STORED = "+CNMI: (0,1,2),(0,1,2,3),(0,2),(0,2),(0,1)"
STICK = "+CMS ERROR: 303"


def at(name: str, **options: object) -> tuple[SimModem, Terminal]:
    network = Network(clock=VirtualClock())
    modem = make_modem(network, 0, persona=PERSONAS[name], **options)
    terminal = Terminal(modem)
    terminal.type("ATE0\r")
    return modem, terminal


# What the guide documents of each family: a command, and what it answers.
DOCUMENTED: dict[str, list[tuple[str, str]]] = {
    "generic": [
        ("AT+CGMI", "modemgw"),
        ("AT+CNMI=?", CNMI_FULL),
        ("AT+CCID", f"+CCID: {ICCID}"),
    ],
    "stubborn": [
        ("AT+CNMI=2,1,0,1,0", "+CMS ERROR: operation not supported"),
        ('AT+CPMS="SM"', "ERROR"),
        ("AT+CCID", "COMMAND NOT SUPPORT"),
    ],
    "huawei-e173": [
        ("AT+CGMI", "huawei"),
        ("AT+CNMI=?", CNMI_FULL),
        ("AT^ICCID?", f"^ICCID: {swapped(ICCID)}"),
        ("AT+MODE=2", "COMMAND NOT SUPPORT"),
        ("AT+CMMS=1", "+CMS ERROR: 500"),
        ("AT^CPIN?", "^CPIN: READY,,10,3,10,3"),
        ("AT^CURC=0", "OK"),
        ("AT^PORTSEL=0", "OK"),
        ('AT+CUSD=1,"*100#",15', "ERROR"),  # CME 100 under CMEE=0
        ('AT+CUSD=1,"AA180C3602",15', "OK"),
        ("AT^USSDMODE=0", "OK"),
    ],
    "huawei-e3131": [
        ('AT+CPMS="ME","ME"', "ERROR"),
        ('AT+CPMS="ME","ME","ME"', "+CPMS: 0,23,0,23,0,23"),
        ("AT^ICCID?", f"^ICCID: {ICCID}F"),
        ("AT+CMMS=1", "+CMS ERROR: 500"),
    ],
    "huawei-e3372": [
        ("AT+CGMM", "E3372"),
        ('AT+CPMS="ME"', "+CPMS: 0,23,0,23,0,23"),
        ("AT^ICCID?", f"^ICCID: {ICCID}"),
        ("AT+CMMS=1", "COMMAND NOT SUPPORT"),
    ],
    "huawei-e3372-325": [
        ('AT+CPMS="ME"', "ERROR"),
        ('AT+CPMS="ME","ME"', "ERROR"),
        ('AT+CPMS="ME","ME","ME"', "+CPMS: 0,23,0,23,0,23"),
    ],
    "zte-mf190": [
        ("AT+CNMI=?", CNMI_FULL),
        ("AT+CNMI=2,1,0,1,0", STICK),
        ("AT+CNMI=1,1,0,1,0", "OK"),
        ("AT+ZGETICCID", f"+ZGETICCID: {ICCID}"),
        ("AT+CCID", "ERROR"),
        ("AT+ZPINPUK=?", "+ZPINPUK: 3,10,3,10"),
        ("AT+CPMS?", '+CPMS: "ME",0,100,"ME",0,100,"ME",0,100'),
        ("AT+ZCDRUN=8", "OK"),
        ("AT+ZOPRT=5", "OK"),
    ],
    "sim800": [
        ("AT+CNMI=?", "+CNMI: (0,1,2,3),(0,1,2,3),(0,2),(0,1),(0,1)"),
        ("AT+CNMI=2,1,0,2,0", STICK),
        ("AT+CCID", f"{ICCID}f"),
        ("AT+CEREG?", "ERROR"),
        ("AT+SPIC", "+SPIC: 3,10,3,10"),
        ("ATI", "SIM800 R14.18"),
        ("AT+CIURC=0", "OK"),
    ],
    "sim900": [
        ("AT+CPMS=?", '+CPMS: ("SM"),("SM"),("SM")'),
        ("ATI", "SIM900 R11.0"),
    ],
    "sim7600": [
        ("AT+CICCID", f"+ICCID: {ICCID}"),
        ("AT+CCID", "ERROR"),
        ("AT+CNMI=?", CNMI_FULL),
        ("AT+CNSMOD=0", "OK"),
        ("AT+AUTOCSQ=0", "OK"),
        ("AT+CNMP=2", "OK"),
    ],
    "sim7000": [("AT+CGMM", "SIMCOM_SIM7000E"), ("AT+CICCID", f"+ICCID: {ICCID}")],
    "a7670": [
        ("AT+CREG=9", "+CME ERROR: incorrect parameters"),
        ("AT+CICCID", f"+ICCID: {ICCID}"),
    ],
    "quectel-m26": [
        ("AT+CSMS=?", "+CSMS: (0,128)"),
        ("AT+CSMS=1", STICK),
        ("AT+CNMI=?", "+CNMI: (0,1,2,3),(0,1,2,3),(0,2,3),(0,1,2),(0,1)"),
        ("AT+CCID?", ICCID),
        ("AT^ICCID?", "+CME ERROR: operation not supported"),
        ("AT+QPINC?", '+QPINC: "SC",3,10|+QPINC: "P2",3,10'),
        ("AT+QIURC=0", "OK"),
    ],
    "quectel-m35": [("ATI", "Quectel_Ltd|Quectel_M35|Revision: M35FAR01A03")],
    "quectel-ec25": [
        ("ATI", "Quectel|EC25|Revision: EC25EFAR06A06M4G"),
        ("AT+QCCID", f"+QCCID: {ICCID}F"),
        ("AT+CNMI=?", CNMI_FULL),
        ('AT+QURCCFG="urcport","usbat"', "OK"),
        ('AT+QINDCFG="all",0', "OK"),
    ],
    "quectel-bg96": [
        ('AT+CUSD=1,"*100#",15', "+CME ERROR: 4"),
        ("AT+QCCID", f"+QCCID: {ICCID}F"),
    ],
    "teltonika-trm240": [
        ("AT+CNMI=?", CNMI_STORED),
        ("AT+CCID", f"+CCID: {ICCID}"),
    ],
    "sierra-mc7455": [
        ("AT!ICCID?", f"!ICCID: {ICCID}"),
        ("AT+CCID", f"+CCID: {ICCID}"),
        ("AT+CPINC?", "+CPINC: 3,3,10,10"),
        ('AT!ENTERCND="A710"', "OK"),
    ],
    "wavecom-q24": [
        ("AT+CPMS=?", '+CPMS: (("SM","BM","SR"),("SM"))'),
        ('AT+CPMS="SM","SM","SM"', "ERROR"),
        ('AT+CPMS="SM"', "+CPMS: 0,20,0,20,0,20"),
        ("AT+CCID", f'+CCID: "{ICCID}"'),
        ("AT+WIND=0", "OK"),
    ],
    "telit-he910": [
        ("AT#CCID", f"#CCID: {ICCID}"),
        ("AT#PCT", "#PCT: 3"),
        ("AT#PORTCFG?", "#PORTCFG: 0,0"),
        ("AT+CSCS?", '+CSCS: "IRA"'),
        ("AT#QSS=0", "OK"),
        ("AT#STIA=0", "OK"),
    ],
    "telit-le910": [("AT#PORTCFG?", "#PORTCFG: 8,8"), ("AT#CCID", f"#CCID: {ICCID}")],
    "ublox-sara": [
        ("AT+UPINCNT", "+UPINCNT: 3,3,10,10"),
        (
            "AT+CPMS=?",
            '+CPMS: ("ME","SM","SR","MT","BM"),("ME","SM","MT"),("ME","SM","MT")',
        ),
        ("AT+CCID", f"+CCID: {ICCID}"),
        ("AT+CMER=0", "OK"),
    ],
    "ublox-toby": [("AT+CGMM", "TOBY-L210"), ("AT+UPSV=0", "OK")],
    "siemens-tc35": [
        ("AT^SCID", f"^SCID: {ICCID}"),
        ("AT+CCID", "ERROR"),
        ("AT^SPIC", "^SPIC: 3"),
        ("AT+CNMI=3,2,0,1,1", "OK"),
        ("AT+CNMI=2,0,0,2,1", "OK"),
        ("AT+CNMI=2,1,0,1,0", STICK),
    ],
    "siemens-mc75": [
        ("AT+CNMI=?", "+CNMI: (0,1,2,3),(0,1),(0,2,3),(0,2),(1)"),
        ("AT+CNMI=2,1,0,2,1", "OK"),
        ("AT+CNMI=2,1,0,2,0", STICK),
        ('AT+CPMS="SM","SM","ME"', STICK),
        ('AT+CPMS="MT","SM","MT"', "+CPMS: 0,45,0,20,0,45"),
    ],
    "cinterion-bgs5": [
        ("AT+CNMI=?", "+CNMI: (0,1,2),(0,1),(0,1,2,3),(0,2),(0,1)"),
        ("AT^SCID", f"^SCID: {ICCID}"),
        ("AT+CTZU=0", "OK"),
    ],
    "cinterion-pls8": [
        ("AT+CNMI=?", "+CNMI: (0,1,2),(0,1),(0,2),(0),(1)"),
        ("AT+CNMI=2,1,2,0,1", "OK"),
        ("AT+CNMI=2,1,0,1,1", STICK),
    ],
    "option": [
        ("AT+CCID", "ERROR"),
        ("AT_OSSYS=0", "OK"),
        ("AT+CNMI=1,1,0,1,0", "OK"),
    ],
    "novatel": [
        ("AT+CNMI=?", CNMI_STORED),
        ("AT+CNMA=0", "+CMS ERROR: 340"),
    ],
    "dlink-dwm156": [
        ("AT+CNMI=2,1,0,2,0", "OK"),
        ("AT+CPMS?", '+CPMS: "ME",0,100,"ME",0,100,"ME",0,100'),
    ],
    "neoway-m590": [("AT+CCID", f"+CCID: {ICCID}"), ("AT+CGMM", "M590")],
}


def test_every_persona_has_documented_answers_and_a_source() -> None:
    assert DOCUMENTED.keys() == PERSONAS.keys()
    for persona in PERSONAS.values():
        assert persona.sentence
        assert any(text.startswith(("guide", "TS")) for text in persona.source)
    assert set(ALIASES.values()) <= PERSONAS.keys()
    assert NAMES["huawei"] is PERSONAS["huawei-e3372"]


@pytest.mark.parametrize("name", PERSONAS)
def test_its_documented_answers_come(name: str) -> None:
    async def scenario() -> None:
        _, terminal = at(name)
        for command, expected in DOCUMENTED[name]:
            said = terminal.command(command).replace("\n", "|").removesuffix("|OK")
            assert said == expected, command

    run_virtual(scenario())


@pytest.mark.parametrize("name", PERSONAS)
def test_its_identity_and_its_offers_are_those_of_its_entry(name: str) -> None:
    async def scenario() -> None:
        modem, terminal = at(name)
        persona = modem.persona
        assert terminal.command("AT+CGMI") == f"{persona.manufacturer}\nOK"
        assert terminal.command("AT+CGMM") == f"{persona.model}\nOK"
        assert terminal.command("AT+CGMR") == f"{persona.revision}\nOK"
        assert imei_of(0) in terminal.command("AT+CGSN")
        assert swapped(ICCID) in terminal.command("AT+CRSM=176,12258,0,0,10")
        for mode, mt, bm, ds, bfr in [
            tuple(values[-1] for values in persona.cnmi),
            tuple(values[0] for values in persona.cnmi),
        ]:
            setting = f"{mode},{mt},{bm},{ds},{bfr}"
            refused = any(f"+CNMI={setting}".startswith(s) for s in persona.refuses)
            said = terminal.command(f"AT+CNMI={setting}")
            assert said == ("+CMS ERROR: 303" if refused else "OK"), setting
        for memory in persona.memories[0]:
            count = max(persona.cpms_arguments)
            names = [memory, *persona.default_memories[1:]][:count]
            listed = ",".join(f'"{one}"' for one in names)
            assert terminal.command(f"AT+CPMS={listed}").endswith("\nOK"), listed

    run_virtual(scenario())


@pytest.mark.parametrize("name", [n for n, p in PERSONAS.items() if p.noise])
def test_its_noise_comes_and_ends_as_documented(name: str) -> None:
    async def scenario() -> None:
        modem, terminal = at(name)
        persona = modem.persona
        await asyncio.sleep(persona.noise_interval_s * len(persona.noise) + 0.1)
        heard = terminal.look()
        assert all(line in heard for line in persona.noise)
        if persona.line_end != "\r\n":
            assert f"{persona.noise[0]}{persona.line_end}" in heard
        for command in persona.noise_off:
            assert terminal.command(f"AT{command}").endswith("OK"), command
        await asyncio.sleep(persona.noise_interval_s + 0.1)  # one is on its way
        terminal.look()
        await asyncio.sleep(10 * persona.noise_interval_s)
        left = terminal.lines()
        ended = tuple(persona.noise_off.values())
        assert not any(line.startswith(ended) for line in left.splitlines())
        assert bool(left) == any(not line.startswith(ended) for line in persona.noise)
        modem.reboot()  # it must be silenced again
        await asyncio.sleep(persona.noise_interval_s * len(persona.noise) + 0.1)
        assert all(line in terminal.look() for line in persona.noise[:1])

    run_virtual(scenario())


@pytest.mark.parametrize("name", PERSONAS)
def test_each_of_its_resets_restarts_it(name: str) -> None:
    async def scenario() -> None:
        persona = PERSONAS[name]
        for command in (*persona.reset_commands, "+CFUN=1,1"):
            modem = make_modem(Network(clock=VirtualClock()), 0, persona=persona)
            wires = Wires({"tty0": modem})
            client = await Client().open(wires, "tty0")
            await client.command("ATE0+CMEE=1")
            assert await client.command("AT+CMEE?") == "+CMEE: 1\nOK"
            said = await client.command(f"AT{command}")
            assert said.split("\n")[0] == "OK", command
            if persona.vanishes:
                await asyncio.sleep(1)
                assert client.lost and wires.paths == []
            elif persona.restart_s:
                assert await client.command("AT") == ""
            await asyncio.sleep(persona.restart_s)
            if persona.vanishes:
                client = await Client().open(wires, "tty0")
            else:
                heard = said + (await client.wait(0.1))
                assert all(line in heard for line in persona.boot_urcs), heard
            await client.command("ATE0")
            assert await client.command("AT+CMEE?") == f"+CMEE: {persona.cmee}\nOK"

    run_virtual(scenario())


@pytest.mark.parametrize("name", PERSONAS)
def test_its_reports_take_the_route_that_it_offers(name: str) -> None:
    async def scenario() -> None:
        modem, terminal = at(name)
        persona = modem.persona
        mode = 1 if any("+CNMI=2" in start for start in persona.refuses) else 2
        for ds in persona.cnmi[3]:
            bfr = persona.cnmi[4][-1]
            assert terminal.command(f"AT+CNMI={mode},1,0,{ds},{bfr}") == "OK"
            await terminal.send(pdu("+491701234567"))
            await asyncio.sleep(1.1)
            said = "\n".join(
                line
                for line in terminal.lines().splitlines()
                if line.startswith(("+CDS", "+CDSI"))
            )
            memory = persona.report_memory
            if memory not in persona.memories[0]:
                memory = persona.default_memories[2]
            index = persona.first_index.get(memory, 1)
            if ds == 1:
                assert said == persona.report_header.format(length=25)
            elif ds == 2:
                notice = persona.report_notice.format(memory=memory, index=index)
                assert said == notice
            else:
                assert said == ""

    if name != "stubborn":  # it refuses 2,1,0,1,x; test_commands has its own
        run_virtual(scenario())


def test_a_modem_that_shares_its_engine_refuses_a_second_prompt() -> None:
    async def scenario() -> None:
        modem = make_modem(
            Network(clock=VirtualClock()), 0, persona=PERSONAS["quectel-ec25"]
        )
        wires = Wires({"tty0": modem})
        first = await Client().open(wires, "tty0")
        second = await Client().open(wires, "tty0.1")
        await first.command("ATE0")
        part = pdu("+491701234567")
        assert await first.type(f"AT+CMGS={part.tpdu_length}\r") == "\r\n> "
        assert await second.command("AT+CMGS=20") == "+CMS ERROR: 302"
        assert await second.command("AT+CSQ") == "+CSQ: 23,99\nOK"
        said = await first.type(part.octets.hex() + "\x1a", 0.3)
        assert said.endswith("+CMGS: 0\r\n\r\nOK\r\n")
        assert wires.paths == ["tty0", "tty0.1"]

    run_virtual(scenario())


def test_a_deaf_modem_and_two_memories_under_one_name() -> None:
    async def scenario() -> None:
        modem, terminal = at("neoway-m590")
        assert terminal.command("AT+CFUN=0") == "OK"
        assert terminal.command("AT+CFUN=1") == ""  # only power helps

        modem, terminal = at("siemens-mc75")
        terminal.command("AT+CNMI=2,1,0,2,1")
        terminal.command('AT+CPMS="MT","SM","MT"')
        for number in range(26):  # 25 fit into ME
            modem.network.inbound(modem, "+4917", f"Message {number}")
        assert '+CMTI: "MT",26' in terminal.lines()
        assert terminal.command("AT+CMGR=26").startswith("+CMGR: 0,,")
        terminal.command('AT+CPMS="SM"')
        assert terminal.command("AT+CMGR=1").startswith("+CMGR: 1,,")
        terminal.command('AT+CPMS="MT"')
        assert terminal.command("AT+CMGD=26") == "OK"
        assert terminal.command('AT+CPMS="SM"').startswith("+CPMS: 0,20")
        assert terminal.command('AT+CPMS="MT";+CMGD=1,4').endswith("OK")
        assert terminal.command('AT+CPMS="ME"').startswith("+CPMS: 0,25")

    run_virtual(scenario())
