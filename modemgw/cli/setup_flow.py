"""The steps of `modemgw setup` after modems were found, in their order.

Nothing is kept before the file is written; from then on the file, the key and the
link are whole each by itself, so that Ctrl-C at any moment leaves nothing half done.
"""

import json
import shlex
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from modemgw.cli import setup_guess
from modemgw.cli.demo import choose_address, program
from modemgw.cli.setup_files import difference, write
from modemgw.cli.setup_gateway import (
    REPORT_S,
    SYSTEM_CONFIG,
    Child,
    Gateway,
    Running,
    Service,
)
from modemgw.cli.setup_look import put_right
from modemgw.cli.setup_plan import Answers, Place, Plan, plan, shown
from modemgw.cli.setup_talk import Talk
from modemgw.cli.setup_wishes import GaveUp, Wishes
from modemgw.config import values
from modemgw.config.load import load, parse
from modemgw.config.model import Config
from modemgw.config.paths import ca_certificate
from modemgw.config.values import Listen
from modemgw.errors import ConfigError
from modemgw.modem.conflicts import Finding
from modemgw.modem.survey import READY

__all__ = ["ask", "farewell", "load", "plan", "prove", "save", "start"]

Json = dict[str, Any]

SYSTEM_DATA = "/var/lib/modemgw"
LAN, LAN_PORT = "0.0.0.0", 8443  # noqa: S104 - only where a person says so
KEY_NAME = "setup"
KEY_SCOPES = ["messages:send", "messages:read", "sims:read", "modems:read"]
REGISTERED = ("home", "roaming", None)  # None: it does not tell
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
TEST_TEXT = "modemgw works: this is its first text."


def ask(
    wishes: Wishes,
    talk: Talk,
    places: Sequence[Place],
    pins: dict[int, str],
    now: datetime,
) -> Answers:
    """Ask what only a person knows; flags and good guesses come first."""
    zone = wishes.timezone or setup_guess.timezone()
    country = wishes.country
    if country is None:
        guess = setup_guess.country((p.found.imsi for p in places), zone)
        question = "Country, for numbers without +"
        country = talk.ask(question, "--country", values.country, default=guess)
    numbers = {
        index: number
        for index, place in enumerate(places)
        if (number := _number(wishes, talk, place, country, len(places)))
    }
    listen, tls = _listen(wishes, talk)
    is_system = wishes.config.absolute() == SYSTEM_CONFIG
    return Answers(
        country=country,
        timezone=zone,
        date=f"{now:%Y-%m-%d}",
        listen=listen,
        tls=tls,
        data_dir=SYSTEM_DATA if is_system else "./data",
        pins=pins,
        numbers=numbers,
    )


def _number(
    wishes: Wishes, talk: Talk, place: Place, country: str, count: int
) -> str | None:
    """Return the number of a SIM, as far as it is known or worth asking for."""
    read = values.e164(country)
    for known in (wishes.number(place), place.found.number):
        try:
            if known:
                return read(known)
        except ValueError:
            continue
    if count == 1 or place.found.sim != READY or not talk.is_interactive:
        return None
    question = (
        f"Number of the SIM at {place.where}, to test it from the other (Enter: skip)"
    )

    def optional(text: str) -> str:
        return read(text) if text else ""

    return talk.ask(question, "--number", optional, default="") or None


def _listen(wishes: Wishes, talk: Talk) -> tuple[str, str]:
    """Return where to listen, and how that is protected."""
    if wishes.listen is not None:
        found = values.listen(wishes.listen)
        return str(found), "off" if found.is_loopback else "self"
    question = "May other machines in your network use the gateway (TLS, with a key)?"
    if talk.is_interactive and talk.confirm(question, "--listen", default=False):
        return str(choose_address(f"{LAN}:{LAN_PORT}")), "self"
    return str(choose_address(None)), "off"


# --- the files


