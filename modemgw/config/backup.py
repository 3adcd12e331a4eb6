"""What a file may say about backups of the database."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from modemgw.config import readers, values
from modemgw.config.key import key
from modemgw.config.positions import Section

KEEP, AT = 7, "03:30"
_DAY_HOURS = 24
_MOUNTS = ("/mnt", "/media", "/run/media")  # where drives of people are mounted
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")


class BackupConfig(msgspec.Struct, frozen=True):
    """A copy of the database every night; without a `path` there is none."""

    path: Annotated[
        Path | None,
        key(
            "Directory for backups; it must be there. Best on another drive.",
            unit="path",
            default="none",
        ),
    ] = None
    at: Annotated[
        str,
        key("When, in `timezone`.", unit="HH:MM", default="03:30"),
    ] = AT
    keep: Annotated[
        int,
        key("How many are kept; older ones go.", unit="1 to 366", default="7"),
    ] = KEEP
    mount: Annotated[
        bool,
        key(
            "Write only if another drive is mounted there, not into the empty mount "
            "point.",
            unit="on or off",
            default="on below /mnt, /media and /run/media, else off",
        ),
    ] = False
    encrypt: Annotated[
        tuple[str, ...],
        key(
            "Public key that backups are encrypted for, from `modemgw db key`; the "
            "gateway cannot open them then. Several: any of them opens it.",
            unit="age1…, or a list",
            default="not encrypted",
        ),
    ] = ()


def backup(top: Section, path: Callable[[str], Path]) -> BackupConfig:
    """Read the section, or its defaults; `path` reads one relative to the file."""
    section = top.section("backup", BackupConfig.__struct_fields__)
    if section is None:
        return BackupConfig()
    place = section.read("path", path, None)
    keys = [one.read(_recipient) for one in readers.one_or_more(section, "encrypt")]
    return BackupConfig(
        path=place,
        at=section.read("at", _time, AT),
        keep=section.read("keep", values.integer(1, 366), KEEP),
        mount=section.read("mount", values.boolean, default=_is_mount(place)),
        encrypt=tuple(one for one in keys if one is not None),
    )


def _is_mount(place: Path | None) -> bool:
    return place is not None and any(place.is_relative_to(one) for one in _MOUNTS)


def _time(text: str) -> str:
    match = re.fullmatch(r"(\d{1,2}):([0-5]\d)", text.strip(), re.ASCII)
    if match is None or int(match[1]) >= _DAY_HOURS:
        raise ValueError(f"expected a time such as 03:30, got {text!r}")
    return f"{int(match[1]):02}:{match[2]}"


def _recipient(text: str) -> str:
    found = text.strip()
    if found.upper().startswith("AGE-SECRET-KEY-"):
        raise ValueError("this is a secret key, which belongs elsewhere; write age1…")
    if not _RECIPIENT.fullmatch(found):
        raise ValueError(f"expected a public key of age (age1…), got {text!r}")
    return found
