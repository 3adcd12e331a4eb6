"""How the gateway stands, on one screen. Pure: from the daemon's JSON to lines."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from modemgw.cli.cells import clean, columns

Json = Mapping[str, Any]

MANY = 12  # modems and SIMs shown; of more, those first that are not well
_WORDS = {
    "well": "well",
    "degraded": "works, but look at this",
    "down": "sends nothing",
}
_WELL = {"ready": 9, "paced": 9, "absent": 5, "starting": 4}


def screen(status: Json) -> list[str]:
    """Return the lines of `modemgw status`."""
    up = age(status["started_at"], status["time"])
    lines = [
        f"modemgw {clean(status['version'])}: {_WORDS.get(status['level'], '?')}"
        f" (up {up})"
    ]
    lines += [f"  not ready: {clean(why)}" for why in status["reasons"]]
    for one in status["troubles"]:
        since = age(one["since"], status["time"])
        lines.append(f"  ! {clean(one['what'])} (for {since})")
        lines.append(f"      {clean(one['advice'])}")
    lines += _table("Modems", status["modems"], _modem, "no modem was found")
    lines += _table("SIMs", status["sims"], _sim, "no SIM was ever seen")
    lines.append("")
    lines += columns([*_figures(status)])
    return lines


def _table(title: str, found: list[Any], row: Any, none: str) -> list[str]:
    if not found:
        return ["", title, f"  {none}"]
    first = sorted(found, key=lambda one: (_rank(one), one["name"]))
    shown = sorted(first[:MANY], key=lambda one: str(one["name"]))
    rest = len(found) - len(shown)
    more = [f"  … and {rest} more: modemgw {title.lower()} list"] if rest else []
    rows = [("", *row(one)) for one in shown]
    return ["", title, *columns(rows, most=44), *more]


def _rank(one: Json) -> int:
    return _WELL.get(one.get("state") or one.get("phase") or "", 0)


def _modem(modem: Json) -> tuple[object, ...]:
    state = "sending" if modem["busy_ms"] is not None else modem["phase"]
    why = modem["why"] if modem["phase"] != "ready" else ""
    return (
        *(modem["name"], state, modem["sim"] or "-"),
        modem["operator"] or modem["registration"] or "-",
        signal(modem["signal_dbm"]),
        why,
    )


def _sim(sim: Json) -> tuple[object, ...]:
    today = "" if sim["today"] is None else f"{sim['today']} today"
    why = sim["why"] if sim["state"] not in ("ready", "paced") else ""
    return (
        *(sim["name"], sim["state"], sim["operator"] or "-"),
        *(signal(sim["signal_dbm"]), today, left(sim)),
        balance(sim),
        why,
    )


def _figures(status: Json) -> Iterator[tuple[str, str]]:
    yield "Queue", _queue(status)
    outcomes = status["last_hour"]["outcomes"]
    told = ", ".join(f"{count} {name}" for name, count in outcomes.items()) or "nothing"
    yield hour(status), told
    yield "Webhooks", _webhooks(status["webhooks"])
    disk = status["disk"]
    writes = "" if disk["writable"] else "; it takes NO WRITES"
    yield (
        "Disk",
        f"{octets(disk['free'])} free of {octets(disk['size'])},"
        f" the database has {octets(disk['database'])}{writes}",
    )
    backup = status["backup"]
    if backup is None:
        yield "Backup", "none is known of"
    else:
        how = "ok" if backup["ok"] else f"failed: {backup['detail']}"
        yield "Backup", f"{age(backup['at'], status['time'])} ago, {how}"


def hour(status: Json) -> str:
    """Write over what time outcomes are counted: less than an hour after a start."""
    seconds = status["last_hour"]["seconds"]
    return "Last hour" if seconds >= 3540 else f"Last {_span(seconds)}"  # noqa: PLR2004


def _queue(status: Json) -> str:
    states = status["queue"]["states"]
    if states is None:
        return "too long to be counted now"
    told = ", ".join(f"{count} {state}" for state, count in states.items() if count)
    oldest = status["queue"]["oldest_at"]
    waits = f"; the oldest waits {age(oldest, status['time'])}" if oldest else ""
    return (told or "empty") + waits


def _webhooks(found: Json) -> str:
    if not found["endpoints"]:
        return "none"
    troubled = ", ".join(
        f"{one['url']} {'fails' if one['state'] == 'active' else one['state']}"
        for one in found["troubled"]
    )
    told = f"{found['endpoints']}, {found['pending']} pending, {found['dead']} given up"
    return f"{told}; {troubled}" if troubled else told


def left(sim: Json) -> str:
    """Write the shortest allowance of a SIM, "" where nothing was agreed."""
    found = sim["left"]
    if not found:
        return ""
    least = min(found, key=lambda one: float(one["left"]) / max(float(one["of"]), 1e-9))
    return f"{least['left']} of {least['of']} left"


def balance(sim: Json) -> str:
    """Write the balance, with a mark where it is low."""
    if sim["balance"] is None:
        return ""
    return f"{sim['balance']}{' LOW' if sim['balance_low'] else ''}"


def signal(dbm: int | None) -> str:
    """Write a signal strength, "" where it is not known."""
    return "" if dbm is None else f"{dbm} dBm"


def octets(count: int) -> str:
    """Write a size in its largest unit.

    >>> octets(999), octets(14_200_000), octets(29_000_000_000)
    ('999 B', '14.2 MB', '29.0 GB')
    """
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def age(since: str, now: str) -> str:
    """Write how long ago an instant of the API is.

    >>> age("2026-11-22T09:00:00Z", "2026-11-22T10:30:00Z")
    '1 h 30 min'
    """
    then, at = datetime.fromisoformat(since), datetime.fromisoformat(now)
    return _span(max(0, round((at - then).total_seconds())))


def _span(seconds: int) -> str:
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} days"
