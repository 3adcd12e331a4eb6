"""When a change of each key takes effect: the one table for reload and for the docs.

A key has the entry of the longest beginning of its path that is listed; what is not
listed waits for a restart, so a new section is never said to be in force and is not.
"""

from enum import Enum


class Applies(Enum):
    """What it takes for a change to be in force; the value is said to people."""

    LIVE = "at once"
    MODEM = "at once; its modem is opened anew"
    RESTART = "at the next start"


LIVE, MODEM, RESTART = Applies.LIVE, Applies.MODEM, Applies.RESTART

TABLE: dict[str, Applies] = {
    "data_dir": RESTART,
    "country": LIVE,
    "timezone": RESTART,  # days of quotas would begin anew in the middle of one
    "http": LIVE,
    "http.listen": RESTART,
    "http.surfaces": RESTART,
    "discovery": LIVE,
    "modems": LIVE,
    "modems[].port": MODEM,
    "modems[].imei": MODEM,
    "modems[].iccid": MODEM,
    "modems[].profile": MODEM,
    "sims": LIVE,
    "routing": LIVE,
    "quiet_hours": LIVE,
    "inbound": LIVE,
    "opt_out": LIVE,
    "retention": LIVE,
    "backup": LIVE,
    "profiles": MODEM,
    "power": LIVE,
    "calls": LIVE,
    "health": LIVE,
    "selftest": LIVE,
    "verify": LIVE,
    "queue": LIVE,
    "webhooks": LIVE,
    "alerts": LIVE,
    "alarms": LIVE,
    "admins": LIVE,
    "log": LIVE,
}

# Where the answer depends on what is written.
_NOTES = {"http.tls": "files at once, another kind at the next start"}


def said(key: str) -> str:
    """Say when a key takes effect, for the reference."""
    return _NOTES.get(key) or applies(key).value


def applies(key: str) -> Applies:
    """Return when a key takes effect; `key` as in the table, `modems[].pin`.

    >>> applies("modems[].port").name, applies("http.listen").name
    ('MODEM', 'RESTART')
    """
    while key:
        if key in TABLE:
            return TABLE[key]
        cut = max(key.rfind("."), key.rfind("["))
        key = key[: max(cut, 0)]
    return RESTART
