"""The questions of `modemgw setup`, the file that comes of them, and its start.

Nothing is kept before the file is written; from then on the file, the key and the
link are whole each by itself, so that Ctrl-C at any moment leaves nothing half done.
"""

import os
import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from modemgw.cli import setup_guess
from modemgw.cli.demo import choose_address
from modemgw.cli.setup_files import difference, write
from modemgw.cli.setup_gateway import SYSTEM_CONFIG, Child, Running, Service
from modemgw.cli.setup_kept import Kept, lost
from modemgw.cli.setup_look import put_right
from modemgw.cli.setup_plan import Answers, Place, Plan
from modemgw.cli.setup_talk import Talk
from modemgw.cli.setup_wishes import GaveUp, Wishes
from modemgw.config import values
from modemgw.config.load import parse
from modemgw.config.model import Config
from modemgw.errors import ConfigError
from modemgw.modem.conflicts import Finding
from modemgw.modem.survey import READY

SYSTEM_DATA = "/var/lib/modemgw"
LAN = "0.0.0.0:8443"  # only where a person says so


def ask(
    wishes: Wishes,
    talk: Talk,
    places: Sequence[Place],
    pins: dict[int, str],
    kept: Kept,
    now: datetime,
) -> Answers:
    """Ask what only a person knows; flags and what was so before come first."""
    before = kept.config
    zone = wishes.timezone or setup_guess.timezone()
    if wishes.timezone is None and before is not None and before.timezone != "UTC":
        zone = before.timezone
    country = wishes.country
    if country is None:
        imsis = [place.found.imsi for place in places]
        guess = (before and before.country) or setup_guess.country(imsis, zone)
        question = "Country, for numbers without +"
        country = talk.ask(question, "--country", values.country, default=guess)
    numbers = {
        index: number
        for index, place in enumerate(places)
        if (number := _number(wishes, talk, place, country, kept.numbers.get(index)))
        or (number := _ask_number(talk, place, country, len(places)))
    }
    listen, tls = _listen(wishes, talk, kept)
    is_system = wishes.config.absolute() == SYSTEM_CONFIG
    return Answers(
        country=country,
        timezone=zone,
        date=f"{now:%Y-%m-%d}",
        listen=listen,
        tls=tls,
        data_dir=_data_dir(wishes.config, kept, is_system),
        alarms=_alarms(wishes, talk, country, kept),
        pins={**kept.pins, **pins},
        numbers=numbers,
        modem_names=kept.modems,
        card_names=kept.cards,
    )


def optional(read: Callable[[str], str]) -> Callable[[str], str]:
    """Let Enter stand for nothing."""
    return lambda text: read(text) if text else ""


def _number(
    wishes: Wishes, talk: Talk, place: Place, country: str, before: str | None
) -> str | None:
    """Return the number of a SIM, as far as it is known."""
    read = values.e164(country)
    given = wishes.number(place)
    if given is not None:
        try:
            return read(given)
        except ValueError as exc:
            raise GaveUp(f"--number: {exc}") from None
    for known in (before, place.found.number):
        try:
            if known:
                return read(known)
        except ValueError:  # modems hold all kinds of things there
            continue
    return None


def _ask_number(talk: Talk, place: Place, country: str, count: int) -> str | None:
    """Ask for a number that only tests need; None where it is not known."""
    if count == 1 or place.found.sim != READY or not talk.is_interactive:
        return None
    question = f"Number of the SIM at {place.where}, for tests (Enter: skip)"
    read = optional(values.e164(country))
    return talk.ask(question, "--number", read, default="") or None


def _listen(wishes: Wishes, talk: Talk, kept: Kept) -> tuple[str, str]:
    """Return where to listen, and how that is protected."""
    if wishes.listen is not None:
        found = values.listen(wishes.listen)
        return str(found), "off" if found.is_loopback else "self"
    before = None if kept.config is None else kept.config.http
    is_open = before is not None and not before.listen[0].is_loopback
    if before is not None and is_open and before.tls.mode in ("off", "self"):
        return str(before.listen[0]), before.tls.mode
    question = "May other machines in your network use it, with a key and TLS?"
    if talk.is_interactive and talk.confirm(
        question, "--listen", default="SSH_CONNECTION" in os.environ, only_asked=True
    ):
        return str(choose_address(LAN)), "self"
    # An address of before may be taken: by the gateway that is set up again.
    here = before.listen[0] if before is not None else choose_address(None)
    return str(here), "off"


