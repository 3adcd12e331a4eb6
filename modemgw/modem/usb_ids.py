"""Which interface of which USB modem takes AT commands: a table, and nothing else.

An interface number (bInterfaceNumber) is what stays the same; the number of a
ttyUSB does not. A device that stands in neither table is probed, see modem/usb.py.
Sources: the udev rules of ModemManager (MM), chan_dongle's pdiscovery.c, gammu's
and other trackers, Linux option.c; "unproven" where only memory speaks for it.
"""

from dataclasses import dataclass

HUAWEI, ZTE, SIMCOM, QUECTEL = 0x12D1, 0x19D2, 0x1E0E, 0x2C7C
SIERRA, TELIT, UBLOX, CINTERION = 0x1199, 0x1BC7, 0x1546, 0x1E2D
LONGCHEER, FIBOCOM, QUALCOMM, SIEMENS = 0x1C9E, 0x2CB7, 0x05C6, 0x0681

# Makers of the sticks and modules that gateways are built from. What else speaks
# CDC-ACM is as likely a printer, a receiver of time signals or an Arduino.
MAKERS = {
    HUAWEI: "Huawei",
    ZTE: "ZTE",
    SIMCOM: "SIMCom",
    QUECTEL: "Quectel",
    SIERRA: "Sierra",
    TELIT: "Telit",
    UBLOX: "u-blox",
    CINTERION: "Cinterion",
    LONGCHEER: "Longcheer",
    FIBOCOM: "Fibocom",
    QUALCOMM: "Qualcomm",
    SIEMENS: "Siemens",
}

# Drivers whose own tables in the kernel hold modems and nothing else.
MODEM_DRIVERS = frozenset({"option", "sierra", "qcserial"})

