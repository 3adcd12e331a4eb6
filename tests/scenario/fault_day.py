"""A day on which everything around the gateway breaks, one thing after another.

One daemon on real ptys, its data on a small ext4 of its own. Each fault is made as
it happens: the kernel says that the disk is full or read-only, the resolver does not
answer, the modem's tty is gone. While it lasts the day goes on sending; what a person
would see is collected; afterwards every message that was accepted must be on the air,
once. Needs root and a mount namespace of its own: `scripts/fault-day` makes one.
"""

import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from modemgw.store.database import FILE_NAME
from tests.scenario.box import Json, wait_for
from tests.scenario.day import DEAF, FAKETIME, HOST, MODEMS, WITHIN_S, Day, make_disk
from tests.scenario.hook import Hook


def full_disk(day: Day) -> None:
    """The disk is full: intake says so, and goes on when there is room."""
    ballast = day.home / "data" / "ballast"
    day.send("before the disk is full")

    with ballast.open("wb", buffering=0) as file:
        chunk = 1 << 16
        while chunk >= 1024:
            try:
                file.write(bytes(chunk))
            except OSError:
                chunk //= 2
    refused: Json = {}
    for at in range(3000):
        status, body = day.post(f"until the disk is full {at}")
        if status != 202:
            refused = body
            assert status == 503, body
            break
    assert refused, "the disk was never full"
    day.show("POST /v1/messages", f"503 {refused['title']}: {refused['detail']}")
    day.look("disk")
    ballast.unlink()
    wait_for("room again", lambda: day.post("after the disk was full")[0] == 202)
    day.all_left()


def read_only(day: Day) -> None:
    """The kernel found an error and made the file system read-only."""
    data = day.home / "data"
    day.send("before it is read-only")
    subprocess.run(["mount", "-o", "remount,abort", str(data)], check=True)  # noqa: S603, S607
    status, body = day.post("before the first write fails")
    for at in range(50):
        status, body = day.post(f"while it becomes read-only {at}")
        if status != 202:
            break
    assert status == 503, (status, body)
    day.show("POST /v1/messages", f"503 {body['title']}: {body['detail']}")
    day.look("disk")
    day.say("  the admin: stop, fsck, mount, start")
    day.box.kill_daemon()
    subprocess.run(["umount", str(data)], check=True)  # noqa: S603, S607
    checked = subprocess.run(  # noqa: S603
        ["e2fsck", "-f", "-y", str(day.home / "disk.img")],  # noqa: S607
        capture_output=True,
        check=False,
    )
    assert checked.returncode < 4, checked.stdout
    make_disk(day.home)
    day.box.start_daemon()
    day.log()
    day.all_left()


def clock_at_1970(day: Day) -> None:
    """A board without a battery starts in 1970; later the time is set."""
    day.send("before the power went")
    day.all_left()
    day.box.kill_daemon()
    stamp = day.home / "faketime"
    years = int(time.time())
    stamp.write_text(f"-{years - 600}s\n", "utf-8")
    library = next(Path("/").glob(FAKETIME.lstrip("/")))
    fake = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    os.environ.update(fake)
    try:
        day.box.start_daemon()
    finally:
        for name in fake:
            del os.environ[name]
    wait_for("the modems", lambda: day.box.ready_modems() == MODEMS)
    day.send("in 1970")
    day.look("clock")
    day.say("  the time is set")
    stamp.write_text("+0s\n", "utf-8")
    day.send("when the time was set")
    day.all_left()
    shown = [row for row in day.box.messages() if str(row["text"]).startswith("when")]
    assert all(str(row["expires_at"]).startswith("20") for row in shown), shown
    day.box.stop_daemon()
    day.box.start_daemon()


@contextmanager
def over(target: str, text: str, home: Path) -> Iterator[None]:
    """Put a text in the place of a file of this namespace."""
    source = home / Path(target).name
    source.write_text(text, "utf-8")
    subprocess.run(["mount", "--bind", str(source), target], check=True)  # noqa: S603, S607
    try:
        yield
    finally:
        subprocess.run(["umount", target], check=True)  # noqa: S603, S607


def webhook(day: Day, url: str) -> Json:
    """Ask for an event of each message that left."""
    wanted = {"url": url, "events": ["message.sent"]}
    made: Json = day.box.call("POST", "/v1/webhooks", wanted)
    return made


