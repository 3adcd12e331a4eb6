"""Which port of which USB device is spoken to, from a fake sysfs."""

from pathlib import Path

import pytest

from modemgw.modem import usb, usb_ids
from modemgw.modem.usb import Bus, Interface, UsbDevice
from tests.modem.machine import ACM, ACM_DATA, STORAGE, Machine, Port, ports

PCUI, PPP, GPS, VOICE = (0xFF, 1, 2), (0xFF, 2, 1), (0xFF, 1, 0x14), (0xFF, 1, 0x16)

LAYOUTS = [
    pytest.param(
        "12d1:1506",
        [Port(0, PPP), Port(1, VOICE), Port(2, PCUI)],
        [2, 0],
        id="huawei-by-protocol",
    ),
    pytest.param(
        "12d1:1573",
        [Port(0, PPP), Port(3, GPS), Port(4, PCUI)],
        [4, 0],
        id="huawei-unknown-product-not-gps",
    ),
    pytest.param("12d1:1003", ports(0, 1), [1, 0], id="huawei-e220"),
    pytest.param("12d1:1001", ports(0, 1, 2), [2, 0], id="huawei-e173-not-voice"),
    pytest.param("12d1:1506", ports(0, 1, 2, 3), [3], id="huawei-e171"),
    pytest.param("12d1:140c", ports(0, 1, 2, 3), [3], id="huawei-e17xx"),
    pytest.param("12d1:1436", ports(0, 1, 2, 3, 4), [4], id="huawei-e1750"),
    pytest.param("12d1:14ac", ports(0, 1, 2, 3, 4), [4], id="huawei-e153"),
    pytest.param("19d2:0031", ports(0, 1, 2, 3), [3, 1], id="zte"),
    pytest.param("19d2:0117", ports(0, 1, 2), [2, 1], id="zte-0117"),
    pytest.param("19d2:0055", ports(0, 1, 2, 4), [2, 4], id="zte-0055"),
    pytest.param("19d2:0124", ports(1, 3, 4), [4, 1], id="zte-0124"),
    pytest.param("19d2:0001", ports(0, 1, 2), [0, 2], id="zte-0001"),
    pytest.param("19d2:0007", ports(0, 1, 2), [0, 1], id="zte-0007"),
    pytest.param("2c7c:0125", ports(0, 1, 2, 3), [2, 3], id="quectel-ec25"),
    pytest.param("2c7c:0128", ports(3, 4, 5), [5], id="quectel-em060k"),
    pytest.param("2c7c:0700", ports(0, 1, 2, 3), [2], id="quectel-bg95"),
    pytest.param("05c6:9215", ports(0, 1, 2, 3), [2], id="quectel-ec20"),
    pytest.param("1e0e:9001", ports(0, 1, 2, 3, 4), [2, 3], id="simcom-7600"),
    pytest.param("1e0e:9011", ports(2, 4, 5), [4, 5], id="simcom-a7600"),
    pytest.param("1199:9071", ports(0, 2, 3, driver="qcserial"), [3], id="sierra-mc74"),
    pytest.param("1199:c001", ports(0, 2, 4), [0, 2], id="sierra-hl78"),
    pytest.param("1bc7:1201", ports(0, 3, 4, 5), [4, 5], id="telit-le910"),
    pytest.param(
        "1bc7:0021",
        [
            Port(0, ACM, "cdc_acm"),
            Port(1, ACM_DATA, "cdc_acm", False),
            Port(2, ACM, "cdc_acm"),
        ],
        [0],
        id="telit-he910",
    ),
    pytest.param(
        "1546:1102",
        [Port(n, ACM, "cdc_acm") for n in (0, 2, 4, 6, 8)],
        [0, 2, 4],
        id="u-blox-sara",
    ),
    pytest.param(
        "1546:1010",
        [Port(n, ACM, "cdc_acm") for n in (0, 2, 4, 6, 8)],
        [6],
        id="u-blox-toby-l4",
    ),
    pytest.param(
        "1e2d:0061",
        [Port(n, ACM, "cdc_acm") for n in (0, 2, 4)],
        [2, 0],
        id="cinterion-pls8",
    ),
    pytest.param("0681:0034", [Port(0, ACM, "cdc_acm")], [0], id="siemens-mc75"),
    pytest.param(
        "2cb7:0104",
        [Port(0, (0xFF, 0xFF, 0x30)), *ports(1, 2)],
        [1, 2],
        id="unknown-product-not-diagnosis",
    ),
    pytest.param("1234:5678", ports(4, 0, 2), [0, 2, 4], id="unknown-maker-ascending"),
]


