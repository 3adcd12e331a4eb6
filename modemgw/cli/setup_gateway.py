"""The gateway that setup starts: as a service where systemd is, else as its child.

The texts of setup go through it like any other, so they are in its records with
every step. A child is told to stop once, and may finish what is on the air.
"""

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from modemgw.cli.client import AdminClient, Refused, Unreachable
from modemgw.cli.output import printable
from modemgw.cli.setup_files import make_data_dir, service_owner
from modemgw.config.load import load
from modemgw.config.model import Config
from modemgw.errors import ModemgwError

Json = dict[str, Any]

UNIT = "modemgw.service"
SYSTEM_CONFIG = Path("/etc/modemgw/modemgw.yaml")
START_S = 60.0  # a large database is looked at first
READY_S = 90.0  # a SIM may search for its network for so long
REPORT_S = 90.0
VALID_S = 600  # a test that comes tomorrow tells nothing
STOP_S = 180.0  # what is on the air may take 150 s
SELFTEST_S = 150.0
BEGIN_S = 20.0
SYSTEMCTL_S = 200.0
POLL_S = 0.1
LOOK_S = 1.0  # at systemd
HURRY_S = 10.0  # for a child that was told twice
SHOWN_LINES = 8  # of a log that says why it did not start
FINAL = {"delivered", "undelivered", "failed", "expired", "blocked", "canceled"}


class NotStarted(ModemgwError):
    """The gateway did not come up; the message has the end of what it said."""


class Running(Protocol):
    """A gateway that was started."""

    def check(self) -> None:
        """Raise NotStarted where it has ended."""

    def stop(self) -> None:
        """Let it finish and end, where it is not to stay."""