def dead_dns(day: Day) -> None:
    """The resolver does not answer: events wait, messages do not."""
    before = len(day.accepted)
    names = f"127.0.0.1 localhost {HOST}\n"
    with Hook(day.port) as hook, closing(socket.socket(type=socket.SOCK_DGRAM)) as deaf:
        deaf.bind((DEAF, 53))
        with over("/etc/hosts", names, day.home):
            made = webhook(day, f"http://{HOST}:{day.port}/hook")
            hook.secret = made["secret"]
            day.send("while names are known")
            wait_for("a first event", lambda: len(hook.ids) == 5)
        with (
            over("/etc/hosts", "127.0.0.1 localhost\n", day.home),
            over("/etc/resolv.conf", f"nameserver {DEAF}\n", day.home),
        ):
            day.send("while no name is known")
            day.all_left()
            wait_for("a failed attempt", lambda: bool(failed(day, made)))
            day.look("webhook")
        with over("/etc/hosts", names, day.home):
            arrived(day, hook, before)
    day.run("webhooks", "remove", made["id"], *day.at)


def dead_webhook(day: Day) -> None:
    """Nobody listens at the webhook: the SIMs go on, the events wait."""
    before = len(day.accepted)
    made = webhook(day, f"http://127.0.0.1:{day.port}/hook")
    day.send("while nobody listens", 10)
    day.all_left()
    wait_for("a failed attempt", lambda: bool(failed(day, made)))
    day.look("webhook")
    with Hook(day.port) as hook:
        hook.secret = made["secret"]
        arrived(day, hook, before)
    day.run("webhooks", "remove", made["id"], *day.at)


def arrived(day: Day, hook: Hook, before: int) -> None:
    """Wait for an event of each message since `before`, and say how many came."""
    wanted = len(day.accepted) - before
    wait_for("the events", lambda: len(set(hook.ids)) == wanted, WITHIN_S)
    day.say(f"  {wanted} events waited for, {len(hook.ids)} came, each at least once")


def failed(day: Day, made: Json) -> list[Json]:
    """Return the deliveries that were tried and failed."""
    page = day.box.call("GET", f"/v1/webhooks/{made['id']}/deliveries")
    return [one for one in page["data"] if one["attempts"]]


def modem_gone(day: Day) -> None:
    """A stick is pulled: the others take over, and what only it may send waits."""
    name = f"m{MODEMS - 1}"
    day.send("before the stick is pulled")
    day.unplug()
    day.send("while the stick is away", 10)
    status, body = day.post("for the stick alone", route={"modem": name})
    assert status == 202, body
    rest = set(day.accepted) - {"for the stick alone"}
    wait_for("the others' share", lambda: rest <= set(day.air()), WITHIN_S)
    day.look("modem")
    waiting = day.box.call("GET", f"/v1/messages/{body['id']}")
    day.show(
        "modemgw messages show", day.run("messages", "show", waiting["id"], *day.at)[1]
    )
    day.plug()
    day.all_left()


def damaged(day: Day) -> None:
    """The database is damaged: the start stops, last night's backup takes its place."""
    usb = day.home / "usb"
    usb.mkdir()
    day.box.call("POST", "/v1/pause")
    day.send("waiting when the backup was made")
    code, text = day.run("db", "backup", str(usb), *day.at)
    assert code == 0, text
    day.show("modemgw db backup", text)
    day.box.call("POST", "/v1/resume")
    day.all_left()
    day.box.kill_daemon()
    file = day.home / "data" / FILE_NAME
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    octets = bytearray(file.read_bytes())
    for at in range(4096, len(octets), 4096):
        octets[at] ^= 0xFF
    file.write_bytes(octets)
    code, text = day.run("run", *day.at)
    assert code != 0
    day.show(f"modemgw run (exit code {code})", text)
    (backup,) = usb.glob("*")
    code, text = day.run("db", "restore", str(backup), *day.at)
    assert code == 0, text
    day.show("modemgw db restore", text)
    day.box.start_daemon()
    wait_for("the modems", lambda: day.box.ready_modems() == MODEMS)
    held = day.box.messages("&state=in_doubt")
    waiting = {text for text in day.accepted if text.startswith("waiting when")}
    assert waiting <= {row["text"] for row in held}
    day.say(f"  {len(held)} messages are held as in_doubt: they are not sent again")
    day.box.call("POST", "/v1/resume")  # it was paused when the backup was made
    day.send("after the restore")
    day.all_left()


FAULTS: dict[str, Callable[[Day], None]] = {
    "full disk": full_disk,
    "read-only remount": read_only,
    "clock at 1970": clock_at_1970,
    "DNS dead": dead_dns,
    "webhook dead": dead_webhook,
    "a modem gone": modem_gone,
    "damaged database": damaged,
}
