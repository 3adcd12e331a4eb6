"""The port that one modem has now: a lease, which ends when the port is lost.

A modem that is listed by its port goes back to that port by itself, and may be
given another one while that port is away. Every other modem has no port until
somebody has asked a port and found this modem there (gateway/supervisor.py).

The actor opens its ports through the lease and asks it whether the right modem
answers. The lease counts what it lost: a stick that comes and goes every few
seconds has a bad cable or too little power, and is left alone for a while.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

from modemgw.errors import PortLost
from modemgw.modem.model import SimIdentity
from modemgw.modem.port import OnData, OnLost, OpenPort, Port
from modemgw.modem.probe import Found, named, same_iccid, same_imei

STORM_LOSSES = 5  # more in STORM_S is a storm
STORM_S = 600.0
STORM_REST_S = 60.0
WRONG_REST_S = 30.0  # before a port where another modem answered is tried again

Doubt = Callable[["Lease", str | None, SimIdentity | None], str | None]


def _nothing(*_: object) -> None:
    return None


class Lease:
    """The port of one modem, and how to know that modem. Instants are the loop's.

    `home` is the port of a modem that is listed by its port. Otherwise the modem
    is known by `iccid`, by `imei`, or, where an IMEI names nobody, by the seat it
    was first found at.
    """

    def __init__(
        self,
        name: str,
        open_port: OpenPort,
        *,
        home: str | None = None,
        pattern: str | None = None,
        imei: str | None = None,
        iccid: str | None = None,
        seat: str | None = None,
    ) -> None:
        self.name = name
        self.home = home
        self.pattern = pattern  # look for it among these ports only
        self.imei = imei  # for a modem with a home: what it said there
        self.iccid = iccid
        self.seat = seat  # where it sits, or sat
        self.port = home or ""
        self.is_given = home is not None  # there is a port to open
        self.is_open = False
        self.shuns_home = False  # the name of its home has gone to another port
        self.seen_at = -1.0  # when its port was last there
        self.answered: tuple[str | None, SimIdentity] | None = None  # who sits there
        self.lost_at: float | None = None  # None: never had one, or has it
        self.moved: Callable[[str], object] = _nothing  # the actor's move_to
        self.doubt: Doubt = _nothing  # says why a modem must not be used here
        self.on_storm: Callable[[Lease, int], object] = _nothing
        self._by_seat = seat is not None and imei is None
        self._open_port = open_port
        self._losses: deque[float] = deque()
        self._rests_until = 0.0
        self._rests_because = ""

    @property
    def is_away(self) -> bool:
        """A modem with a home that sits elsewhere now."""
        return self.is_given and self.home is not None and self.port != self.home

    def fits(self, found: Found, seat: str) -> bool:
        """Tell whether this is the modem that was found at `seat`."""
        if self.iccid is not None:
            return same_iccid(self.iccid, found.iccid)
        if self._by_seat:
            return self.seat == seat
        return same_imei(self.imei, found.imei)

    def give(self, port: str, seat: str) -> None:
        """Let the modem have this port."""
        self.port, self.seat, self.is_given = port, seat, True
        self.lost_at = None
        self.moved(port)

    def end(self) -> None:
        """Take the port away; a modem with a home may go there again."""
        if self.lost_at is None:
            self.lost_at = asyncio.get_running_loop().time()
        self.is_open = False
        self.answered = None
        self.is_given = self.home is not None

    def forgive(self) -> None:
        """Let it be tried again at once: what stood in its way is gone."""
        self._rests_until = 0.0

    async def open(self, path: str, on_data: OnData, on_lost: OnLost) -> Port:
        """Open the port that the modem has now; the actor's way to its port.

        Raises PortLost with a sentence for people where it has none.
        """
        now = asyncio.get_running_loop().time()
        if now < self._rests_until:
            raise PortLost(self._rests_because)
        if self.home is not None and self.lost_at is not None and path != self.home:
            self.moved(self.home)
            path = self.port = self.home
        if not self.is_given:
            raise PortLost(self._sought())
        if self.shuns_home and path == self.home:
            raise PortLost(f"{path} is another port of a modem now")
        port = await self._open_port(path, on_data, partial(self._lost, on_lost))
        self.is_open = True
        return port

    def recognise(self, imei: str | None, sim: SimIdentity | None) -> str | None:
        """Say why the modem that answered is the wrong one; None: it is right.

        Asked when the IMEI is known, and again with the SIM.
        """
        imei = named(imei)
        if self.iccid is not None:
            if sim is not None and not same_iccid(self.iccid, sim.iccid):
                return self._refuse(f"the SIM {self.iccid} is not in this modem")
        elif self.home is not None and not self.is_away:
            self.imei = imei
        elif not self._by_seat and not same_imei(self.imei, imei):
            return self._refuse(f"another modem answers at this port: IMEI {imei}")
        why = self.doubt(self, imei, sim)
        if why is not None:
            return self._refuse(why)
        if sim is not None:
            self.answered = imei, sim
        self.lost_at = None
        return None

    def _refuse(self, why: str) -> str:
        self.end()
        if self.is_given:  # its home, which would be opened again at once
            self._rest(WRONG_REST_S, why)
        return why

    def _sought(self) -> str:
        if self.iccid is not None:
            return f"looking for the modem with the SIM {self.iccid}"
        if self._by_seat:
            return f"unplugged; it is taken back at {self.seat}"
        return f"looking for the modem with IMEI {self.imei}"

    def _rest(self, seconds: float, why: str) -> None:
        self._rests_until = asyncio.get_running_loop().time() + seconds
        self._rests_because = why

    def _lost(self, on_lost: OnLost, exc: Exception) -> None:
        now = asyncio.get_running_loop().time()
        self.end()
        self._losses.append(now)
        while self._losses[0] <= now - STORM_S:
            self._losses.popleft()
        count = len(self._losses)
        if count > STORM_LOSSES:
            self._rest(
                STORM_REST_S,
                f"its port went {count} times in {STORM_S / 60:g} minutes: check "
                f"cable and power; next try in {STORM_REST_S:g} s",
            )
            self.on_storm(self, count)
        on_lost(exc)
