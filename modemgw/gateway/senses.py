"""What the box itself tells of its health: voltage, and how long a certificate lasts.

Reads files that the kernel keeps in memory, and the certificate when it has changed.
What cannot be read is not known, and never an error.
"""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from modemgw.config.model import Config

_ROOT = Path("/")
_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_VOLTS_NOW = 1
_UTC_TIME, _VERSION = 0x17, 0xA0


class Senses:
    """Voltage and certificate; `root` stands for / in tests."""

    def __init__(self, root: Path = _ROOT) -> None:
        self._root = root
        self._stamp: tuple[Path, int] | None = None  # of the certificate that was read
        self._until: int | None = None

    def under_voltage(self) -> bool:
        """Say whether a Raspberry Pi has too little voltage now."""
        with suppress(OSError, ValueError):
            said = (self._root / _THROTTLED).read_text("ascii")
            return bool(int(said, 16) & _VOLTS_NOW)
        with suppress(OSError, ValueError):
            for name in (self._root / "sys/class/hwmon").glob("hwmon*/name"):
                if name.read_text("ascii").strip() == "rpi_volt":
                    return name.with_name("in0_lcrit_alarm").read_text().strip() == "1"
        return False

    def certificate_until(self, config: Config) -> int | None:
        """Return when the certificate of the API ends, Unix ms.

        None where there is none, or where the gateway renews its own.
        """
        tls = config.http.tls
        if tls.mode == "self" or tls.cert is None:
            return None
        try:
            stamp = tls.cert, tls.cert.stat().st_mtime_ns
            if stamp != self._stamp:
                self._stamp, self._until = stamp, None
                self._until = not_after(tls.cert.read_text("ascii"))
        except (OSError, ValueError):
            return None
        return self._until


def not_after(pem: str) -> int:
    """Return when the first certificate of a PEM text ends, Unix ms.

    Raises ValueError where it is none. Spec: RFC 5280, 4.1.
    """
    end = pem.find(ssl.PEM_FOOTER)
    start = pem.find(ssl.PEM_HEADER)
    der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(ssl.PEM_FOOTER)] + "\n")
    try:
        ((_, certificate),) = _values(der)
        (_, signed), *_ = _values(certificate)
        fields = list(_values(signed))
        # [0] version, serial, algorithm, issuer, validity; old ones have no version.
        validity = fields[4 if fields[0][0] == _VERSION else 3][1]
        _, (tag, octets) = _values(validity)
    except IndexError:
        raise ValueError("no certificate") from None
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    at = datetime.strptime(octets.decode("ascii"), form).replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


def _values(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the values in a DER text; raises ValueError where it is cut short."""
    at = 0
    while at < len(der):
        if at + 2 > len(der):
            raise ValueError("cut short")
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(der[at : at + count], "big")
            at += count
        if at + length > len(der):
            raise ValueError("cut short")
        yield tag, der[at : at + length]
        at += length
