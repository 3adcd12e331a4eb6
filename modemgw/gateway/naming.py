"""Ids of received messages: the same for the same message, however often it is read."""

import hashlib

from modemgw.ids import encode as ulid
from modemgw.pdu.deliver import Deliver
from modemgw.store import messages
from modemgw.store.inbound import RawRow
from modemgw.store.writer import Connection

CLOCKS_AGREE_MS = 7 * 86_400_000  # an SCTS further from our clock is not used in ids
_RANDOM_OCTETS = 10  # of an id, behind its time


class Namer:
    """Makes the id of a received message from what it is, not from when we saw it.

    The same TPDU read twice gets the same id. Two texts that agree in SIM,
    sender, time stamp and content are two messages, so the second one counts on.
    """

    def __init__(self, row: RawRow, deliver: Deliver) -> None:
        scts = deliver.scts.unix_ms
        near = scts is not None and abs(scts - row.read_at) <= CLOCKS_AGREE_MS
        self._at = scts if near and scts is not None else row.read_at
        self._seed = repr(
            (
                row.sim_id,
                deliver.sender.text,
                deliver.scts.raw,
                deliver.dcs,
                deliver.user_payload,
                deliver.concat,
            )
        ).encode()

    def __call__(self, db: Connection) -> str:
        """Return the first id of this message that no other one has."""
        for count in range(1000):
            digest = hashlib.blake2b(
                self._seed + b"%d" % count, digest_size=_RANDOM_OCTETS
            ).digest()
            value = self._at << 8 * _RANDOM_OCTETS | int.from_bytes(digest, "big")
            public_id = f"msg_{ulid(value)}"
            if messages.id_of(db, public_id) is None:
                return public_id
        raise AssertionError("a thousand equal messages in one second")
