"""What the doctor sees of ports, USB, rights, service, data: one sick box for each."""

from pathlib import Path

import pytest

from modemgw.doctor.daemon import NOBODY, View
from modemgw.doctor.programs import Ran
from tests.doctor.fake import CONFIG, MODEM, NOW_MS, YAML, Fake
from tests.doctor.sick import (
    DATA,
    DB,
    Sicken,
    backup,
    both,
    by_id_twins,
    certificate,
    config,
    crowded,
    damaged,
    ends,
    foreign_data,
    hub_without_supply,
    hungry,
    large,
    mode,
    more,
    mounted_cd,
    nothing_mounted,
    over_current,
    pin_file,
    plain_pin,
    plug,
    port,
    port_taken,
    program,
    remove,
    same_disk,
    same_modem,
    seen,
    shut_port,
    unit,
    unplugged,
    view,
    write,
)
from tests.modem.machine import STORAGE, Port

CASES: list[tuple[str, str, Sicken, set[str]]] = [
    # --- ports
    ("ports", "none", unplugged, {"modem.none"}),
    (
        "ports",
        "missing",
        both(port("/dev/gone"), view(modems=({**MODEM, "name": "other"},))),
        {"port.missing"},
    ),
    ("ports", "no match", port("/dev/gone*"), {"port.no_match"}),
    ("ports", "numbered", port("/dev/ttyUSB2"), {"port.numbered"}),
    ("ports", "twins", by_id_twins, {"port.by_id_twins"}),
    (
        "ports",
        "diagnosis",
        port("/dev/ttyUSB0"),
        {"port.numbered", "port.wrong_interface"},
    ),
    (
        "ports",
        "second",
        port("/dev/ttyUSB3"),
        {"port.numbered", "port.second_best"},
    ),
    ("ports", "twice", same_modem, {"port.same_modem", "port.second_best"}),
    ("other programs", "MM", program("ModemManager"), {"port.modem_manager"}),
    ("other programs", "brltty", program("brltty"), {"port.braille"}),
    ("other programs", "getty", program("agetty"), {"port.console"}),
    ("other programs", "gammu", program("gammu-smsd"), {"port.other_gateway"}),
    ("other programs", "modemgw", program("modemgw"), {"port.other_modemgw"}),
    ("other programs", "minicom", program("minicom"), {"port.terminal"}),
    ("other programs", "python", program("python3"), {"port.held"}),
    ("other programs", "innocent", program("python3", "/dev/ttyS9"), set()),
    ("other programs", "rights", shut_port, {"port.rights"}),
    (
        "other programs",
        "CD",
        plug("1-1.4", "12d1:1f01", Port(0, STORAGE, "usb-storage", has_tty=False)),
        {"usb.mode_switch"},
    ),
    (
        "other programs",
        "router",
        plug("1-1.4", "12d1:14dc", Port(0, (2, 6, 0), "cdc_ether", has_tty=False)),
        {"usb.unusable"},
    ),
    # --- USB
    (
        "modems on USB",
        "sleepy",
        write("/sys/bus/usb/devices/1-1.3/power/control", "auto\n"),
        {"usb.autosuspend"},
    ),
    ("modems on USB", "CD", mounted_cd, {"usb.cd_mounted"}),
    (
        "modems on USB",
        "no driver",
        plug("1-1.4", "2c7c:0125", Port(2, driver="", has_tty=False)),
        {"usb.no_driver"},
    ),
    ("USB power", "hub", hub_without_supply, {"usb.hub_power"}),
    ("USB power", "hungry", hungry, {"usb.budget"}),
    ("USB power", "crowd", crowded, {"usb.crowd"}),
    ("USB power", "over-current", over_current, {"usb.over_current"}),
    (
        "USB power",
        "garbage",
        lambda fake: fake.device("1-1.3", bMaxPower="lots", bmAttributes="?"),
        set(),
    ),
    # --- rights
    ("user", "missing", write("/etc/passwd", "root:x:0:0:\n"), {"user.missing"}),
    ("user", "garbage", write("/etc/passwd", b"\xff::\nmodemgw:x:990:990:\n"), set()),
    ("configuration", "secret", plain_pin, {"secret.exposed"}),
    ("configuration", "writable", mode(str(CONFIG), 0o662), {"config.writable"}),
    ("configuration", "pin file", pin_file, {"secret.exposed"}),
    ("configuration", "shut", mode(str(CONFIG), 0o600), {"config.unreadable"}),
    (
        "configuration",
        "shut pin file",
        lambda fake: pin_file(fake, 0o600),
        {"config.unreadable"},
    ),
    ("data", "foreign", foreign_data, {"data.foreign"}),
    ("data", "below a shut folder", mode("/var", 0o700), {"data.foreign"}),
    ("configuration", "shut folder", mode("/etc", 0o700), {"config.unreadable"}),
    ("data", "open", both(mode(DATA, 0o775), mode(DB, 0o664)), {"data.open"}),
    (
        "data",
        "missing",
        config(YAML.replace(DATA, "/var/lib/other")),
        {"data.missing"},
    ),
    # --- service
    (
        "service",
        "not installed",
        unit(LoadState="not-found"),
        {"service.not_installed"},
    ),
    ("service", "disabled", unit(UnitFileState="disabled"), {"service.not_enabled"}),
    ("service", "masked", unit(UnitFileState="masked"), {"service.not_enabled"}),
    ("service", "stopped", unit(ActiveState="inactive"), {"service.stopped"}),
    (
        "service",
        "configuration",
        unit(ActiveState="failed", ExecMainStatus="78", Result="exit-code"),
        {"service.failed"},
    ),
    ("service", "restarts", unit(NRestarts="5"), {"service.restarts"}),
    (
        "service",
        "in a loop",
        unit(ActiveState="activating", SubState="auto-restart"),
        {"service.restarts"},
    ),
    ("service", "stale", unit(NeedDaemonReload="yes"), {"service.stale_unit"}),
    (
        "udev rules",
        "missing",
        remove("/etc/udev/rules.d/70-modemgw.rules"),
        {"udev.missing"},
    ),
    (
        "udev rules",
        "old",
        write("/etc/udev/rules.d/70-modemgw.rules", "# old\n"),
        {"udev.old"},
    ),
    ("power helper", "none", more("power: {cycle: helper}\n"), {"power.no_helper"}),
    # --- storage
    ("database", "damaged", damaged, {"store.damaged"}),
    ("database", "no database", write(DB, b"#!/bin/sh\n" * 500), {"store.damaged"}),
    (
        "database",
        "newer",
        lambda fake: fake.write(
            DB,
            fake.at(DB).read_bytes()[:60]
            + b"\0\0\0\x09"
            + fake.at(DB).read_bytes()[64:],
        ),
        {"store.mismatch"},
    ),
    ("database", "empty", write(DB, b""), set()),
    ("database", "large", large("modemgw.db", 5 << 30), {"store.large"}),
    (
        "database",
        "log",
        large("modemgw.db-wal", 100 << 20),
        {"store.log_left"},
    ),
    ("backups", "late", backup(f'{{"made_at": {NOW_MS - 10**9}}}'), {"backup.late"}),
    ("backups", "failed", backup('{"failed_at": 9, "why": "full"}'), {"backup.failed"}),
    ("backups", "garbage", backup("\0{"), set()),
    ("backups", "same disk", same_disk, {"backup.same_disk"}),
    ("backups", "nothing mounted", nothing_mounted, {"backup.no_drive"}),
    (
        "backups",
        "gone",
        config(YAML.replace("/mnt/backup", "/mnt/gone")),
        {"backup.no_drive"},
    ),
    (
        "backups",
        "none",
        both(config(YAML.split("backup:")[0]), backup("{}")),
        {"backup.none"},
    ),
    # --- network
    ("addresses", "taken", port_taken, {"net.port_taken"}),
    (
        "addresses",
        "ours, whom we may not ask",
        both(port_taken, seen(View("forbidden", "no"))),
        set(),
    ),
    (
        "addresses",
        "garbage",
        both(seen(NOBODY), write("/proc/net/tcp", "a\n1 2 3 0A 5 6 7 8 9 10 11\n")),
        set(),
    ),
    ("name servers", "none", write("/etc/resolv.conf", "# none\n"), {"dns.no_server"}),
    ("certificate", "ended", certificate(ends(-2)), {"tls.ended"}),
    ("certificate", "ends", certificate(ends(3)), {"tls.ends"}),
    ("certificate", "good", certificate(ends(60)), set()),
    ("certificate", "garbage", certificate(Ran(1, "", "no")), {"tls.unreadable"}),
]


@pytest.mark.parametrize(
    ("check", "sicken", "ids"),
    [pytest.param(check, *rest, id=f"{check}: {name}") for check, name, *rest in CASES],
)
def test_what_is_found(
    tmp_path: Path, check: str, sicken: Sicken, ids: set[str]
) -> None:
    fake = Fake(tmp_path / "box")
    sicken(fake)
    assert fake.found([check]) == ids
