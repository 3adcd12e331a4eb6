"""What an installed modemgw goes through: a text, an upgrade, mistakes, the end."""

import json
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from trying.checks import check_unit
from trying.room import Failed, Room, wait

HERE = Path(__file__).parent
URL = "http://127.0.0.1:8080"
CONFIG = "/etc/modemgw/modemgw.yaml"
# What `modemgw setup` would ask.
ANSWERS = (
    *("--port", "/srv/modems/modem*", "--country", "DE", "--timezone", "Europe/Berlin"),
    *("--test-to", "+999000001", "--no-loopback", "--no-fix", "--start", "--yes"),
)
RULES = ("etc/udev/rules.d", "usr/lib/udev/rules.d")
ANSWERS_S = 10.0  # two on an idle machine


class Way(Protocol):
    """One way to install: by the script, or as a package."""

    name: str

    def prepare(self, room: Room) -> str:
        """Install once with a network and purge again; return what is told of it."""

    def install(self, room: Room, newer: int = 0) -> str:
        """Install without a network, or upgrade to version 0.0.<newer>."""

    def remove(self, room: Room) -> str:
        """Take the program away."""

    def purge(self, room: Room) -> str:
        """Take everything away."""


class Day:
    """The steps, in their order; each prints a line when it is done."""

    def __init__(self, room: Room, way: Way) -> None:
        self.room = room
        self.way = way
        self._simulator: subprocess.Popen[bytes] | None = None
        self._queued = ""

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """Tell how a step went, and what it found."""
        told: list[str] = []
        began = time.monotonic()
        try:
            yield told.append
        except Failed as exc:
            label = f"{self.room.suite}, {self.way.name}: {what}"
            raise Failed(f"{label}: {exc}") from None
        finally:
            took = time.monotonic() - began
            found = "; ".join(told)
            print(f"  {took:6.1f} s  {what}{': ' if found else ''}{found}", flush=True)

    def live(self, cut_off: Callable[[], None]) -> None:
        """Go through all of it. Raises Failed."""
        with self.step("install on the bare root, with a network") as tell:
            tell(self.way.prepare(self.room))
        cut_off()
        self._pretend_systemd()
        before, accounts = self.room.files(), self.room.accounts()
        self._begin()
        self._text()
        self._upgrade()
        self._mistakes()
        with self.step("uninstall keeps configuration and data"):
            self.way.remove(self.room)
            kept = self.room.files()
            for path in (CONFIG, "/var/lib/modemgw/modemgw.db"):
                if path not in kept:
                    raise Failed(f"{path} is gone")
            if running := [p for p in kept if p.startswith("/opt/modemgw")]:
                raise Failed(f"still there: {running[:5]}")
        with self.step("install again finds them"):
            self.way.install(self.room)
            self._expect_state(self._queued, "delivered")
        with self.step("purge leaves nothing") as tell:
            self._end_simulator()
            self.way.purge(self.room)
            self._compare(before, accounts)
            tell(f"{len(before)} paths as before, no user, no group")

    def _begin(self) -> None:
        with self.step("install without a network, and start") as tell:
            self.way.install(self.room)
            ready = (self.room.root / "run/try-install/ready").read_text()
            tell(f"ready after {ready} s as {self._runs_as()}")
            if float(ready) > ANSWERS_S:
                raise Failed(f"the start took {ready} s")
        with self.step("systemd-analyze verify") as tell:
            tell(check_unit(self.room.root))
        if (self.room.root / "usr/bin/udevadm").exists():
            with self.step("udevadm verify") as tell:
                for rules in (self.room.root / place for place in RULES):
                    for path in rules.glob("*modemgw*"):
                        inside = f"/{path.relative_to(self.room.root)}"
                        self.room.enter("udevadm", "verify", inside)
                        tell(inside)
        with self.step("the first configuration answers") as tell:
            asked = urllib.request.urlopen(f"{URL}/healthz", timeout=10)  # noqa: S310
            with asked as answer:
                tell(f"/healthz {answer.status}")
            self.room.enter("modemgw", "modems", "list")
        with self.step("installing again changes nothing") as tell:
            files, process = self.room.files(), self._pid()
            tell(self.way.install(self.room))
            if self.way.name == "script" and self._pid() != process:
                raise Failed("the service was restarted")
            changed = {
                path
                for path in files.keys() ^ self.room.files().keys()
                if not path.startswith(("/var/lib/modemgw", "/run"))
            }
            if changed:
                raise Failed(f"changed: {sorted(changed)[:5]}")

    def _text(self) -> None:
        with self.step("setup finds simulated modems and sends a first text") as tell:
            self._start_simulator()
            said = self.room.enter("modemgw", "setup", *ANSWERS)
            if "was delivered" not in said:
                raise Failed(said)
            config = (self.room.root / CONFIG.lstrip("/")).read_text()
            tell(f"delivered; a configuration of {len(config.splitlines())} lines")
        with self.step("a text from the command line") as tell:
            said = self.room.enter(
                *("modemgw", "send", "--to", "+999000001", "--text", "Hello", "--wait")
            )
            if "delivered" not in said:
                raise Failed(said)
            tell("delivered")
        with self.step("a text waits while sending is paused") as tell:
            self.room.enter("modemgw", "pause")
            said = self.room.enter(
                *("modemgw", "send", "--to", "+999000001", "--text", "Later", "--json")
            )
            self._queued = re.findall(r'"id": ?"([^"]+)"', said)[0]
            self._expect_state(self._queued, "queued")
            tell(self._queued)

    def _upgrade(self) -> None:
        with self.step("upgrade, with the text in the queue") as tell:
            before = (self.room.root / CONFIG.lstrip("/")).read_text()
            tell(self.way.install(self.room, newer=1))
            log = (self.room.root / "var/log/try-install.log").read_text()
            started = re.findall(r"started version=(\S+)", log)
            if started[-1] != "0.0.1":
                raise Failed(f"the service that runs is {started[-1]}")
            if (self.room.root / CONFIG.lstrip("/")).read_text() != before:
                raise Failed("the configuration was changed")
            self._expect_state(self._queued, "queued")
        with self.step("it is delivered by the new version"):
            self.room.enter("modemgw", "resume")
            self._expect_state(self._queued, "delivered", within=60)

    def _mistakes(self) -> None:
        path = self.room.root / CONFIG.lstrip("/")
        good = path.read_text()
        with self.step("a mistake in the configuration is told by an upgrade") as tell:
            path.write_text(good + "contry: FR\n")
            said = self.way.install(self.room, newer=2)
            line = next((x for x in said.split("; ") if "contry" in x), "")
            if not line:
                raise Failed(f"not told:\n{said}")
            tell(line.strip())
        with self.step("the service ends with 78, and is left alone") as tell:
            said = self.room.enter("systemctl", "restart", "modemgw.service", ok=(1,))
            if "ended with 78; it is not restarted" not in said:
                raise Failed(said)
            tell(said.strip())
        with self.step("corrected, it starts"):
            path.write_text(good)
            self.room.enter("systemctl", "start", "modemgw.service")
        with self.step("a reload tells a mistake, and takes what is right") as tell:
            path.write_text(good + "contry: FR\n")
            said = self.room.enter("systemctl", "reload", "modemgw.service", ok=(78,))
            tell(said.strip().splitlines()[0])
            path.write_text(good + "queue: {max: 7000}\n")
            said = self.room.enter("systemctl", "reload", "modemgw.service")
            tell(said.strip().splitlines()[0])
            path.write_text(good)

    def _pretend_systemd(self) -> None:
        (self.room.root / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        target = self.room.root / "usr/local/bin/systemctl"
        shutil.copy(HERE / "systemctl", target)
        target.chmod(0o755)

    def _start_simulator(self) -> None:
        folder = self.room.root / "srv/modems"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        self._simulator = self.room.start(
            *("setpriv", "--reuid=modemgw", "--regid=modemgw", "--init-groups"),
            *("modemgw", "simulate", "--modems", "2", "--dir", "/srv/modems"),
            log="simulator.log",
        )
        wait("the simulated modems", (folder / "modem1").is_symlink)

    def _end_simulator(self) -> None:
        if self._simulator is not None:
            self._simulator.send_signal(signal.SIGTERM)
            self._simulator.wait(30)
        shutil.rmtree(self.room.root / "srv/modems", ignore_errors=True)

    def _expect_state(self, message: str, state: str, within: float = 20) -> None:
        said: list[str] = []

        def is_so() -> bool:
            said.append(
                self.room.enter("modemgw", "messages", "show", message, "--json")
            )
            found: dict[str, Any] = json.loads(said[-1])
            return bool(found.get("message", found)["state"] == state)

        try:
            wait(f"{message} {state}", is_so, within)
        except Failed as exc:
            raise Failed(f"{exc}; the last word was {said[-1]}") from None

    def _pid(self) -> str:
        return (self.room.root / "run/try-install/pid").read_text()

    def _runs_as(self) -> str:
        status = Path("/proc", self._pid(), "status").read_text()
        number = re.search(r"^Uid:\s+(\d+)", status, re.M)
        if number is None:
            raise Failed("the service is not running")
        return self.room.enter("id", "-nu", number[1]).strip()

    def _compare(self, before: dict[str, str], accounts: set[str]) -> None:
        after = self.room.files()
        gone, new = before.keys() - after.keys(), after.keys() - before.keys()
        other = {
            path for path in before.keys() & after.keys() if before[path] != after[path]
        }
        if gone or new or other:
            raise Failed(f"gone: {gone}, new: {new}, changed: {other}")
        if left := self.room.accounts() - accounts:
            raise Failed(f"accounts: {left}")
