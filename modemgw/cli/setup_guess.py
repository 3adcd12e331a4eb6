"""What the box and its SIMs say about where they are: defaults for two questions."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from modemgw import number
from modemgw.config import values
from modemgw.policy.mcc import country_of

FALLBACK_ZONE = "UTC"
_LOCALES = ("LC_ALL", "LC_TELEPHONE", "LC_MESSAGES", "LANG")
_LOCALE = re.compile(r"[a-z]{2,3}_([A-Z]{2})\b")
_ZONES = Path("usr/share/zoneinfo")


def timezone(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> str:
    """Return the time zone of the box, as TZ or /etc say; UTC where nobody does."""
    told = environ.get("TZ", "").lstrip(":")
    try:
        written = (root / "etc/timezone").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        written = ""
    link = os.path.realpath(root / "etc/localtime")
    linked = link.partition("zoneinfo/")[2]
    for name in (told, written, linked):
        try:
            if name:
                return values.timezone(name)
        except ValueError:
            continue
    return FALLBACK_ZONE


def country(
    imsis: Iterable[str | None],
    zone: str,
    root: Path = Path("/"),
    environ: Mapping[str, str] = os.environ,
) -> str | None:
    """Return the country of the SIMs, else of the time zone, else of the locale.

    A Raspberry Pi is en_GB until somebody says otherwise, so that comes last.
    """
    for imsi in imsis:
        if found := country_of(imsi):
            return found
    if (found := _of_zone(zone, root)) is not None:
        return found
    for name in _LOCALES:
        match = _LOCALE.match(environ.get(name, ""))
        if match and number.is_country(match[1]):
            return match[1]
    return None


def _of_zone(zone: str, root: Path) -> str | None:
    try:
        lines = (root / _ZONES / "zone.tab").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        fields = line.split("\t")
        if len(fields) > 2 and fields[2] == zone and line[:1] != "#":  # noqa: PLR2004
            return fields[0] if number.is_country(fields[0]) else None
    return None
