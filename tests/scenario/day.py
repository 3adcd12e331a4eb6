"""A gateway with a disk, a resolver and a stick that can be broken, and its admin."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Self

from tests.scenario.box import Box, Json, Process, wait_for

DISK_MIB = 160
MODEMS = 3
LATENCY = "50ms"
HOST = "hooks.fault-day.test"  # known to the hosts file of this namespace alone
DEAF = "127.0.0.53"  # a resolver that takes questions and never answers
FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
WITHIN_S = 90.0


class Day:
    """The gateway, what it accepted, and what was seen of each fault."""

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        self.home, self.say = home, say
        self.accepted: list[str] = []
        self.port = free_port()
        self.box = Box(
            home,
            modems=MODEMS,
            latency=LATENCY,
            http=f'webhook_allow: ["127.0.0.1:{self.port}"]',
        )
        text = self.box.config.read_text("utf-8")
        self.loose = home / "loose" / f"modem{MODEMS - 1}"  # one that can be pulled
        self.box.config.write_text(
            text.replace(f"{home}/tty/{self.loose.name}", str(self.loose)), "utf-8"
        )
        self._hub: Process | None = None
        self._log_at = 0

    def __enter__(self) -> Self:
        make_disk(self.home)
        self.box.start_simulator()
        self.plug()
        self.box.start_daemon()
        wait_for("the modems", lambda: self.box.ready_modems() == MODEMS)
        self.log()
        return self

    def __exit__(self, *error: object) -> None:
        self.unplug()
        self.box.__exit__(None, None, None)

    def plug(self) -> None:
        """Put the loose modem in: a simulator of its own on the same numbers."""
        arguments = ["simulate", "--modems", str(MODEMS), "--latency", LATENCY]
        arguments += ["--dir", str(self.loose.parent)]
        arguments += ["--journal", str(self.home / "loose.jsonl")]
        self._hub = Process(arguments, self.home / "loose.log")
        wait_for("the loose modem", self.loose.exists)

    def unplug(self) -> None:
        """Pull it: its tty is gone."""
        if self._hub is not None:
            self._hub.terminate()

    # --- what a customer does

    def post(self, text: str, **more: object) -> tuple[int, Json]:
        """Post one message; the status and the body, of a refusal too."""
        number = f"+4915100{len(self.accepted):06d}"
        request = urllib.request.Request(  # noqa: S310 - http, to ourselves
            f"{self.box.url}/v1/messages",
            data=json.dumps({"to": number, "text": text, **more}).encode(),
            headers={
                "Authorization": f"Bearer {self.box.key}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                self.accepted.append(text)
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def send(self, name: str, count: int = 5) -> None:
        """Post some messages that must be accepted."""
        for at in range(count):
            status, body = self.post(f"{name} {at}")
            assert status == 202, body

    def air(self) -> Counter[str]:
        """What left, from the journals of the simulated network."""
        entries: list[Json] = []
        for journal in self.home.glob("*.jsonl"):
            lines = journal.read_text("utf-8").splitlines()
            entries += [json.loads(line) for line in lines]
        return Counter(e["text"] for e in entries if e["outcome"] == "accepted")

    def all_left(self) -> None:
        """Wait until all that was accepted has left once, or is held as a doubt.

        What every modem sends next is evidence of what it sent before, so each
        gets two more.
        """
        for at in range(2 * MODEMS):
            text = f"evidence {len(self.accepted)}"
            status, body = self.post(text, route={"modem": f"m{at % MODEMS}"})
            assert status == 202, body
        doubts: set[str] = set()

        def is_settled() -> bool:
            rows = self.box.messages("&state=in_doubt")
            doubts.clear()
            doubts.update(str(row["text"]) for row in rows)
            return set(self.accepted) <= set(self.air()) | doubts

        try:
            wait_for("all to be settled", is_settled, WITHIN_S)
        except AssertionError:
            left = set(self.accepted) - set(self.air()) - doubts
            rows = [row for row in self.box.messages() if row["text"] in left]
            self.show("not settled", [f"{row['text']}: {row['state']}" for row in rows])
            self.say(f"  not in the database: {left - {str(r['text']) for r in rows}}")
            raise
        air = self.air()
        doubled = {text: n for text, n in air.items() if n > 1}
        assert not doubled, doubled
        held = len(doubts - set(air))
        self.say(
            f"  {len(self.accepted)} accepted so far, each on the air once"
            + (f", but {held} held as in_doubt" if held else "")
        )

    # --- what an admin sees

    def log(self) -> list[str]:
        """The new lines of the log that are not plain news."""
        text = (self.home / "daemon.log").read_text("utf-8")
        new, self._log_at = text[self._log_at :], len(text)
        loud = (" warning ", " error ", " critical ")
        return [line for line in new.splitlines() if any(w in line for w in loud)]

    @property
    def at(self) -> tuple[str, str]:
        """Where the configuration is, as an option."""
        return "--config", str(self.box.config)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command as an admin would."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "modemgw", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    def show(self, title: str, lines: str | list[str], most: int = 12) -> None:
        """Print what was seen, indented."""
        every = lines.splitlines() if isinstance(lines, str) else lines
        self.say(f"  {title}:")
        for line in every[:most]:
            self.say(f"    {line.rstrip()[:150]}")

    def look(self, *findings: str) -> None:
        """Print the log, `status`, and what `doctor` says of these findings."""
        self.show("the log", list(dict.fromkeys(self.log()))[:4])
        code, text = self.run("status", *self.at)
        self.show(f"modemgw status (exit code {code})", text)
        for finding in findings:
            _, text = self.run("doctor", *self.at, "--no-ask", "--only", finding)
            self.show(f"modemgw doctor --only {finding}", text)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_disk(home: Path) -> None:
    """Mount a small ext4 where the data will be."""
    image, data = home / "disk.img", home / "data"
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(DISK_MIB << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)  # noqa: S603, S607
    data.mkdir(exist_ok=True)
    options = ["-o", "loop,errors=remount-ro"]
    subprocess.run(["mount", *options, str(image), str(data)], check=True)  # noqa: S603, S607
