"""Readers of what several sections of a file share: lists, paces, ICCIDs."""

from modemgw.config import values
from modemgw.config.off import is_off
from modemgw.config.positions import Section, Value
from modemgw.policy.pacing import Window


def one_or_more(section: Section, key: str) -> list[Value]:
    """Return the entries of a list, or the one value that stands in its place."""
    value = section.get(key)
    if value is None:
        return []
    return value.entries() if value.is_list else [value]


def pace(section: Section) -> tuple[Window, ...] | None:
    """Read `10/min`, `[10/min, 200/day]` or `off` (no window at all)."""
    value = section.get("pace")
    if value is None:
        return None
    if not value.is_list and is_off(value.read(str) or ""):
        return ()
    found = [each.read(values.window) for each in one_or_more(section, "pace")]
    windows = tuple(window for window in found if window is not None)
    if value.is_list and not found:
        value.fail("an empty list; write off for no limit")
    spans = [window.seconds for window in windows]
    if len(set(spans)) != len(spans):
        value.fail("two windows of the same length")
    return windows or None


def iccid(value: Value | None) -> str:
    """Read an ICCID. A shortened one from an example is kept, and warned about."""
    if value is None:
        return ""
    shown = "" if value.is_mapping or value.is_list else value.read(str) or ""
    if values.is_placeholder(shown):
        value.warn(f"{shown!r} is a placeholder: no card will match it")
        return shown
    return value.read(values.iccid) or ""