def save(wishes: Wishes, talk: Talk, planned: Plan, now: datetime) -> None:
    """Write the files, after a look at what is there. Raises GaveUp, NotWritten."""
    path = wishes.config
    try:
        parse(planned.text, str(path), path=path.absolute())
    except ConfigError as exc:  # our own mistake: keep it out of the file
        raise GaveUp(f"this is our mistake, nothing was written:\n{exc}") from None
    if path.exists():
        lines = difference(path, planned.text)
        if not lines:
            talk.good(f"{path} says so already")
        else:
            talk.warn(f"{path} exists. What would change:")
            for line in lines:
                talk.exact(f"      {line}")
            if not talk.confirm("Replace it? A copy is kept.", "--yes"):
                raise GaveUp(f"{path} was left as it is; --config FILE writes another")
    backup = write(path, planned.text, planned.pins, now)
    told = [str(path.with_name(name)) for name in planned.pins]
    talk.good(f"written: {', '.join([str(path), *told])}")
    if backup is not None:
        talk.say(f"as it was before: {backup}")


# --- the gateway


def start(wishes: Wishes, talk: Talk) -> Running:
    """Start the service where it is wished and can be, else a child for the tests."""
    path = wishes.config
    if not Service.is_there(path):
        return Child(path)
    for words in Service.commands:
        talk.command(shlex.join(words))
    wanted = wishes.start
    if wanted is None:
        wanted = talk.confirm(
            "Start it now and at every boot?", "--start or --no-start"
        )
    if not wanted:
        return Child(path)
    finding = Finding("service", "", "", "", Service.commands)
    if not put_right(finding, talk):
        raise GaveUp("the service did not start: journalctl -u modemgw says why")
    return Service()


def test(
    wishes: Wishes, talk: Talk, gateway: Gateway, answers: Answers, planned: Plan
) -> Json:
    """Send the test texts that are wished; return what became of them."""
    found: Json = {"test": None, "loopback": []}
    if to := _test_number(wishes, talk, answers.country):
        found["test"] = _send_one(talk, gateway, to)
    pairs = _pairs(answers, planned)
    if not pairs:
        return found
    wanted = wishes.loopback
    if wanted is None:
        told = ", ".join(f"{one} to {other}" for one, other in pairs)
        question = (
            f"Let the SIMs text one another ({told})? They may bill {len(pairs)} texts."
        )
        wanted = talk.is_interactive and talk.confirm(question, "--loopback", paid=True)
    for one, other in pairs if wanted else []:
        verdict = gateway.loopback(one, other)
        is_good = verdict["state"] == "passed"
        took = verdict.get("delivery_ms")
        after = "" if took is None else f" ({took / 1000:.1f} s)"
        tell = talk.good if is_good else talk.bad
        tell(
            f"{one} to {other}: {verdict['state']}{after}: {shown(verdict['why'], 200)}"
        )
        found["loopback"].append(
            {"from": one, "to": other, "state": verdict["state"], "delivery_ms": took}
        )
    return found


def _test_number(wishes: Wishes, talk: Talk, country: str) -> str:
    read = values.e164(country)
    if wishes.test_to is not None:
        return wishes.test_to
    if not talk.is_interactive:
        return ""

    def optional(text: str) -> str:
        return read(text) if text else ""

    question = "Your own number, for a test text (Enter: none)"
    to = talk.ask(question, "--test-to", optional, default="")
    if to and talk.confirm(
        f"One text goes to {to} now; your operator may bill it. Send it?",
        "--test-to",
        paid=True,
    ):
        return to
    return ""


def _send_one(talk: Talk, gateway: Gateway, to: str) -> Json:
    message = gateway.send(to, TEST_TEXT)
    message = gateway.wait_for(message, {"sent"}, REPORT_S)
    if message["state"] == "sent":
        talk.good(f"the network has the text to {to}; waiting for the delivery report")
        message = gateway.wait_for(message, {"delivered"}, REPORT_S)
    state, why = message["state"], (message.get("reason") or {}).get("detail")
    if state == "delivered":
        talk.good("delivered")
    elif state == "sent":
        talk.warn(
            "no delivery report yet: the phone may be off, or this operator sends none."
            f" Look again: modemgw messages show {message['id']}"
        )
    else:
        talk.bad(f"the text to {to}: {state}{f': {shown(why, 300)}' if why else ''}")
        talk.say(f"every step of it: modemgw messages show {message['id']}")
    return {"id": message["id"], "to": to, "state": state, "why": why}


