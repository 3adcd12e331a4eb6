"""What left the modems, one line of JSON for each TPDU.

A line is flushed before the modem answers, so that a test which kills a program
can count afterwards what was really sent. The fields: `at` (Unix milliseconds),
`modem`, `imsi`, `from`, `to`, `tp_mr`, `report` (requested), `tpdu` (SCA and TPDU
in hex), `text` (of this part; null for data), `concat` ([ref, total, seq] or
null), `latency_ms` (from Ctrl-Z to the answer, as it was drawn), `idle_ms` (from
this modem's last +CMGS to Ctrl-Z; null for its first), `outcome` ("accepted",
"lost", or "refused <code>").
"""

import json
from pathlib import Path
from typing import IO

from modemgw.pdu.submit import Submit


class Journal:
    """An append-only file of submitted TPDUs."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Close the file; nothing is written afterwards."""
        self._file.close()

    def note(
        self,
        submit: Submit,
        octets: bytes,
        *,
        at: int,
        modem: str,
        imsi: str,
        number: str,
        tp_mr: int,
        latency_s: float,
        idle_s: float | None,
        outcome: str,
    ) -> None:
        """Write one line and flush it."""
        concat = submit.concat
        line = {
            "at": at,
            "modem": modem,
            "imsi": imsi,
            "from": number,
            "to": submit.recipient.text,
            "tp_mr": tp_mr,
            "report": submit.report_requested,
            "tpdu": octets.hex().upper(),
            "text": submit.text,
            "concat": concat and [concat.ref, concat.total, concat.seq],
            "latency_ms": round(latency_s * 1000, 3),
            "idle_ms": idle_s and round(idle_s * 1000, 3),
            "outcome": outcome,
        }
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()
