"""The power helper: takes a modem off the USB bus and back, as root, once.

systemd starts it for one connection to /run/modemgw-power/socket, which only the
group of the daemon may open. It reads one line, knows two verbs, touches only
devices that are modems, answers `ok` or a sentence, and ends.

    reauthorise 1-1.3   the device is forgotten and found again
    power 1-1.3         its socket at the hub is switched off and on (uhubctl)

It imports nothing of the program but the table of makers.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from modemgw.modem.usb_ids import MAKERS

OFF_S = 2.0
CYCLE_S = 10  # without power: sticks have capacitors
TOOL_S = 45.0
MAX_REQUEST = 100
HUB_CLASS = "09"
USB_PATH = re.compile(r"[0-9]{1,3}-[0-9]{1,2}(\.[0-9]{1,2}){0,6}")
SEARCHED = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


class Refused(Exception):
    """The request is not done; the message goes to who asked."""


def answer(request: str, sys_root: Path = Path("/sys")) -> str:
    """Do one request; return `ok` or why not."""
    verb, _, path = request.strip().partition(" ")
    acts = {"reauthorise": reauthorise, "power": cycle}
    try:
        if verb not in acts:
            raise Refused("expected: reauthorise PATH or power PATH")
        acts[verb](device(path, sys_root))
    except Refused as exc:
        return str(exc)
    except OSError as exc:
        return f"{verb} {path}: {exc.strerror or exc}"
    return "ok"


def device(path: str, sys_root: Path) -> Path:
    """Return the directory of a modem on the bus; Refused for anything else."""
    if not USB_PATH.fullmatch(path):
        raise Refused("expected a place on the bus such as 1-1.3")
    found = sys_root / "bus" / "usb" / "devices" / path
    if not found.is_dir():
        raise Refused(f"there is no device at {path}")
    if _text(found / "bDeviceClass") == HUB_CLASS:
        raise Refused(f"{path} is a hub: its other devices would go, too")
    if not _is_modem(found):
        raise Refused(f"{path} is no modem")
    return found


def reauthorise(found: Path) -> None:
    """Let the kernel forget the device and find it again."""
    switch = found / "authorized"
    switch.write_text("0")
    time.sleep(OFF_S)
    switch.write_text("1")


def cycle(found: Path) -> None:
    """Switch one socket of a hub off and on."""
    tool = shutil.which("uhubctl", path=SEARCHED)
    if tool is None:
        raise Refused("uhubctl is not installed")
    path = found.name
    hub, _, port = path.rpartition("." if "." in path else "-")
    words = [tool, "-l", hub, "-p", port, "-a", "cycle", "-d", str(CYCLE_S), "-r", "20"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and a checked path
            words,
            check=False,
            capture_output=True,
            text=True,
            timeout=TOOL_S,
            env={"PATH": SEARCHED},
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"uhubctl did not end within {TOOL_S:g} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Refused(f"uhubctl: {said[-1] if said else done.returncode}")


def _is_modem(found: Path) -> bool:
    """Tell a modem by its maker, or by a serial port that it has."""
    try:
        if int(_text(found / "idVendor"), 16) in MAKERS:
            return True
    except ValueError:
        return False
    ttys = (*found.glob("*:*/ttyUSB*"), *found.glob("*:*/tty/ttyACM*"))
    return bool(ttys)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def main() -> None:
    """Serve the one connection that standard input and output are."""
    request = sys.stdin.readline(MAX_REQUEST)
    said = answer(request)
    sys.stdout.write(said + "\n")
    sys.stderr.write(f"{request.strip()!r}: {said}\n")


if __name__ == "__main__":
    main()