# Bridges from USB to a serial line: every tty has a device of its own behind it,
# perhaps a modem, perhaps a heating. They are spoken to where their port is listed.
BRIDGE_DRIVERS = frozenset(
    {"cp210x", "ftdi_sio", "ch341", "pl2303", "xr_serial", "mxuport", "mos7840"}
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The interfaces of one family. `at`: take AT, best first; `never`: hands off.

    `patience_s` is how long after the enumeration the AT port may stay silent.
    """

    at: tuple[int, ...]
    never: tuple[int, ...] = ()
    patience_s: float = 0.0


_QUALCOMM_OLD = Layout((2,))  # QDL-capable ids, AT on the third; unproven
_SIMCOM_LTE = Layout((2, 3), never=(0, 1, 4))  # diagnosis, NMEA, audio
_UBLOX_ACM = Layout((0, 2, 4), never=(6, 8, 10))  # GNSS, log, SIM access
_SIERRA_MC74 = Layout((3,), never=(0, 2))  # diagnosis, NMEA

# By vendor, for every product that is not in LAYOUTS.
VENDORS: dict[int, Layout] = {
    QUECTEL: Layout((2, 3), never=(0, 1)),  # diagnosis, NMEA; MM 77-mm-quectel
    ZTE: Layout((3, 1)),  # MM 77-mm-zte
}

LAYOUTS: dict[tuple[int, int], Layout] = {
    # Huawei: only where the descriptor does not tell, see modem/usb.py.
    (HUAWEI, 0x1003): Layout((1, 0)),  # E220, E230, E270; gammu #400
    (HUAWEI, 0x1001): Layout((2, 0), never=(1,)),  # E1550, E160, E173; if01 is voice
    (HUAWEI, 0x140C): Layout((3,), never=(2,)),  # E17xx; chan_dongle, as the next
    (HUAWEI, 0x1436): Layout((4,), never=(3,)),  # E1750
    (HUAWEI, 0x14AC): Layout((4,), never=(3,)),  # E153Du-1
    (HUAWEI, 0x1506): Layout((3,), never=(2,)),  # E171; LTE sticks tell themselves
    # ZTE: the exceptions of MM 77-mm-zte
    **{(ZTE, pid): Layout((2, 1)) for pid in (*range(0x0016, 0x001A), 0x0117)},
    **{(ZTE, pid): Layout((2, 4)) for pid in (0x0002, 0x0012, 0x0024, 0x0025, 0x0055)},
    **{
        (ZTE, pid): Layout((4, 1))
        for pid in (0x0033, 0x0091, 0x0113, 0x0118, 0x0124, 0x0126, 0x0128)
    },
    (ZTE, 0x0001): Layout((0, 2)),
    **{(ZTE, pid): Layout((0, 1)) for pid in range(0x0003, 0x000B)},
    # Quectel
    (QUECTEL, 0x0128): Layout((5,), never=(3, 4)),  # EM060K as MBIM; MM
    (QUECTEL, 0x0700): Layout((2,)),  # BG95, BG77; sixfab installer #24
    (QUALCOMM, 0x9215): _QUALCOMM_OLD,  # EC20, early
    (QUALCOMM, 0x9003): _QUALCOMM_OLD,  # UC20
    (QUALCOMM, 0x9090): _QUALCOMM_OLD,  # UC15
    # SIMCom; MM 77-mm-simtech
    (SIMCOM, 0x9001): _SIMCOM_LTE,  # SIM7000, 7100, 7500, 7600
    (SIMCOM, 0x9205): Layout((2, 3), never=(0, 1)),  # SIM7070, 7080, 7090
    (SIMCOM, 0x9206): Layout((2, 5), never=(0, 1, 3, 4)),
    (SIMCOM, 0x9011): Layout((4, 5), never=(2,)),  # A7600E, A7602E
    # Sierra; MM 77-mm-sierra
    (SIERRA, 0x9071): _SIERRA_MC74,
    (SIERRA, 0x9079): _SIERRA_MC74,
    (SIERRA, 0x9091): _SIERRA_MC74,
    (SIERRA, 0x68C0): _SIERRA_MC74,
    (SIERRA, 0xC001): Layout((0, 2), never=(4,)),  # HL78xx
    # Telit; MM 77-mm-telit. The old ones move with AT#PORTCFG.
    (TELIT, 0x1201): Layout((4, 5), never=(0, 3)),  # LE910C1
    (TELIT, 0x1204): Layout((5, 6)),
    (TELIT, 0x1031): Layout((1, 2)),
    (TELIT, 0x1033): Layout((1, 2)),
    **{(TELIT, pid): Layout((0,)) for pid in (0x0021, *range(0x1003, 0x1007))},
    # u-blox; MM 77-mm-ublox
    **{(UBLOX, pid): _UBLOX_ACM for pid in (0x1102, 0x1104, 0x1107, 0x110A)},
    **{
        (UBLOX, pid): Layout((0, 2, 4), patience_s=20)  # TOBY-L2
        for pid in (0x1141, 0x1143, 0x1146)
    },
    (UBLOX, 0x1010): Layout((6,), never=(2, 4, 8), patience_s=20),  # TOBY-L4
    # Cinterion; MM 77-mm-cinterion
    (CINTERION, 0x0061): Layout((2, 0), never=(4,)),  # PLS8; if04 is GPS
    (CINTERION, 0x005B): Layout((0, 2, 4), never=(6, 8)),  # PLS62
    (CINTERION, 0x005D): Layout((0, 2, 4), never=(6, 8)),
    (SIEMENS, 0x0034): Layout((0,)),  # MC75, ES75; gammu #192
}

CD = "it still shows its CD: install usb-modeswitch, which makes it a modem"
_ROUTER = (
    "it runs router firmware (HiLink) and has no port for AT commands: "
    "it needs the stick firmware"
)
_QDL = "it failed to boot and waits for new firmware (QDL): unplug it and plug it in"
_RECEIVER = "it is a satellite receiver"

# Devices of the makers above that are not to be spoken to as they are.
REFUSED: dict[tuple[int, int], str] = {
    **{(HUAWEI, pid): CD for pid in (0x1F01, 0x1526, 0x157C, 0x14FE)},
    (ZTE, 0x2000): CD,
    (HUAWEI, 0x14DC): _ROUTER,  # uhubctl #425, gammu #340
    (HUAWEI, 0x14DB): _ROUTER,
    (QUALCOMM, 0x9008): _QDL,  # MM 80-mm-candidate
    **{(UBLOX, pid): _RECEIVER for pid in range(0x01A4, 0x01AA)},
}

# Said first to a modem that is probed: unread noise fills the buffers of these
# two until they crash. MM mm-plugin-huawei.c, mm-plugin-zte.c
FIRST_WORDS: dict[int, tuple[str, ...]] = {
    HUAWEI: ("AT^CURC=0",),
    ZTE: ("AT+CPMS?",),
}
