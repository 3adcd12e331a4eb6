"""A Raspberry Pi that lacks nothing, below a folder; tests make it sick."""

import os
import sqlite3
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from modemgw import __version__
from modemgw.doctor import run
from modemgw.doctor.box import Box
from modemgw.doctor.checks import CHECKS
from modemgw.doctor.daemon import View
from modemgw.doctor.look import box_for
from modemgw.doctor.machine import Machine, Room
from modemgw.doctor.programs import Ran
from modemgw.modem.conflicts import RULES
from modemgw.store.migrate import migrate
from tests.modem.machine import Machine as Bus
from tests.modem.machine import ports

GIB = 1 << 30
NOW_MS = 1_795_000_000_000  # 2026-11-18
CONFIG = Path("/etc/modemgw/modemgw.yaml")
BY_PATH = "/dev/serial/by-path/platform-usb-0:1.3:1.2-port0"
YAML = f"""\
data_dir: /var/lib/modemgw
country: DE
discovery: off
modems:
  - name: front
    port: {BY_PATH}
backup:
  path: /mnt/backup
  mount: off
"""
UNIT = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "NRestarts": "0",
    "Result": "success",
    "ExecMainStatus": "0",
    "User": "modemgw",
    "NeedDaemonReload": "no",
    "SupplementaryGroups": "dialout",
}
METRICS = {
    "modemgw_ready": 1,
    "modemgw_sending_paused": 0,
    'modemgw_queue_messages{state="queued"}': 3,
    'modemgw_queue_messages{state="in_doubt"}': 0,
    "modemgw_queue_limit_messages": 1_000_000,
    'modemgw_sim_state{sim="red",state="ready"}': 1,
    "modemgw_webhook_dead": 0,
    "modemgw_webhook_oldest_pending_seconds": 0.5,
    "modemgw_store_healthy": 1,
    "modemgw_store_wal_bytes": 1e6,
    "modemgw_store_waiting_jobs": 0,
}
MODEM: dict[str, Any] = {
    "name": "front",
    "phase": "ready",
    "why": "",
    "busy": True,
    "sim": "red",
    "imei": "350000000123456",
    "profile": "huawei",
    "registration": "home",
    "signal_dbm": -71,
    "proof": [{"setting": "AT+CMGF", "holds": True}],
}
SIM: dict[str, Any] = {
    "name": "red",
    "modem": "front",
    "smsc": "+491710760000",
    "health": {"state": "active", "paused": False, "outage": None},
    "selftest": {"last_state": "passed"},
    "wallet": {"allowances": [{"left": 4, "of": 100}]},
}
FILES = {
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\nmodemgw:x:990:990::/:/bin/false\n",
    "/etc/resolv.conf": "nameserver 192.0.2.1\n",
    "/etc/modemgw/modemgw.yaml": YAML,
    "/etc/udev/rules.d/70-modemgw.rules": RULES.read_text("utf-8"),
    "/lib/udev/hwdb.d/x": "",
    "/proc/meminfo": "MemTotal: 948304 kB\nMemAvailable: 600000 kB\n"
    "SwapTotal: 102396 kB\nSwapFree: 102396 kB\n",
    "/proc/vmstat": "nr_free_pages 100\noom_kill 0\n",
    "/proc/locks": "",
    "/proc/cmdline": "console=tty1 root=/dev/mmcblk0p2 rootwait\n",
    "/proc/self/mountinfo": "25 1 179:2 / / rw,noatime - ext4 /dev/mmcblk0p2 rw\n"
    "26 1 8:1 / /mnt/backup rw - ext4 /dev/sda1 rw\n",
    "/proc/self/mounts": "/dev/mmcblk0p2 / ext4 rw 0 0\n",
    "/proc/net/tcp": "  sl  local_address rem_address   st\n",
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "/sys/class/rtc/rtc0/name": "rtc-ds1307",
    "/sys/class/thermal/thermal_zone0/temp": "48312\n",
    "/sys/block/mmcblk0/device/life_time": "0x01 0x02\n",
    "/sys/block/mmcblk0/device/pre_eol_info": "0x01\n",
    "/sys/fs/ext4/mmcblk0p2/errors_count": "0\n",
    "/sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
    "/sys/class/hwmon/hwmon1/name": "rpi_volt\n",
    "/sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
    "/var/lib/modemgw/backup.json": f'{{"made_at": {NOW_MS - 3_600_000}}}',
}


def metrics(**changed: float) -> str:
    said = {**METRICS, **changed}
    return "# HELP x y\n" + "".join(f"{k} {v}\n" for k, v in said.items())


VIEW = View(
    "there",
    health={"version": __version__},
    readiness={"ready": True, "reasons": []},
    modems=(MODEM,),
    sims=(SIM,),
    webhooks=({"id": "whk_1", "url": "http://192.0.2.9/", "declared": True},),
    metrics=metrics(),
)


def there(**changed: Any) -> View:
    """A gateway that is well, but for this."""
    return replace(VIEW, **changed)


