"""What gammu-smsd keeps in files: outbox, sent, error and inbox.

A file is text (`.txt`, with letters behind it that say how it is sent) or Gammu's own
format (`.smsbackup`, and what InboxFormat detail writes), which is an INI file with the
text as hexadecimal UTF-16. Made after files of gammu-smsd 1.42.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from modemgw.gateway.moving import Found, Item, Wrong, files_in, read_file, shown

PROGRAM = "gammu-smsd"
_FOLDERS = {"outbox": "waiting", "sent": "sent", "error": "failed", "inbox": "received"}
_KEYS = {
    "outboxpath": "outbox",
    "sentsmspath": "sent",
    "errorsmspath": "error",
    "inboxpath": "inbox",
}
_OUT = re.compile(
    r"OUT(?:(?P<priority>[A-Z])?(?P<day>\d{8})_(?P<time>\d{6})_[^_]*_)?"
    r"(?P<number>[^_]*)(?:_.*)?\.(?P<kind>txt[a-z]*|smsbackup)",
    re.ASCII,
)
_IN = re.compile(
    r"IN(?P<day>\d{6,8})_(?P<time>\d{6})_(?P<serial>[^_]*)_(?P<number>.*)_(?P<part>\d+)"
    r"\.(?P<kind>txt|bin|smsbackup)",
    re.ASCII,
)
_VALUE = re.compile(r"^(\w+) *= *(.*?)\s*$", re.MULTILINE)
_MARK = b"[SMSBackup"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where its files are, and where in the world its clock stands."""

    paths: dict[str, Path]  # by outbox, sent, error, inbox
    zone: tzinfo


def folders(place: Path, zone: tzinfo) -> Folders:
    """Find the folders: below a directory, or as a smsdrc names them.

    Raises ValueError where there are none.
    """
    if place.is_dir():
        paths = {name: place / name for name in _FOLDERS if (place / name).is_dir()}
    else:
        found = settings(read_file(place)[0].decode("utf-8", "replace")).get("smsd", {})
        paths = {_KEYS[k]: Path(v) for k, v in found.items() if k in _KEYS and v}
    if not paths:
        raise ValueError(f"{place}: no outbox, sent, error or inbox there")
    return Folders(paths, zone)


def settings(text: str) -> dict[str, dict[str, str]]:
    """Read an INI file: by section and key, both in lower case."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = found.setdefault(line.strip("[] ").lower(), {})
        elif line[:1] not in {"#", ";", ""} and "=" in line:
            name, _, value = line.partition("=")
            section.setdefault(name.strip().lower(), value.strip().strip("\"'"))
    return found


def read(where: Folders) -> Iterator[Item]:
    """Yield everything in the folders: what waits first."""
    for name, kind in _FOLDERS.items():
        folder = where.paths.get(name)
        if folder is None:
            continue
        if not folder.is_dir():
            yield Wrong(str(folder), "is no folder")
        elif kind == "received":
            yield from _inbox(folder, where.zone)
        else:
            for path in files_in(folder):
                yield from _one(path, f"{name}/{shown(path)}", kind, where.zone)


def _one(path: Path, name: str, kind: str, zone: tzinfo) -> Iterator[Item]:
    match = _OUT.fullmatch(path.name)
    if match is None:
        yield Wrong(name, "has no name that gammu-smsd gives")
        return
    try:
        octets, written = read_file(path)
        found = Found(
            kind=kind,
            name=name,
            peer=match["number"],
            at=_time(match["day"], match["time"], zone) or written,
            report="d" in match["kind"][3:],
            flash="f" in match["kind"][3:],
            urgent=(match["priority"] or "Z") < "C",
            mark=path.name,
        )
        if octets.lstrip(b"\xef\xbb\xbf").startswith(b";") or _MARK in octets[:4096]:
            yield _of_backup(octets, found)
        else:
            yield replace(found, text=_plain(octets))
    except ValueError as exc:
        yield Wrong(name, str(exc))


def _inbox(folder: Path, zone: tzinfo) -> Iterator[Item]:
    """Yield what was received; parts of one message are several files."""
    waiting: list[Found] = []
    last = ""
    for path in files_in(folder):
        name = f"inbox/{shown(path)}"
        match = _IN.fullmatch(path.name)
        if match is None:
            yield Wrong(name, "has no name that gammu-smsd gives")
            continue
        whole = path.name[: match.start("part")]
        if whole != last and waiting:
            yield _joined(waiting)
            waiting = []
        last = whole
        try:
            octets, written = read_file(path)
            at = _time(match["day"], match["time"], zone) or written
            found = Found("received", name, match["number"], at, mark=path.name)
            if _MARK in octets[:4096]:
                if b"PDU = Status_Report" not in octets[:4096]:
                    yield _of_backup(octets, found)
            elif match["kind"] == "bin":
                yield replace(found, data=octets)
            elif match["number"] or octets:
                waiting.append(replace(found, text=_plain(octets)))
        except ValueError as exc:
            yield Wrong(name, str(exc))
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[Found]) -> Found:
    return replace(parts[0], text="".join(part.text or "" for part in parts))


def _of_backup(octets: bytes, found: Found) -> Found:
    """Read Gammu's own format; the parts of one message are sections."""
    text = octets.decode("utf-8-sig", "replace")
    pieces: dict[str, str] = {}  # by section: the sent one may stand there twice
    for section in text.split("[SMSBackup")[1:]:
        values = {name.lower(): value for name, value in _VALUE.findall(section)}
        if re.search(r"^0[0-9A-F]05", values.get("udh", ""), re.IGNORECASE):
            raise ValueError("is for an application (a port), and no text")
        written = sorted(n for n in values if re.fullmatch(r"text\d\d", n))
        if not written:
            raise ValueError("holds no message")
        pieces[section[:3]] = "".join(values[name] for name in written)
        number = values.get("number", "").strip('"')
        found = replace(
            found,
            peer=number or found.peer,
            report=found.report or values.get("pdu") == "Status_Report",
            flash=found.flash or values.get("class") == "0",
        )
        if values.get("coding") == "8bit":
            found = replace(found, data=b"")
    octets = _hex("".join(pieces.values()))
    if found.data is not None:
        return replace(found, data=octets)
    return replace(found, text=utf16(octets))


