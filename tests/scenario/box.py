"""The real thing on real ptys: simulated modems in one process, the daemon in another.

    with Box(tmp_path, modems=4, latency="50ms") as box:
        box.start_daemon()
        box.call("POST", "/v1/messages", {"to": …, "text": …})
        box.kill_daemon()

Every process is ended by its own pid, and every wait has a deadline.
"""

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from modemgw.store import slate

READY_S = 30.0
STEP_S = 0.02  # between two looks at something that another process changes

Json = dict[str, Any]


class TooLate(AssertionError):
    """Something did not happen before its deadline."""


def wait_for(what: str, is_so: Callable[[], bool], within: float = READY_S) -> None:
    """Look until it is so; TooLate after `within` seconds."""
    end = time.monotonic() + within
    pause = threading.Event()
    while not is_so():
        if time.monotonic() > end:
            raise TooLate(f"{what}: not within {within:g} s")
        pause.wait(STEP_S)


class Process:
    """One child with its log in a file; `first_line` is what it says when ready."""

    def __init__(
        self,
        arguments: list[str],
        log: Path,
        program: tuple[str, ...] = ("-m", "modemgw"),
        executable: str = sys.executable,
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            self._child = subprocess.Popen(  # noqa: S603 - our own program
                [executable, *program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self.is_running:
            self._child.send_signal(signal.SIGKILL)
        self._child.wait(READY_S)

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        if self.is_running:
            self._child.send_signal(signal.SIGTERM)
        return self._child.wait(READY_S * 6)


class Box:
    """One directory with a configuration, simulated modems and a daemon."""

    def __init__(
        self,
        home: Path,
        *,
        modems: int,
        latency: str = "200ms",
        report_latency: str = "1s",
        extra: str = "",
        http: str = "",
        scenario: str = "",
    ) -> None:
        self.home = home
        self.modems = modems
        self.journal = home / "journal.jsonl"
        self.config = home / "modemgw.yaml"
        self.latency, self.report_latency = latency, report_latency
        self.scenario = scenario
        self.simulator: Process | None = None
        self.daemon: Process | None = None
        self.program: tuple[str, ...] = ("-m", "modemgw")  # what runs the daemon
        self.url = ""
        self.key = ""
        ports = "".join(
            f"  - {{name: m{i}, port: {home}/tty/modem{i}}}\n" for i in range(modems)
        )
        self.config.write_text(
            "data_dir: ./data\ncountry: DE\ndiscovery: off\n"
            f"http: {{listen: 127.0.0.1:0{http and ', '}{http}}}\n"
            f"modems:\n{ports}sims:\n  defaults: {{pace: off, reports: on}}\n{extra}",
            "utf-8",
        )

    def __enter__(self) -> Self:
        self.start_simulator()
        return self

    def start_simulator(self) -> None:
        """Start the modems and wait until all are there."""
        directory = self.home / "tty"
        arguments = ["simulate", "--modems", str(self.modems), "--dir", str(directory)]
        arguments += ["--latency", self.latency]
        arguments += ["--report-latency", self.report_latency]
        arguments += ["--journal", str(self.journal)]
        if self.scenario:
            plan = self.home / "scenario.yaml"
            plan.write_text(self.scenario, "utf-8")
            arguments += ["--scenario", str(plan)]
        self.simulator = Process(arguments, self.home / "simulator.log")
        last = directory / f"modem{self.modems - 1}"
        wait_for("simulated modems", last.exists)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in (self.daemon, self.simulator):
            if process is not None:
                process.kill()
        slate.remove(self.home / "data")  # what was killed leaves it in memory

    def start_daemon(self) -> None:
        """Start the daemon and wait until it answers; makes a key the first time."""
        log = self.home / "daemon.log"
        seen = log.stat().st_size if log.exists() else 0
        run = ["run", "--config", str(self.config)]
        self.daemon = Process(run, log, self.program)
        found: list[str] = []

        def listens() -> bool:
            assert self.daemon is not None
            assert self.daemon.is_running, log.read_text("utf-8")[seen:]
            with log.open("r", encoding="utf-8") as lines:
                lines.seek(seen)
                for line in lines:
                    if " address=" in line and line.endswith("\n"):
                        found[:] = [line.rsplit(" address=", 1)[1].split()[0]]
            return bool(found)

        wait_for("the daemon", listens)
        self.url = f"http://{found[0]}"
        if not self.key:
            self.key = self.command(
                *("keys", "create", "--config", str(self.config), "--name", "test"),
                *("--scopes", "admin", "--plain"),
            ).strip()

    def kill_daemon(self) -> None:
        """Kill -9."""
        assert self.daemon is not None
        self.daemon.kill()

    def stop_daemon(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.daemon is not None
        return self.daemon.terminate()

    def command(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "modemgw", *arguments],
            capture_output=True,
            text=True,
            timeout=READY_S,
            check=True,
        )
        return done.stdout

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Make one request with the key and return the JSON of its answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - http, to ourselves
            self.url + path,
            data=data,
            method=method,
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=READY_S) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def ready_modems(self) -> int:
        """How many modems can send now."""
        return sum(sim["state"] != "waiting" for sim in self._list("/v1/sims"))

    def messages(self, query: str = "") -> list[Json]:
        """Every message that fits, all pages."""
        found: list[Json] = []
        cursor = ""
        while True:
            page = self.call("GET", f"/v1/messages?limit=200{query}{cursor}")
            found += page["data"]
            if not page["has_more"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def _list(self, path: str) -> list[Json]:
        answer = self.call("GET", path)
        found: list[Json] = answer["data"]
        return found

    def on_air(self) -> list[Json]:
        """Every TPDU that reached the network, in order."""
        if not self.journal.exists():
            return []
        lines = self.journal.read_text("utf-8").splitlines()
        entries: list[Json] = [json.loads(line) for line in lines]
        return [entry for entry in entries if entry["outcome"] == "accepted"]
