"""Tells the service manager how we are: a datagram on `$NOTIFY_SOCKET`.

Every call is harmless where no service manager listens. The protocol is four
lines of text, which is why there is no library behind it; see sd_notify(3).
"""

import logging
import os
import socket
import time

_log = logging.getLogger(__name__)


class Notifier:
    """The one-way line to the service manager."""

    def __init__(self, address: str | None = None) -> None:
        self._address = (
            os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        )

    @property
    def is_connected(self) -> bool:
        """True where a service manager wants to hear from us."""
        return self._address[:1] in {"/", "@"}

    def ready(self, status: str = "") -> None:
        """Say that start-up, or a reload, is complete."""
        self._send("READY=1", status and f"STATUS={status}")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> None:
        """Say that we are on the way out."""
        self._send("STOPPING=1", status and f"STATUS={status}")

    def status(self, text: str) -> None:
        """Show one line in `systemctl status`."""
        self._send(f"STATUS={text}")

    def alive(self) -> None:
        """Feed the watchdog. Call it only after real progress."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self.is_connected:
            return
        message = "\n".join(line.replace("\n", " ") for line in lines if line)
        # A leading @ stands for the NUL of an abstract socket.
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.setblocking(False)
                line.sendto(message.encode(), address)
        except OSError as exc:
            _log.warning("service manager not reachable", extra={"error": str(exc)})


def watchdog_interval_s() -> float | None:
    """Return how often to feed the watchdog, None where there is none.

    Half of what the unit says, as sd_watchdog_enabled(3) advises.
    """
    usec = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not usec.isdigit() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 2_000_000
