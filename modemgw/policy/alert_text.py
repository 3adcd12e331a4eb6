"""What a monitoring system reports, as one short text. Pure.

A template holds {name} fields and nothing that could run. What is filled in is
brought to the alphabet of SMS where nothing is lost by it (dashes, quotes, accents,
pictures), and the whole is cut to as many segments as it may have.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modemgw.errors import PduEncodeError
from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.segment import segment

DEFAULT = "{status} {count}: {alertname} {instances} - {summary}"
FIELDS = (
    *("status", "count", "alertname", "instances", "summary", "description"),
    *("severity", "receiver", "url", "title", "message"),
)
MAX_NAMES = 3  # of instances; of the others only how many they are
MAX_FIELD = 1000  # characters; a text has fewer in any case
_FIELD = re.compile(r"\{([^{}]*)\}")
_FREE = re.compile(r"(label|annotation)\.([A-Za-z_][A-Za-z0-9_]*)")
_PORT = re.compile(r"(?<=[^:]):\d{1,5}$")  # of host:port, and not of a bare IPv6
_WHERE = ("instance", "host", "hostname", "node", "nodename", "pod", "job")
_WHAT = ("summary", "description", "message")
_LIKE = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u00b4`", "'"),
    "\u2026": "...",
    "\u2192": "->",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u00d7": "x",
    "\u2022": "*",
    "\u00b0": "",
}
_NO_LETTERS = frozenset({"So", "Sk", "Cf", "Mn", "Cc", "Co", "Cs", "Cn"})
_CUT = "..."


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a group."""

    status: str  # firing, resolved
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Group:
    """What one request reports: alerts that belong together."""

    status: str
    alerts: Sequence[Alert]
    labels: Mapping[str, str]  # that all have
    annotations: Mapping[str, str]
    receiver: str = ""
    url: str = ""
    title: str = ""
    message: str = ""
    truncated: int = 0  # alerts that were left out of the request
    key: str = ""  # the sender's name of the group

    @property
    def meant(self) -> Sequence[Alert]:
        """The alerts that the status is about: of a firing group those that fire."""
        return [one for one in self.alerts if one.status == self.status] or self.alerts


def check(template: str) -> str:
    """Return a template that can be filled in; raises ValueError."""
    for name in _FIELD.findall(template):
        if name not in FIELDS and not _FREE.fullmatch(name):
            known = ", ".join(FIELDS)
            raise ValueError(
                f"there is no field {{{name}}}; there are {known}, label.NAME and "
                "annotation.NAME"
            )
    if re.search(r"[{}]", _FIELD.sub("", template)):
        raise ValueError("a brace stands alone; fields are written {name}")
    if not template.strip():
        raise ValueError("expected a text")
    return template


def compose(template: str, group: Group, *, max_segments: int) -> str:
    """Fill a template in, at most `max_segments` long; never empty."""
    values = _values(group)

    def fill(found: re.Match[str]) -> str:
        return _value(found[1], values, group)

    text = " ".join(plain(_FIELD.sub(fill, template)).split())
    text = text.strip(" -:,") or f"{values['status']} {values['count']}"
    return fit(text, max_segments)


def fit(text: str, max_segments: int) -> str:
    """Cut a text to so many segments, and mark that it was cut."""
    if _segments(text) <= max_segments:
        return text
    short, long = 0, min(len(text), 160 * max_segments)
    while short < long:
        middle = (short + long + 1) // 2
        if _segments(text[:middle] + _CUT) <= max_segments:
            short = middle
        else:
            long = middle - 1
    return text[:short].rstrip() + _CUT


def _segments(text: str) -> int:
    try:
        return len(segment(text))
    except PduEncodeError:
        return 256  # more than there can be


def _values(group: Group) -> dict[str, str]:
    meant = group.meant
    names = group.labels.get("alertname")
    return {
        "status": group.status.upper(),
        "count": str(len(meant) + group.truncated),
        "alertname": names
        or _listed((one.labels.get("alertname", "") for one in meant), 0),
        "instances": _listed(map(_where, meant), group.truncated),
        "summary": _told(group, _WHAT) or group.message or group.title,
        "description": _told(group, ("description",)),
        "severity": _label(group, "severity"),
        "receiver": group.receiver,
        "url": group.url,
        "title": group.title,
        "message": group.message,
    }


def _value(name: str, values: Mapping[str, str], group: Group) -> str:
    free = _FREE.fullmatch(name)
    if free is None:
        return values[name][:MAX_FIELD]
    if free[1] == "label":
        return _label(group, free[2])[:MAX_FIELD]
    return _told(group, (free[2],))[:MAX_FIELD]


def _label(group: Group, name: str) -> str:
    found = group.labels.get(name)
    if found is not None:
        return found
    return _listed((one.labels.get(name, "") for one in group.meant), 0)


def _told(group: Group, names: Sequence[str]) -> str:
    """Return the first annotation of these that all have, or that one has."""
    for notes in (group.annotations, *(one.annotations for one in group.meant)):
        for name in names:
            if notes.get(name, "").strip():
                return notes[name]
    return ""


def _where(alert: Alert) -> str:
    found = next((alert.labels[n] for n in _WHERE if alert.labels.get(n)), "")
    return _PORT.sub("", found) if found.count(":") == 1 else found


def _listed(names: Iterable[str], more: int) -> str:
    """Write different names: the first of them, and how many more there are.

    >>> _listed(["a", "b", "a", "c", "d", "e"], 0)
    'a, b, c +2'
    """
    found = [name for name in dict.fromkeys(names) if name]
    more += max(0, len(found) - MAX_NAMES)
    text = ", ".join(found[:MAX_NAMES])
    return f"{text} +{more}" if text and more else text


def plain(text: str) -> str:
    """Write a text in the alphabet of SMS as far as it stays the same text.

    >>> plain("97 % “hot” 🔥 Łódź"), plain("Señor Čapek, 3 °C")
    ('97 % "hot"  Łódź', 'Señor Capek, 3 C')
    """
    folded = "".join(map(_like, text))
    if _is_gsm(folded):
        return folded
    bare = "".join(_without_marks(one) for one in folded)
    return bare if _is_gsm(bare) else folded


def _like(character: str) -> str:
    if character.isspace():
        return " "
    found = _LIKE.get(character)
    if found is not None:
        return found
    return "" if unicodedata.category(character) in _NO_LETTERS else character


def _without_marks(character: str) -> str:
    if _is_gsm(character):
        return character
    return unicodedata.normalize("NFKD", character)[0]


def _is_gsm(text: str) -> bool:
    return not text or segment(text).alphabet is Alphabet.GSM7
