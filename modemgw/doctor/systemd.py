"""What systemd says of the service, and what is wrong with that."""

from collections.abc import Iterator
from dataclasses import dataclass

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Argv, Finding, Kind, Level, Skipped
from modemgw.doctor.machine import Machine, whole
from modemgw.modem.conflicts import RULES, RULES_NAME
from modemgw.words import times

NAME = "modemgw.service"
HELPER_UNIT = "modemgw-power.socket"
RULE_PLACES = (
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
)
TRIGGER = (
    *("udevadm", "trigger", "--action=add"),
    *("--subsystem-match=usb", "--subsystem-match=tty"),
)
RELOAD_RULES = (("udevadm", "control", "--reload"), TRIGGER)
MANY_RESTARTS = 3
CONFIGURATION = 78  # exit code of the daemon
_ASKED = (
    *("LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "Result"),
    *("ExecMainStatus", "FragmentPath", "User", "NeedDaemonReload"),
    "SupplementaryGroups",
)

NOT_INSTALLED = Kind(
    "service.not_installed",
    Level.NOTE,
    "The gateway is not installed as a service.",
    "Nothing starts it when the machine starts, and nothing restarts it.",
    "Install it as a service, see docs/how-to/install.md.",
)
NOT_ENABLED = Kind(
    "service.not_enabled",
    Level.WARNING,
    "The service does not start with the machine.",
    "After the next power cut no message is sent or received.",
    "systemctl enable modemgw",
)
STOPPED = Kind(
    "service.stopped",
    Level.PROBLEM,
    "The service is installed and does not run.",
    "Nothing is sent or received.",
    "systemctl start modemgw",
)
FAILED = Kind(
    "service.failed",
    Level.PROBLEM,
    "The service ended with an error and stays down.",
    "Nothing is sent or received, and systemd has given up.",
    "journalctl -u modemgw -n 50",
)
RESTARTS = Kind(
    "service.restarts",
    Level.WARNING,
    "The service had to be started again several times.",
    "Something ends it: a bug, the watchdog, memory. Each time sending pauses.",
    "journalctl -u modemgw -p warning --since today",
)
STALE_UNIT = Kind(
    "service.stale_unit",
    Level.NOTE,
    "The unit file was changed and systemd still works with the old one.",
    "What was changed has no effect until it is read again.",
    "systemctl daemon-reload",
)
NO_RULES = Kind(
    "udev.missing",
    Level.WARNING,
    "The udev rules of modemgw are not installed.",
    "ModemManager may take the modems, they may fall asleep, and their ports have no "
    "name that stays.",
    "Install 70-modemgw.rules in /etc/udev/rules.d.",
)
OLD_RULES = Kind(
    "udev.old",
    Level.NOTE,
    "The udev rules are not those of this version.",
    "Modems that became known since are not kept away from ModemManager.",
    "Install 70-modemgw.rules again.",
)
NO_HELPER = Kind(
    "power.no_helper",
    Level.WARNING,
    "Modems are to be switched by the power helper, and it does not listen.",
    "The last rung of recovery is missing: a hung modem stays hung.",
    f"systemctl enable --now {HELPER_UNIT}",
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The answers of `systemctl show`; all empty where there is no systemd."""

    is_known: bool = False  # systemd answered
    load: str = ""
    active: str = ""
    sub: str = ""
    file_state: str = ""
    restarts: int = 0
    result: str = ""
    status: int = 0
    path: str = ""
    user: str = ""
    is_stale: bool = False
    groups: tuple[str, ...] = ()  # beside those of the user

    @property
    def is_installed(self) -> bool:
        """Whether systemd has such a unit."""
        return self.load not in ("", "not-found")


def ask(machine: Machine) -> Unit:
    """Ask systemd."""
    said = machine.run(
        ("systemctl", "show", NAME, "--no-pager", "--property", ",".join(_ASKED))
    )
    if said is None or said.code != 0:
        return Unit()
    pairs = (line.partition("=") for line in said.out.splitlines())
    found = {name: value.strip() for name, _, value in pairs}
    if "LoadState" not in found:
        return Unit()
    return Unit(
        True,
        found["LoadState"],
        found.get("ActiveState", ""),
        found.get("SubState", ""),
        found.get("UnitFileState", ""),
        _integer(found.get("NRestarts", "")),
        found.get("Result", ""),
        _integer(found.get("ExecMainStatus", "")),
        found.get("FragmentPath", ""),
        found.get("User", ""),
        found.get("NeedDaemonReload", "") == "yes",
        tuple(found.get("SupplementaryGroups", "").split()),
    )


def service(box: Box) -> Iterator[Finding]:
    """Look at the unit."""
    unit = box.unit
    if not unit.is_known:
        raise Skipped("systemd does not answer on this machine")
    if not unit.is_installed:
        yield NOT_INSTALLED.seen("there is no modemgw.service", NAME)
        return
    if unit.file_state in ("disabled", "masked", "indirect"):
        words = ("systemctl", "enable", "modemgw")
        fix: tuple[Argv, ...] = (words,) if unit.file_state != "masked" else ()
        kind = "systemctl unmask modemgw; systemctl enable modemgw"
        yield NOT_ENABLED.seen(
            f"the service is {unit.file_state}", NAME, type=() if fix else kind, fix=fix
        )
    if unit.active == "failed":
        yield _failed(box, unit)
    elif unit.active == "inactive" and not box.view.is_there:
        # Not for --fix: perhaps somebody stopped it so that nothing is sent.
        yield STOPPED.seen("the service does not run", NAME)
    if unit.restarts >= MANY_RESTARTS or unit.sub == "auto-restart":
        what = f"systemd started it again {times(unit.restarts)}; last: {unit.result}"
        yield RESTARTS.seen(what, NAME)
    if unit.is_stale:
        fix = (("systemctl", "daemon-reload"),)
        yield STALE_UNIT.seen("the unit file is newer than systemd's", NAME, fix=fix)


def _failed(box: Box, unit: Unit) -> Finding:
    if unit.status == CONFIGURATION:
        return FAILED.seen(
            "the configuration has mistakes (exit code 78)",
            NAME,
            type=(
                f"modemgw config check --config {box.config_file}",
                "systemctl restart modemgw",
            ),
        )
    what = f"the service failed: {unit.result or 'unknown'}, exit code {unit.status}"
    return FAILED.seen(what, NAME, type=("journalctl -u modemgw -n 50",))


def rules(box: Box) -> Iterator[Finding]:
    """Look whether the udev rules are there, and ours."""
    machine = box.machine
    if not machine.exists("/lib/udev") and not machine.exists("/usr/lib/udev"):
        raise Skipped("this machine has no udev")
    places = (f"{one}/{RULES_NAME}" for one in RULE_PLACES)
    place = next((one for one in places if machine.exists(one)), None)
    target = f"/etc/udev/rules.d/{RULES_NAME}"
    words = ("install", "-D", "-m", "0644", str(RULES), target)
    fix = (words, *RELOAD_RULES)
    if place is None:
        yield NO_RULES.seen(f"there is no {RULES_NAME}", "/etc/udev/rules.d", fix=fix)
    elif machine.text(place) != RULES.read_text("utf-8").strip():
        yield OLD_RULES.seen("they differ from those of this version", place, fix=fix)


def helper(box: Box) -> Iterator[Finding]:
    """Look for the power helper, where the configuration wants it."""
    config = box.config
    if config is None:
        raise Skipped("there is no configuration to go by")
    hooks = [config.power.cycle, *(modem.power for modem in config.modems)]
    if ("helper",) not in hooks or config.power.socket is None:
        return
    if not box.machine.exists(config.power.socket):
        fix = (("systemctl", "enable", "--now", HELPER_UNIT),)
        what = "nobody listens on the socket of the power helper"
        yield NO_HELPER.seen(what, str(config.power.socket), fix=fix)


def _integer(text: str) -> int:
    return whole(text) or 0


CHECKS = (
    Check(
        "service",
        "service",
        service,
        (NOT_INSTALLED, NOT_ENABLED, STOPPED, FAILED, RESTARTS, STALE_UNIT),
    ),
    Check("udev rules", "service", rules, (NO_RULES, OLD_RULES)),
    Check("power helper", "service", helper, (NO_HELPER,)),
)