def utf16(octets: bytes) -> str:
    """Read the text that Gammu writes. Raises ValueError."""
    return octets.decode("utf-16-be")


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError("its text is no hexadecimal") from None


def _plain(octets: bytes) -> str:
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return octets.decode("utf-16").rstrip("\r\n\0")
    try:
        return octets.decode("utf-8-sig").rstrip("\r\n\0")
    except UnicodeDecodeError:
        return octets.decode("iso-8859-15").rstrip("\r\n\0")


def _time(day: str | None, time: str | None, zone: tzinfo) -> int | None:
    if day is None or time is None or not day.strip("0"):
        return None
    try:
        at = datetime.strptime(day + time, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        return None
    return round(at.astimezone(UTC).timestamp() * 1000)


def database_of(place: Path) -> Path | None:
    """Return the SQLite database that a smsdrc names, None where it names none.

    Raises ValueError where it names a server.
    """
    if place.is_dir():
        return None
    found = settings(read_file(place)[0].decode("utf-8", "replace")).get("smsd", {})
    service, driver = found.get("service", "files"), found.get("driver", "")
    if service.lower() == "files":
        return None
    if not driver.startswith("sqlite") and service.lower() != "dbi":
        raise ValueError(
            f"{place}: its messages are in a server ({driver or service}), which is not"
            " read; export the tables to SQLite and give that file"
        )
    return Path(found.get("dbdir", "."), found.get("database", "smsd.db"))


def suggest(place: Path) -> list[str]:
    """Return what the configuration here says about the modem of a smsdrc."""
    found = settings(read_file(place)[0].decode("utf-8", "replace"))
    device = found.get("gammu", {}).get("device") or found.get("gammu", {}).get("port")
    pin = found.get("smsd", {}).get("pin")
    return entry(1, device, "gammu", pin)


def entry(number: int, device: str | None, name: str, pin: str | None) -> list[str]:
    """Return one modem of the list `modems` in YAML; [] without a device."""
    if not device:
        return []
    plain = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-") or f"modem{number}"
    path = device if device.startswith("/") else f"/dev/{device}"
    quoted = json.dumps(path)
    lines = ["modems:"] if number == 1 else []
    lines.append(f"  - name: {plain}")
    lines.append(f"    port: {quoted}")
    if pin:
        lines.append("    pin: {file: pin}  # write the PIN into that file, mode 0600")
    return lines
