"""What `modemgw setup` was told by flags, and the words in which it gives up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modemgw.cli.main import FAILED
from modemgw.cli.setup_plan import Place
from modemgw.config import values
from modemgw.errors import ModemgwError

MAX_PIN_FILE = 100  # octets


class GaveUp(ModemgwError):
    """Setup cannot go on; the message says what to do."""

    exit_code = FAILED


@dataclass(frozen=True, slots=True)
class Wishes:
    """The flags; None: ask. `pin_files` and `numbers` by port, IMEI, ICCID or ""."""

    config: Path
    ports: tuple[str, ...] = ()
    country: str | None = None
    timezone: str | None = None
    pin_files: Mapping[str, Path] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    test_to: str | None = None  # "": no test
    loopback: bool | None = None
    listen: str | None = None
    alarm_to: str | None = None  # "": nobody
    fix: bool | None = None
    start: bool | None = None
    replace: bool = False

    def pin_file(self, place: Place) -> Path | None:
        """Return the file with the PIN for the card in this modem."""
        return self.pin_files.get(_who(place, self.pin_files))

    def number(self, place: Place) -> str | None:
        """Return the number of the card in this modem."""
        return self.numbers.get(_who(place, self.numbers))


def named(given: tuple[str, ...], flag: str) -> dict[str, str]:
    """Read `VALUE` and `WHO=VALUE`; raise ValueError where one is there twice."""
    found: dict[str, str] = {}
    for text in given:
        who, equals, value = text.rpartition("=")
        if who in found:
            raise ValueError(
                f"{flag} is there twice for {who or 'every SIM'}; say whose each is:"
                f" {flag} PORT={value} (or the IMEI, or the ICCID)"
            )
        found[who if equals else ""] = value
    return found


def read_pin(path: Path) -> str:
    """Read a PIN from a file; GaveUp says why not, and never what stands there."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_PIN_FILE).decode("ascii").strip()
        return values.pin(text)
    except OSError as exc:
        raise GaveUp(f"--pin-file: cannot read {path}: {exc.strerror}") from None
    except ValueError:
        raise GaveUp(f"--pin-file: {path} has no PIN of 4 to 8 digits") from None


def _who(place: Place, known: Mapping[str, object]) -> str:
    names = (place.found.port, place.port, place.found.imei, place.found.iccid)
    return next((name for name in names if name and name in known), "")