def _pairs(answers: Answers, planned: Plan) -> list[tuple[str, str]]:
    """Return who texts whom: each SIM the next one whose number is known."""
    known = [
        planned.sims[index] for index in sorted(answers.numbers) if planned.sims[index]
    ]
    if len(known) < 2:  # noqa: PLR2004 - one has nobody to text
        return []
    return [(one, known[(at + 1) % len(known)]) for at, one in enumerate(known)]


def prove(
    wishes: Wishes, talk: Talk, gateway: Gateway, answers: Answers, planned: Plan
) -> Json:
    """Wait for the gateway, send what is wished, make key and link."""
    gateway.wait_until_up()
    modems = gateway.wait_for_modems(
        lambda why: talk.say(f"waiting: {shown(why)}", "·")
    )
    for modem in modems:
        ready = modem["phase"] == "ready" and modem["registration"] in REGISTERED
        network = shown(modem["operator"]) or "in the network"
        if ready:
            talk.good(f"{modem['name']}: {network}, ready to send")
        else:
            talk.bad(f"{modem['name']}: {shown(modem['why'], 200)}")
    config = gateway.client.config
    result: Json = {
        "ok": all(modem["phase"] == "ready" for modem in modems),
        "config": str(wishes.config),
        "data_dir": str(config.data_dir),
        "modems": [
            {key: modem[key] for key in ("name", "port", "imei", "phase", "why")}
            for modem in modems
        ],
        **test(wishes, talk, gateway, answers, planned),
    }
    text = result["test"]
    result["ok"] &= text is None or text["state"] in ("sent", "delivered")
    result["ok"] &= all(one["state"] == "passed" for one in result["loopback"])
    made = gateway.key(KEY_NAME, KEY_SCOPES)
    result["key"], result["url"] = made["key"], url(config)
    link = gateway.link(None if text is None else text["id"])
    result["link"] = None if link is None else result["url"] + link["path"]
    to = (text or {}).get("to") or next(iter(answers.numbers.values()), "NUMBER")
    result["curl"] = curl(config, made["key"], to)
    return result


def url(config: Config) -> str:
    """Return where the gateway answers whoever may reach it."""
    listen = config.http.listen[0]
    scheme = "http" if config.http.tls.mode == "off" else "https"
    return f"{scheme}://{type(listen)(_host(listen), listen.port)}"


def _host(listen: Listen) -> str:
    if listen.host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return listen.host
    from modemgw.api.own_names import own_names  # noqa: PLC0415 (help stays quick)

    names = [name for name in own_names(()) if name not in _LOOPBACK]
    addresses = [name for name in names if name[0].isdigit() and "." in name]
    return (addresses or names or ["127.0.0.1"])[0]


def curl(config: Config, key: str, to: str) -> str:
    """Return a line that works as it is."""
    trust = ""
    if config.http.tls.mode == "self":
        trust = f"--cacert {shlex.quote(str(ca_certificate(config)))} "
    body = json.dumps({"to": to, "text": "Hello from modemgw"}, ensure_ascii=False)
    return (
        f"curl -s {trust}{url(config)}/v1/messages"
        f" -H 'Authorization: Bearer {key}' -d '{body}'"
    )


def farewell(talk: Talk, gateway: Gateway, result: Json, *, is_service: bool) -> None:
    """Say what there is now, and what to type."""
    talk.say()
    talk.exact(f"  Key   {result['key']}   (shown only now)")
    if result["link"]:
        talk.exact(f"  Link  {result['link']}   (once, within 15 minutes)")
    talk.say()
    if not is_service:
        path = shlex.quote(result["config"])
        talk.say("Start the gateway:")
        talk.exact(f"  {program()} run --config {path}")
    talk.say("Send a text:")
    talk.exact(f"  {result['curl']}")
    talk.say()
