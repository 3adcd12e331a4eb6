"""Reads the octets of a configuration file, and makes a text of them."""

from pathlib import Path

from modemgw.config.positions import MAX_OCTETS
from modemgw.errors import ConfigError


def read_text(path: Path) -> str:
    """Return what the file says. Raises ConfigError where that is no text."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_OCTETS + 1)
    except OSError as exc:
        why = (exc.strerror or str(exc)).lower()
        raise ConfigError([f"{path}: cannot be read: {why}"]) from None
    if len(raw) > MAX_OCTETS:
        raise ConfigError([f"{path}: larger than 1 MiB: this is no configuration"])
    return _decode(raw, str(path))


def _decode(raw: bytes, name: str) -> str:
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise ConfigError([f"{name}:1:1: the file is UTF-16; save it as UTF-8"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = raw[: exc.start].decode("utf-8-sig", "replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        why = f"octet 0x{raw[exc.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigError([f"{name}:{line}:{column}: {why}"]) from None