def _alarms(wishes: Wishes, talk: Talk, country: str, kept: Kept) -> Sequence[str]:
    """Return who is texted when something is wrong; nobody has to be."""
    read = optional(values.e164(country))
    if wishes.alarm_to is not None:
        try:
            return [number for number in [read(wishes.alarm_to)] if number]
        except ValueError as exc:
            raise GaveUp(f"--alarm-to: {exc}") from None
    before = kept.config.alarms.sms if kept.config is not None else ()
    if before or not talk.is_interactive:
        return before
    question = "Phone that is texted when something is wrong (Enter: none)"
    given = talk.ask(question, "--alarm-to", read, default="")
    return [given] if given else []


def _data_dir(config: Path, kept: Kept, is_system: bool) -> str | None:
    """Return where the data are, None where they are there by themselves."""
    if kept.config is None:
        return None
    folder, home = kept.config.data_dir, config.absolute().parent
    if folder == (Path(SYSTEM_DATA) if is_system else home / "data"):
        return None
    inside = folder.is_relative_to(home)
    return f"./{folder.relative_to(home)}" if inside else str(folder)


# --- the files


def save(wishes: Wishes, talk: Talk, planned: Plan, kept: Kept, now: datetime) -> bool:
    """Write the files; False where what is there shall stay as it is.

    Raises GaveUp, NotWritten.
    """
    path = wishes.config
    try:
        new = parse(planned.text, str(path), path=path.absolute())
    except ConfigError as exc:  # our own mistake: keep it out of the file
        raise GaveUp(f"this is our mistake, nothing was written:\n{exc}") from None
    if path.exists():
        lines = difference(path, planned.text)
        if not lines:
            talk.good(f"{path} says so already")
            return True
        if not _may_replace(wishes, talk, lines, kept, new):
            return False
    backup = write(path, planned.text, planned.pins, now)
    told = [str(path.with_name(name)) for name in planned.pins]
    talk.good(f"written: {', '.join([str(path), *told])}")
    if backup is not None:
        talk.say(f"as it was before: {backup}")
    return True


def _may_replace(
    wishes: Wishes, talk: Talk, lines: list[str], kept: Kept, new: Config
) -> bool:
    """Show what would change, and ask; what would be lost takes more than `--yes`."""
    path = wishes.config
    talk.warn(f"{path} exists. What would change:")
    for line in lines:
        talk.exact(f"      {line}")
    if kept.problem:
        talk.warn("it cannot be used as it is:")
        for line in kept.problem.splitlines():
            talk.say(line)
    foreign = lost(kept.config, new) if kept.config else []
    gone = [one.name for one in kept.config.modems] if kept.config else []
    gone = [name for name in gone if name not in kept.modems.values()]
    if foreign:
        talk.warn(f"settings of your own would go: {', '.join(foreign)}")
    if gone:
        talk.warn(f"modems that are not found now would go: {', '.join(gone)}")
    is_loss = bool(foreign or gone or kept.problem)
    may = wishes.replace or talk.confirm(
        "Replace it? A copy is kept.",
        "--yes or --replace",
        default=not is_loss,
        only_asked=is_loss,
    )
    if not may and kept.config is None:
        raise GaveUp(f"{path} was left as it is; --replace puts the new one there")
    if not may:
        talk.say(f"{path} stays as it is; going on with it", "·")
    return may


# --- the gateway


def start(wishes: Wishes, talk: Talk) -> Running:
    """Start the service where it is wished and can be, else a child for the tests."""
    path = wishes.config
    if not Service.is_there(path):
        return Child(path)
    wanted = wishes.start
    if wanted is None:
        for words in Service.commands:
            talk.command(shlex.join(words))
        wanted = talk.confirm(
            "Start it now and at every boot?", "--start or --no-start"
        )
    if not wanted:
        return Child(path)
    if not put_right(Finding("service", "", "", "", Service.commands), talk):
        raise GaveUp("the service did not start: journalctl -u modemgw says why")
    return Service()
