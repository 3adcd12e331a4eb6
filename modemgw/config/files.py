"""Reads the octets of a configuration file, makes a text of them, and names files."""

from pathlib import Path

from modemgw.config.plain import open_plain
from modemgw.config.positions import MAX_OCTETS
from modemgw.errors import ConfigError

MAX_NAME, MAX_PATH = 255, 4000  # octets; of a path Linux takes 4095


def read_text(path: Path) -> str:
    """Return what the file says. Raises ConfigError where that is no text."""
    try:
        with open_plain(path) as stream:
            raw = stream.read(MAX_OCTETS + 1)
    except OSError as exc:
        why = (exc.strerror or str(exc)).lower()
        raise ConfigError([f"{path}: cannot be read: {why}"]) from None
    if len(raw) > MAX_OCTETS:
        raise ConfigError([f"{path}: larger than 1 MiB: this is no configuration"])
    return _decode(raw, str(path))


def path_below(base: Path, text: str) -> Path:
    """Read a path; a relative one is below `base`. Raises ValueError."""
    if not text.strip():
        raise ValueError(f"expected a path, got {text!r}")
    try:
        found = Path(base, Path(text).expanduser())
    except RuntimeError:
        user = text.partition("/")[0]
        raise ValueError(f"{user!r}: there is no such user, or no home") from None
    if any(len(name.encode()) > MAX_NAME for name in found.parts):
        raise ValueError(f"a name in this path has more than {MAX_NAME} octets")
    if len(str(found).encode()) > MAX_PATH:
        raise ValueError(f"this path has more than {MAX_PATH} octets")
    return found


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