@cache
def database() -> bytes:
    """An empty database of ours."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "modemgw.db"
        db = sqlite3.connect(path, isolation_level=None)
        migrate(db, path)
        db.close()
        return path.read_bytes()


@dataclass
class Fake:
    """The folder, and what programs of that machine say."""

    root: Path
    says: dict[str, Ran] = field(default_factory=dict)  # by the first word
    ran: list[tuple[str, ...]] = field(default_factory=list)
    room: Room = field(
        default_factory=lambda: Room(32 * GIB, 20 * GIB, 10**6, 9 * 10**5)
    )
    now_ms: int = NOW_MS
    uid: int = 0
    view: View = VIEW
    unit: dict[str, str] = field(default_factory=lambda: dict(UNIT))
    deep: bool = False

    def __post_init__(self) -> None:
        self.usb = Bus(self.root)
        tree = self.usb.plug("1-1.3", "2c7c:0125", ports(0, 1, 2, 3))
        for tty in tree.values():
            os.chmod(tty, 0o660)  # noqa: PTH101
        self.tty = f"/dev/{Path(tree[2]).name}"
        self.link(BY_PATH, f"../../{Path(tree[2]).name}")
        for path, text in FILES.items():
            self.write(path, text)
        # The group of the ports is our own: only root could give them another one.
        own = os.getgid()
        self.write("/etc/group", f"dialout:x:{own}:\nmodemgw:x:990:\n")
        self.mode("/etc/modemgw/modemgw.yaml", 0o640)
        self.mode("/var/lib/modemgw", 0o770)
        self.write("/var/lib/modemgw/lock", "")
        self.mode("/var/lib/modemgw/lock", 0o660)
        self.database()
        self.device("1-1.3", bMaxPower="500mA", bDeviceClass="00", bmAttributes="a0")
        self.write("/sys/bus/usb/devices/1-1.3/power/control", "on\n")
        self.hub("1-1", bmAttributes="e0")
        self.write("/run/systemd/system/x", "")
        self.write("/mnt/backup/x", "")
        self.says |= {
            "timedatectl": Ran(0, "NTP=yes\nNTPSynchronized=yes\nCanNTP=yes\n"),
            "dmesg": Ran(
                0, "[    0.0] Booting Linux\n[    9.1] usb 1-1.3: new device\n"
            ),
        }

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str | bytes) -> None:
        place = self.at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def remove(self, *paths: str) -> None:
        for path in paths:
            self.at(path).unlink()

    def link(self, path: str, target: str) -> None:
        place = self.at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def mode(self, path: str, mode: int) -> None:
        self.at(path).chmod(mode)

    def config(self, text: str) -> None:
        self.write(str(CONFIG), text)
        self.mode(str(CONFIG), 0o640)

    def more(self, text: str) -> None:
        self.config(YAML + text)

    def database(self) -> None:
        place = "/var/lib/modemgw/modemgw.db"
        self.write(place, database())
        self.mode(place, 0o660)
        os.utime(self.at(place), (NOW_MS / 1000 - 60, NOW_MS / 1000 - 60))

    def device(self, path: str, **values: str) -> None:
        for name, value in values.items():
            self.write(f"/sys/bus/usb/devices/{path}/{name}", value + "\n")

    def hub(self, path: str, **values: str) -> None:
        home = self.root / "sys/devices/pci0/usb1-hubs" / path
        home.mkdir(parents=True, exist_ok=True)
        self.link(f"/sys/bus/usb/devices/{path}", str(home))
        self.device(path, bDeviceClass="09", bMaxPower="100mA", **values)

    def program(self, pid: int, name: str, *opened: str) -> None:
        self.write(f"/proc/{pid}/comm", name + "\n")
        self.write(f"/proc/{pid}/cmdline", name + "\0")
        for number, path in enumerate(opened):
            self.link(f"/proc/{pid}/fd/{number}", str(self.at(path)))

    def log(self, *lines: str) -> None:
        self.says["dmesg"] = Ran(0, "".join(f"[  1.0] {line}\n" for line in lines))

    def said(self, argv: tuple[str, ...]) -> Ran | None:
        self.ran.append(argv)
        if argv[0] == "systemctl" and self.unit:
            return Ran(0, "".join(f"{k}={v}\n" for k, v in self.unit.items()))
        return self.says.get(argv[0])

    def machine(self) -> Machine:
        return Machine(
            root=self.root,
            run=self.said,
            now_ms=lambda: self.now_ms,
            room_of=lambda path: self.room,
            uid=self.uid,
        )

    def box(self) -> Box:
        path = CONFIG if self.at(str(CONFIG)).exists() else None
        box = box_for(path, machine=self.machine(), may_ask=False, deep=self.deep)
        return replace(box, view=self.view)

    def found(self, names: Iterable[str] = ()) -> set[str]:
        """Run the checks here, one after the other; return the ids they found."""
        return {one.id for result in self.results(names) for one in result.findings}

    def results(self, names: Iterable[str] = ()) -> list[run.Result]:
        wanted, box = set(names), self.box()
        return [
            run.one(box, check)
            for check in CHECKS
            if not wanted or check.name in wanted
        ]
