"""The machine with its configuration and its daemon: what every check is given."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from modemgw.config.model import Config
from modemgw.doctor.daemon import NOBODY, View
from modemgw.doctor.finding import Finding, Kind
from modemgw.doctor.machine import Machine, whole

if TYPE_CHECKING:
    from modemgw.doctor.systemd import Unit

SERVICE_USER = "modemgw"  # of the unit
MOST_LINES, MOST_OF_LINE = 50_000, 500  # of the kernel's log


@dataclass
class Box:
    """What is looked at. `config` is None where it has mistakes or is not there."""

    machine: Machine = field(default_factory=Machine)
    config: Config | None = None
    config_path: Path | None = None
    config_problems: tuple[str, ...] = ()
    is_hidden: bool = False  # there is a configuration, and we may not read it
    view: View = NOBODY
    may_ask: bool = True  # something may be said to modems
    deep: bool = False  # checks that cost minutes are wanted
    _lock: Lock = field(default_factory=Lock)
    _known: dict[str, Any] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path | None:
        """Where the data of the configuration are."""
        return None if self.config is None else self.config.data_dir

    @property
    def config_file(self) -> str:
        """The file of the configuration, as it is to be typed."""
        return str(self.config_path or "/etc/modemgw/modemgw.yaml")

    @property
    def unit(self) -> "Unit":
        """What systemd says of the service."""
        from modemgw.doctor.systemd import ask  # noqa: PLC0415 (it asks what we are)

        found: Unit = self._once("unit", lambda: ask(self.machine))
        return found

    @property
    def kernel_log(self) -> list[str] | None:
        """The lines of the kernel since it started; None: we may not read them."""
        found: list[str] | None = self._once("kernel log", self._kernel_log)
        return found

    def _kernel_log(self) -> list[str] | None:
        for argv in (("dmesg",), ("journalctl", "-k", "-b", "-q", "--no-pager")):
            said = self.machine.run(argv)
            if said is not None and said.code == 0 and said.out.strip():
                lines = said.out.splitlines()[-MOST_LINES:]
                return [line[:MOST_OF_LINE] for line in lines]
        return None

    def _once(self, name: str, make: Callable[[], object]) -> Any:
        """Ask once, however many checks want to know at the same time."""
        with self._lock:
            if name not in self._known:
                self._known[name] = make()
            return self._known[name]

    @property
    def is_of_service(self) -> bool:
        """Whether the configuration is that of the service, and not somebody's own."""
        return self.config_path is None or self.config_path.is_relative_to("/etc")

    @property
    def service_user(self) -> str:
        """The user that the daemon runs as, or would."""
        pid = self.daemon_pid
        if pid is not None:
            owner = self.machine.stat(f"/proc/{pid}")
            if owner is not None:
                return self.machine.user_name(owner.st_uid)
        if self.is_of_service:
            if self.unit.user:
                return self.unit.user
            if SERVICE_USER in self.machine.users():
                return SERVICE_USER
        # Nobody says who it is: then who has made the data, or the configuration. Not
        # who is asking, to whom a fix would give them.
        for place in (self.data_dir, self.config_path):
            about = None if place is None else self.machine.stat(place)
            if about is not None:
                return self.machine.user_name(about.st_uid)
        return self.machine.user_name(self.machine.uid)

    @property
    def service_groups(self) -> frozenset[int]:
        """The numbers of the groups that the daemon has, or would have."""
        pid, machine = self.daemon_pid, self.machine
        said = None if pid is None else machine.text(f"/proc/{pid}/status")
        for line in (said or "").splitlines():
            if line.startswith("Groups:"):
                words = line.split()[1:]
                own = machine.stat(f"/proc/{pid}")
                more = set() if own is None else {own.st_gid}
                return frozenset(
                    {int(one) for one in words if whole(one) is not None} | more
                )
        found = machine.groups_of(self.service_user)
        known = machine.groups()
        if self.is_of_service and self.unit.is_installed:
            found |= {known[one][0] for one in self.unit.groups if one in known}
        return frozenset(found)

    @property
    def daemon_pid(self) -> int | None:
        """The process that has the data directory, by the kernel's list of locks.

        The lock itself is not touched: a daemon that starts now would be refused.
        """
        if self.data_dir is None:
            return None
        about = self.machine.stat(self.data_dir / "lock")
        if about is None:
            return None
        return self.machine.locked().get(about.st_ino)


@dataclass(frozen=True, slots=True)
class Check:
    """One look. `look` yields findings, or raises Skipped where it cannot look."""

    name: str
    group: str
    look: Callable[[Box], Iterable[Finding]]
    kinds: tuple[Kind, ...]
    deadline_s: float = 20.0