class Service:
    """The unit of systemd: it stays."""

    @staticmethod
    def is_there(config: Path, root: Path = Path("/")) -> bool:
        """Tell whether systemd runs here and has a unit for this configuration."""
        folders = ("etc", "lib", "usr/lib")
        units = [root / folder / "systemd/system" / UNIT for folder in folders]
        is_ours = config.absolute() == SYSTEM_CONFIG
        has_unit = any(unit.exists() for unit in units)
        return is_ours and has_unit and (root / "run/systemd/system").is_dir()

    commands = (("systemctl", "enable", UNIT), ("systemctl", "restart", UNIT))

    def __init__(self) -> None:
        self._looked_at = time.monotonic()

    def check(self) -> None:
        """Ask systemd now and then whether it still runs."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        words = ["systemctl", "is-failed", "--quiet", UNIT]
        done = subprocess.run(words, check=False, timeout=SYSTEMCTL_S)  # noqa: S603
        if done.returncode == 0:
            raise NotStarted(f"it failed; journalctl -u {UNIT} says why")

    def stop(self) -> None:
        """Leave it running."""


class Child:
    """A process of our own, in a session of its own: Ctrl-C reaches us alone."""

    def __init__(self, config: Path) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        owner = service_owner(config)
        options: dict[str, Any] = {}
        if owner is not None:  # files that it makes belong to the service
            make_data_dir(load(config).data_dir, owner)
            name = pwd.getpwuid(owner[0]).pw_name
            options = {"user": owner[0], "group": owner[1]}
            options["extra_groups"] = os.getgrouplist(name, owner[1])
        # -P: root may be in a directory where anybody can put a modemgw.py.
        words = [sys.executable, "-P", "-m", "modemgw", "run", "--config", str(config)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            words,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            **options,
        )

    def check(self) -> None:
        """Raise NotStarted with the end of its log where it has ended."""
        if self._process.poll() is None:
            return
        self._log.seek(0)
        said = self._log.read().decode("utf-8", "replace").splitlines()
        shown = [printable(line) for line in said[-SHOWN_LINES:]]
        raise NotStarted(
            "\n  ".join(
                ["the gateway did not start; it said:", *(shown or ["nothing"])]
            )
        )

    def wait(self) -> None:
        """Wait until it ends by itself."""
        self._process.wait()

    def stop(self) -> None:
        """Tell it once to end, and wait: a text on the air is not given up."""
        if self._process.poll() is None:
            self._end()
        self._log.close()

    def _end(self) -> None:
        patience = STOP_S
        for _ in range(2):  # a second Ctrl-C does not wait for the network
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(patience)
                return
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                patience = HURRY_S
        self._process.kill()
        self._process.wait()


class Gateway:
    """A gateway that runs, and what setup asks of it."""

    def __init__(self, config: Config, running: Running) -> None:
        self.client = AdminClient(config)
        self.running = running

    def wait_until_up(self) -> None:
        """Wait until it answers. Raises NotStarted."""
        end = time.monotonic() + START_S
        while True:
            self.running.check()
            try:
                self.client.get("/v1/modems")
                return
            except Unreachable:
                if time.monotonic() > end:
                    why = f"it did not answer within {START_S:g} s; look at its log"
                    raise NotStarted(why) from None
            time.sleep(POLL_S)

    def wait_for_modems(self, on_wait: Callable[[str], None]) -> list[Json]:
        """Wait until every modem can send or needs a person; return them."""
        end, told = time.monotonic() + READY_S, ""
        while True:
            self.running.check()
            modems: list[Json] = self.client.get("/v1/modems")["data"]
            waiting = [one for one in modems if not _is_settled(one)]
            if not waiting or time.monotonic() > end:
                return modems
            why = f"{waiting[0]['name']}: {waiting[0]['why']}"
            if why != told and time.monotonic() > end - READY_S + 2:
                on_wait(told := why)
            time.sleep(POLL_S)

    def sims(self) -> list[Json]:
        """Return the SIMs."""
        found: list[Json] = self.client.get("/v1/sims")["data"]
        return found

    def send(self, to: str, text: str) -> Json:
        """Send a text; return the message as it was accepted."""
        body = {"to": to, "text": text, "expires_in": VALID_S, "tags": ["setup"]}
        return self.client.call("POST", "/v1/messages", body)

    def cancel(self, message: Json) -> Json:
        """Cancel a message of which nothing has left; else return it as it is now."""
        path = f"/v1/messages/{message['id']}"
        try:
            return self.client.call("POST", f"{path}/cancel")
        except Refused:
            return self.client.get(path)

    def wait_for(self, message: Json, states: set[str], within_s: float) -> Json:
        """Wait until a message is in one of `states`, or over."""
        end = time.monotonic() + within_s
        while message["state"] not in states | FINAL and time.monotonic() < end:
            time.sleep(POLL_S)
            self.running.check()
            message = self.client.get(f"/v1/messages/{message['id']}")
        return message

    def loopback(self, sim: str, to_sim: str) -> Json:
        """Let one SIM text another; return the self-test when it is over.

        Raises Refused where it cannot be begun within some seconds.
        """
        path = f"/v1/sims/{sim}/selftest?wait=30"
        self.client.timeout_s = 60.0
        found, end = None, time.monotonic() + BEGIN_S
        while found is None:
            try:
                found = self.client.call("POST", path, {"to": to_sim, "paid": True})
            except Refused as exc:  # a SIM enters service a moment after its modem
                if exc.status != HTTPStatus.CONFLICT or time.monotonic() > end:
                    raise
                time.sleep(POLL_S)
        end = time.monotonic() + SELFTEST_S
        while found["state"] == "running" and time.monotonic() < end:
            found = self.client.get(f"/v1/selftests/{found['id']}", wait=30)
        return found

    def key(self, name: str, scopes: list[str]) -> Json:
        """Make a key; it is in the answer, and nowhere else."""
        return self.client.call("POST", "/v1/keys", {"name": name, "scopes": scopes})

    def link(self, message: str | None) -> Json:
        """Make a one-time link; `message` is shown with it."""
        body = {} if message is None else {"message": message}
        return self.client.call("POST", "/v1/setup-link", body)


def _is_settled(modem: Mapping[str, Any]) -> bool:
    """Tell whether waiting helps no more: it can send, or a person has to act."""
    if modem["phase"] == "ready":
        return modem.get("registration") in ("home", "roaming", None)
    return bool(modem["phase"] == "parked")
