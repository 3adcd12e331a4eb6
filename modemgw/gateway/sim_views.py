"""One SIM as front ends see it: its row, its lane, and the modem that holds it."""

from modemgw.gateway.lane import Lane
from modemgw.gateway.model import PaceWindow, SimView
from modemgw.gateway.routing import Traits
from modemgw.gateway.routing_resources import routing
from modemgw.modem.model import ModemSnapshot
from modemgw.store.sims import SimRow


def view_of(
    row: SimRow,
    lane: Lane | None,
    snapshot: ModemSnapshot | None,
    *,
    now: int,
    reports: bool,
    traits: Traits,
) -> SimView:
    """Return a SIM as it is now; `lane` and `snapshot` are of the modem it is in."""
    state, why, next_at = "absent", "in no modem of this gateway", None
    windows: tuple[PaceWindow, ...] = ()
    if lane is not None and lane.sim is not None:
        pace = lane.sim.pace
        windows = tuple(
            PaceWindow(w.count, w.seconds, pace.used(w, now))
            for w in pace.windows_at(now)
        )
        free_at, held_by = lane.free_at(now)
        if not lane.ready:
            state, why = "waiting", lane.why_not_ready
        elif free_at > now:
            state, why, next_at = "paced", held_by, free_at
        else:
            state, why = "ready", "sending" if lane.busy else "free"
    sim = snapshot.sim if snapshot else None
    return SimView(
        name=row.name,
        iccid=row.iccid,
        imsi=row.imsi,
        number=row.number,
        smsc=sim.smsc if sim else None,
        modem=lane.modem if lane else None,
        state=state,
        why=why,
        registration=snapshot.registration if snapshot else None,
        operator=snapshot.operator if snapshot else None,
        signal_dbm=snapshot.signal_dbm if snapshot else None,
        reports=reports,
        pace=windows,
        next_at=next_at,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        routing=routing(traits),
    )
