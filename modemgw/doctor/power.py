"""The supply of the board, as the firmware of a Raspberry Pi tells it."""

from collections.abc import Iterator

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped

_VOLTS_NOW, _VOLTS_BEFORE = 1 << 0, 1 << 16
_SLOW_NOW = 1 << 1 | 1 << 2 | 1 << 3  # capped, throttled, soft limit of temperature
HOT = 80_000  # thousandths of a degree; a Raspberry Pi slows down there
_PLACES = (
    "/sys/devices/platform/soc/*firmware/get_throttled",
    "/sys/devices/platform/*firmware/get_throttled",
)

UNDER_VOLTAGE_NOW = Kind(
    "power.under_voltage_now",
    Level.PROBLEM,
    "The board gets too little voltage at this moment.",
    "Modems drop off the bus when they send, and the card may be damaged.",
    "Use the supply made for this board, a short thick cable, and a hub with a "
    "supply of its own for the modems.",
)
UNDER_VOLTAGE = Kind(
    "power.under_voltage",
    Level.WARNING,
    "The board has had too little voltage since it started.",
    "Modems drop off the bus when they send, and the card may be damaged.",
    "Use the supply made for this board, a short thick cable, and a hub with a "
    "supply of its own for the modems.",
)
HOT_BOARD = Kind(
    "power.hot",
    Level.WARNING,
    "The board is too hot and works more slowly.",
    "Heat ages board and card, and modems become deaf.",
    "vcgencmd measure_temp\nLet air in, or fit a cooler.",
)


def supply(box: Box) -> Iterator[Finding]:
    """Look at what the firmware has noted of voltage and heat."""
    bits, where = throttled(box)
    alarm = _alarm(box)
    degrees = box.machine.number("/sys/class/thermal/thermal_zone0/temp")
    if degrees is not None and degrees >= HOT:
        what = f"{degrees / 1000:.0f} degrees"
        yield HOT_BOARD.seen(what, "/sys/class/thermal/thermal_zone0/temp")
    elif bits is not None and bits & _SLOW_NOW and not bits & _VOLTS_NOW:
        yield HOT_BOARD.seen(f"it is slowed down (throttled={bits:#x})", where)
    if bits is None and alarm is None:
        raise Skipped("this board does not tell its voltage")
    if alarm or (bits is not None and bits & _VOLTS_NOW):
        said = f"throttled={bits:#x}" if bits is not None else "in0_lcrit_alarm=1"
        yield UNDER_VOLTAGE_NOW.seen(f"too little voltage now ({said})", where)
    elif bits is not None and bits & _VOLTS_BEFORE:
        what = f"too little voltage since the start (throttled={bits:#x})"
        yield UNDER_VOLTAGE.seen(what, where)


def throttled(box: Box) -> tuple[int | None, str]:
    """Return what the firmware has noted, and where that stands."""
    for pattern in _PLACES:
        for path in box.machine.found(pattern):
            bits = box.machine.number(path, 16)
            if bits is not None:
                return bits, path
    said = box.machine.run(("vcgencmd", "get_throttled"))
    if said is not None and said.code == 0:
        _, _, value = said.out.strip().partition("=")
        try:
            return int(value, 16), "vcgencmd get_throttled"
        except ValueError:
            pass
    return None, "the supply"


def _alarm(box: Box) -> bool | None:
    """Return what the driver rpi_volt says; None where there is none."""
    for path in box.machine.found("/sys/class/hwmon/hwmon*/name"):
        if box.machine.text(path) == "rpi_volt":
            found = box.machine.number(path.removesuffix("name") + "in0_lcrit_alarm")
            return None if found is None else found == 1
    return None


CHECKS = (
    Check("supply", "machine", supply, (UNDER_VOLTAGE_NOW, UNDER_VOLTAGE, HOT_BOARD)),
)
