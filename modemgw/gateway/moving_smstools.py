"""What smstools3 keeps in files: outgoing, checked, sent, failed and incoming.

A file is a head of `Name: value` lines, an empty line, and the text in the alphabet
that the head names. Made after files of smstools 3.1.21.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from modemgw.gateway.moving import Found, Item, Wrong, files_in, read_file, shown
from modemgw.gateway.moving_gammu import entry
from modemgw.pdu.alphabet import GSM7

PROGRAM = "smstools3"
_FOLDERS = {
    "outgoing": "waiting",
    "checked": "waiting",
    "sent": "sent",
    "failed": "failed",
    "incoming": "received",
}
_TIMES = ("%y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_INTERNATIONAL = 7  # digits: what is longer and begins with no 0 has its country code


@dataclass(frozen=True, slots=True)
class Spool:
    """Where its files are, and where in the world its clock stands."""

    paths: dict[str, Path]
    zone: tzinfo


def spool(place: Path, zone: tzinfo) -> Spool:
    """Find the folders: below a directory, or as a smsd.conf names them.

    Raises ValueError where there are none.
    """
    if place.is_dir():
        paths = {name: place / name for name in _FOLDERS if (place / name).is_dir()}
    else:
        found = sections(read_file(place)[0].decode("utf-8", "replace"))[0][1]
        paths = {name: Path(found[name]) for name in _FOLDERS if found.get(name)}
        for name in ("outgoing", "checked", "incoming"):  # it has these by default
            paths.setdefault(name, Path("/var/spool/sms") / name)
    if not paths:
        raise ValueError(f"{place}: no outgoing, checked, sent, failed or incoming")
    return Spool(paths, zone)


def sections(text: str) -> list[tuple[str, dict[str, str]]]:
    """Read a smsd.conf: what stands in front, then each section by its name."""
    found: list[tuple[str, dict[str, str]]] = [("", {})]
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            found.append((line.strip("[] "), {}))
        elif line[:1] not in {"#", ""} and "=" in line:
            name, _, value = line.partition("=")
            found[-1][1][name.strip().lower()] = value.strip()
    return found


def read(where: Spool) -> Iterator[Item]:
    """Yield everything in the folders: what waits first."""
    for folder, kind in _FOLDERS.items():
        path = where.paths.get(folder)
        if path is None:
            continue
        if not path.is_dir():
            yield Wrong(str(path), "is no folder")
            continue
        for file in files_in(path):
            yield _one(file, f"{folder}/{shown(file)}", kind, where.zone)


def _one(file: Path, name: str, kind: str, zone: tzinfo) -> Item:
    if file.name.endswith(".LOCK") or Path(f"{file}.LOCK").exists():
        return Wrong(name, "is being sent: stop smsd, and look whether it left")
    try:
        octets, written = read_file(file)
        head, body = _split(octets)
        text, data = _body(head, body, received=kind == "received")
        return Found(
            kind=kind,
            name=name,
            peer=_peer(head, received=kind == "received"),
            at=_time(head, zone) or written,
            text=text,
            data=data,
            report=head.get("report", "").lower() in ("yes", "true", "1", "on"),
            flash=head.get("flash", "").lower() in ("yes", "true", "1", "on"),
            urgent=head.get("priority", "").lower() in ("high", "yes", "true", "1"),
            mark=file.name,
        )
    except ValueError as exc:
        return Wrong(name, str(exc))


def _split(octets: bytes) -> tuple[dict[str, str], bytes]:
    end = _HEAD_END.search(octets)
    if end is None:
        raise ValueError("has no empty line behind its head")
    head: dict[str, str] = {}
    for line in octets[: end.start()].decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            head.setdefault(name.strip().lower(), value.strip())
    return head, octets[end.end() :]


def _peer(head: dict[str, str], *, received: bool) -> str:
    """Return the other end; its numbers have their country code and no +."""
    written = head.get("from" if received else "to", "")
    number = re.sub(r"[\s()/.-]", "", written)
    if number[:1] in ("s", "S") and number[1:].isdigit():
        return number[1:]  # a short number
    if received and not number.isdigit():
        return written
    if not re.fullmatch(r"\+?\d+", number, re.ASCII):
        raise ValueError(f"is to {written[:40]!r}, which is no number")
    if number[0] in "+0" or len(number) < _INTERNATIONAL:
        return number
    return f"+{number}"


def _body(
    head: dict[str, str], body: bytes, *, received: bool
) -> tuple[str | None, bytes | None]:
    if head.get("udh", "").lower() in ("yes", "true", "1") or "udh-data" in head:
        raise ValueError("has a header of its own (UDH), and is no plain text")
    alphabet = head.get("alphabet", "iso").lower()
    match alphabet[:3]:
        case "ucs" | "chi" | "uni":
            even = body[: len(body) // 2 * 2]
            return even.decode("utf-16-be", "replace").rstrip("\r\n"), None
        case "utf":
            return body.decode("utf-8", "replace").rstrip("\r\n"), None
        case "gsm":
            return GSM7.decode(bytes(octet & 0x7F for octet in body)), None
        case "bin" | "8bi":
            return None, body
        case _:
            pass  # ISO, Latin, Ansi
    text = None
    if not received:  # it converts UTF-8 by itself there
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            text = None
    if text is None:
        text = body.decode("iso-8859-15")
    return text.rstrip("\r\n"), None


def _time(head: dict[str, str], zone: tzinfo) -> int | None:
    for name in ("sent", "received", "failed"):
        for form in _TIMES:
            try:
                at = datetime.strptime(head.get(name, ""), form).replace(tzinfo=zone)
            except ValueError:
                continue
            local = at.astimezone(UTC)
            return max(0, round(local.timestamp() * 1000))
    return None


def suggest(place: Path) -> list[str]:
    """Return what the configuration here says about the modems of a smsd.conf."""
    found = sections(read_file(place)[0].decode("utf-8", "replace"))
    wanted = [n.strip() for n in found[0][1].get("devices", "").split(",") if n.strip()]
    lines: list[str] = []
    for name, about in found[1:]:
        if wanted and name not in wanted:
            continue
        pin = about.get("pin")
        has_pin = None if pin in (None, "ignore") else pin
        lines += entry(1 if not lines else 2, about.get("device"), name, has_pin)
    return lines
