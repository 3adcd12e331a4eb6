"""TPDUs in memories of a modem, and modems that answer by a script."""

from typing import Any

from tests.modem.bench import SimBench

DELIVER = "07919471227210244005810180F600006211220100000002E834"


REPORT = "0006290B919471214365F76211220100000062112201000000" + "00"


def stored(bench: SimBench) -> int:
    card = bench.sim.card
    assert card is not None
    return len(card.sm.slots) + len(bench.sim.me.slots) + len(bench.sim.sr.slots)


def script(**answers: Any) -> dict[str, Any]:
    """A modem with the memories ME and SM, empty unless said otherwise."""
    common: dict[str, Any] = {
        "AT+CREG?": ["+CREG: 0,1", "OK"],
        "AT+CPMS=?": ['+CPMS: ("ME","SM"),("ME","SM"),("ME","SM")', "OK"],
        'AT+CPMS="ME","ME","ME"': ["+CPMS: 0,99,0,99,0,99", "OK"],
        'AT+CPMS="SM","ME","ME"': ["+CPMS: 0,10,0,99,0,99", "OK"],
    }
    return common | answers


def read_of(pdu: str) -> list[str]:
    return [f"+CMGR: 0,,{len(pdu) // 2 - 8}", pdu, "OK"]
