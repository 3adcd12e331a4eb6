"""The life of a modem as a table.

            OPENED              STARTED
 ABSENT ────────────▶ STARTING ─────────▶ READY
    ▲                  │  ▲  ▲              │ REBOOTED: back to STARTING
    │ LOST, from       │  │  └── RETRY ── PARKED ◀── BLOCKED, from STARTING
    │ everywhere  FAULT│  │RETRY
    │                  ▼  │
    └───────────── RECOVERING ── RESYNCED ──▶ READY
                       ▲
                       └── FAULT, from READY and PARKED

A pair that is not in the table is a bug in our code, so it is an AssertionError
and ends the daemon; it is never a ModemError.
"""

from enum import Enum


class Phase(Enum):
    """Where a modem is in its life."""

    ABSENT = "absent"  # no port, or nobody may open it
    STARTING = "starting"  # port open, init sequence running
    READY = "ready"  # initialised: receives, and sends once registered
    RECOVERING = "recovering"  # it stopped answering; the ladder is being climbed
    PARKED = "parked"  # a person must act: PIN, PUK, no SMS on this module


class Trigger(Enum):
    """What moves a modem from one phase to the next."""

    OPENED = "opened"  # the port is open
    STARTED = "started"  # the init sequence is through
    FAULT = "fault"  # a command without its final result, or noise
    RESYNCED = "resynced"  # it answers again and has kept its settings
    RETRY = "retry"  # try the init sequence (again)
    REBOOTED = "rebooted"  # it restarted by itself; its settings are gone
    BLOCKED = "blocked"  # nothing we may do helps
    LOST = "lost"  # the port is gone


TRANSITIONS: dict[tuple[Phase, Trigger], Phase] = {
    (Phase.ABSENT, Trigger.OPENED): Phase.STARTING,
    (Phase.ABSENT, Trigger.LOST): Phase.ABSENT,
    (Phase.STARTING, Trigger.STARTED): Phase.READY,
    (Phase.STARTING, Trigger.FAULT): Phase.RECOVERING,
    (Phase.STARTING, Trigger.REBOOTED): Phase.STARTING,
    (Phase.STARTING, Trigger.BLOCKED): Phase.PARKED,
    (Phase.STARTING, Trigger.LOST): Phase.ABSENT,
    (Phase.READY, Trigger.FAULT): Phase.RECOVERING,
    (Phase.READY, Trigger.REBOOTED): Phase.STARTING,
    (Phase.READY, Trigger.LOST): Phase.ABSENT,
    (Phase.RECOVERING, Trigger.RESYNCED): Phase.READY,
    (Phase.RECOVERING, Trigger.RETRY): Phase.STARTING,
    (Phase.RECOVERING, Trigger.FAULT): Phase.RECOVERING,
    (Phase.RECOVERING, Trigger.LOST): Phase.ABSENT,
    (Phase.PARKED, Trigger.RETRY): Phase.STARTING,
    (Phase.PARKED, Trigger.FAULT): Phase.RECOVERING,
    (Phase.PARKED, Trigger.LOST): Phase.ABSENT,
}


def advance(phase: Phase, trigger: Trigger) -> Phase:
    """Return the next phase. A pair that is not in the table is our bug."""
    try:
        return TRANSITIONS[phase, trigger]
    except KeyError:
        raise AssertionError(f"{trigger.name} cannot happen in {phase.name}") from None