@pytest.mark.parametrize(("ids", "interfaces", "wanted"), LAYOUTS)
def test_only_the_ports_for_at_are_chosen_best_first(
    tmp_path: Path, ids: str, interfaces: list[Port], wanted: list[int]
) -> None:
    machine = Machine(tmp_path)
    ttys = machine.plug("1-1.3", ids, interfaces)
    (device,) = Bus(machine.sys).devices()
    assert usb.is_modem(device)
    choice = usb.choose(device)
    assert list(choice.ttys) == [Path(ttys[number]).name for number in wanted]
    assert choice.is_whole


@pytest.mark.parametrize(
    ("ids", "interfaces", "why"),
    [
        pytest.param("12d1:1f01", [Port(0, STORAGE, "", False)], "CD", id="huawei-cd"),
        pytest.param("19d2:2000", [Port(0, STORAGE, "", False)], "CD", id="zte-cd"),
        pytest.param("2c7c:ffff", [Port(0, STORAGE, "", False)], "CD", id="any-cd"),
        pytest.param(
            "12d1:14dc", [Port(0, (2, 6, 0), "", False)], "HiLink", id="hilink"
        ),
        pytest.param("05c6:9008", ports(0, driver="qcserial"), "QDL", id="qdl"),
        pytest.param("1546:01a8", [Port(0, ACM, "cdc_acm")], "satellite", id="gnss"),
    ],
)
def test_what_is_no_modem_as_it_is_says_why(
    tmp_path: Path, ids: str, interfaces: list[Port], why: str
) -> None:
    machine = Machine(tmp_path)
    machine.plug("1-1", ids, interfaces)
    (device,) = Bus(machine.sys).devices()
    choice = usb.choose(device)
    assert choice.ttys == () and why in choice.why


@pytest.mark.parametrize(
    ("ids", "interfaces"),
    [
        pytest.param("2341:0043", [Port(0, ACM, "cdc_acm")], id="arduino"),
        pytest.param("10c4:ea60", ports(0, driver="cp210x"), id="cp2102"),
        pytest.param(
            "0403:6011", ports(0, 1, 2, 3, driver="ftdi_sio"), id="four-lines"
        ),
    ],
)
def test_what_may_be_anything_is_not_taken_for_a_modem(
    tmp_path: Path, ids: str, interfaces: list[Port]
) -> None:
    machine = Machine(tmp_path)
    machine.plug("1-1", ids, interfaces)
    (device,) = Bus(machine.sys).devices()
    assert not usb.is_modem(device)


def test_a_composition_that_the_table_does_not_know_is_not_whole() -> None:
    half = UsbDevice(
        "1-1",
        0x2C7C,
        0x0125,
        None,
        2,
        (
            Interface(0, (255, 255, 255), "option", "ttyUSB0"),
            Interface(4, (255, 255, 255), "option", "ttyUSB1"),
        ),
    )
    choice = usb.choose(half)
    assert choice.ttys == ("ttyUSB1",) and not choice.is_whole  # never diagnosis


def test_every_row_of_the_table_is_of_a_maker_and_hands_off_is_hands_off() -> None:
    for (vendor, _), layout in usb_ids.LAYOUTS.items():
        assert vendor in usb_ids.MAKERS
        assert layout.at and not set(layout.at) & set(layout.never)
    assert not usb_ids.LAYOUTS.keys() & usb_ids.REFUSED.keys()
    for layout in usb_ids.VENDORS.values():
        assert not set(layout.at) & set(layout.never)


def test_the_rules_for_udev_know_the_same_makers() -> None:
    rules = (Path(__file__).parents[2] / "udev" / "70-modemgw.rules").read_text()
    for vendor in usb_ids.MAKERS:
        assert f"{vendor:04x}" in rules


def test_a_device_is_known_by_its_place_and_every_plugging_counts(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    machine.plug("1-1.3", "2c7c:0125", ports(0, 1, 2, 3), serial="ab12")
    machine.plug("1-1.4", "12d1:1506", [Port(0, PPP), Port(1, PCUI)])
    bus = Bus(machine.sys)
    first, second = bus.devices()
    assert (first.path, first.ids, first.serial) == ("1-1.3", "2c7c:0125", "ab12")
    assert second.serial is None
    assert bus.devices() is bus.devices()  # nothing is read twice
    machine.pull("1-1.3")
    assert [one.path for one in bus.devices()] == ["1-1.4"]
    machine.plug("1-1.3", "2c7c:0125", ports(0, 1, 2, 3), taken=6)
    again = bus.devices()[0]
    assert again.enumeration > first.enumeration
    assert usb.choose(again).ttys == ("ttyUSB8", "ttyUSB9")


def test_a_machine_without_usb_has_no_devices(tmp_path: Path) -> None:
    assert Bus(tmp_path / "nothing").devices() == ()
