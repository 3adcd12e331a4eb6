"""The gateway at a glance, as the daemon tells it: made up for tests of screens."""

from typing import Any

Json = dict[str, Any]

NOW = "2026-11-22T10:00:00Z"


def modem(name: str, **more: Any) -> Json:
    usual = {
        "name": name,
        "phase": "ready",
        "why": "",
        "port": "/dev/ttyUSB2",
        "sim": "red",
        "registration": "home",
        "operator": "Vodafone DE",
        "signal_dbm": -73,
        "sendable": True,
        "busy_ms": None,
        "since": "2026-11-22T09:00:00Z",
        "faults": 0,
    }
    return {**usual, **more}


def sim(name: str, **more: Any) -> Json:
    usual = {
        "name": name,
        "state": "ready",
        "why": "free",
        "modem": "front",
        "operator": "Vodafone DE",
        "signal_dbm": -73,
        "health": "active",
        "score": 100,
        "today": 120,
        "per_minute": 9.0,
        "left": [{"name": "200/day", "left": 80, "of": 200, "until": NOW}],
        "balance": "4.20 EUR",
        "balance_low": False,
        "next_at": None,
    }
    return {**usual, **more}


def trouble(what: str, advice: str = "modemgw doctor") -> Json:
    return {
        "kind": "modem_lost",
        "subject": "back",
        "what": what,
        "advice": advice,
        "since": "2026-11-22T09:48:00Z",
    }


def event(type: str, **data: Any) -> Json:
    return {"id": "evt_1", "type": type, "at": "2026-11-22T09:59:58Z", "data": data}


def status(**more: Any) -> Json:
    usual: Json = {
        "level": "well",
        "version": "1.0.0",
        "time": NOW,
        "started_at": "2026-11-22T07:58:00Z",
        "ready": True,
        "reasons": [],
        "paused_by": None,
        "paused_since": None,
        "troubles": [],
        "modems": [modem("front")],
        "sims": [sim("red")],
        "queue": {
            "states": {"scheduled": 2, "queued": 3, "sending": 0, "in_doubt": 0},
            "oldest_at": "2026-11-22T09:59:48Z",
            "most": 1_000_000,
        },
        "last_hour": {"seconds": 3600, "outcomes": {"sent": 118, "failed": 2}},
        "webhooks": {"endpoints": 2, "pending": 1, "dead": 0, "troubled": []},
        "disk": {
            "free": 12_300_000_000,
            "size": 29_000_000_000,
            "database": 14_200_000,
            "writable": True,
        },
        "backup": {"at": "2026-11-22T03:00:00Z", "ok": True, "detail": ""},
        "recent": [
            event("message.delivered", sim="red", to="+4915112345678"),
            event("message.sent", sim="red", to="+4915112345678"),
        ],
    }
    return {**usual, **more}


SICK = status(
    level="degraded",
    troubles=[
        trouble("modem back is recovering: no answer", "modemgw modems journal back")
    ],
    modems=[
        modem("front", busy_ms=2100),
        modem("back", phase="recovering", why="no answer to AT", sim=None),
    ],
    sims=[
        sim("red", state="paced", why="10/min allows the next part in 4 s"),
        sim("blue", state="absent", modem=None, why="in no modem of this gateway"),
    ],
)
