"""Shows that the new gateway works: first texts, first key, first link."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

from modemgw.cli.client import Refused
from modemgw.cli.demo import program
from modemgw.cli.output import printable
from modemgw.cli.setup_flow import optional
from modemgw.cli.setup_gateway import REPORT_S, Gateway, Service
from modemgw.cli.setup_plan import Place, shown
from modemgw.cli.setup_talk import Talk
from modemgw.cli.setup_wishes import Wishes
from modemgw.config import values
from modemgw.config.model import Config
from modemgw.config.paths import ca_certificate
from modemgw.config.values import Listen

Json = dict[str, Any]

KEY_NAME = "setup"
KEY_SCOPES = ["messages:send", "messages:read", "sims:read", "modems:read"]
REGISTERED = ("home", "roaming", None)  # None: it does not tell
TEST_TEXT = "modemgw works: this is its first text."
SANDBOX = "+999000001"  # of the simulated network, where nothing costs anything
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MODEM = (
    *("name", "port", "imei", "manufacturer", "model", "phase", "why", "operator"),
    *("registration", "signal_dbm", "sim"),
)


def prove(
    wishes: Wishes, talk: Talk, gateway: Gateway, places: Sequence[Place]
) -> Json:
    """Wait for the gateway, send what is wished, make key and link."""
    gateway.wait_until_up()
    modems = gateway.wait_for_modems(
        lambda why: talk.say(f"waiting: {shown(why, 200)}", "·")
    )
    is_ready = [_tell(talk, modem) for modem in modems]
    is_simulated = all(place.is_simulated for place in places)
    config = gateway.client.config
    text, loops = None, list[Json]()
    if any(is_ready):
        text = _text(wishes, talk, gateway, config.country, is_simulated=is_simulated)
        loops = _loopback(wishes, talk, gateway, is_simulated=is_simulated)
    elif wishes.test_to:
        talk.bad("no text is sent: no modem can send")
    made = gateway.key(KEY_NAME, KEY_SCOPES)
    link = gateway.link(None if text is None else text["id"])
    where = url(config)
    sims = gateway.sims()
    numbers = [sim["number"] for sim in sims if sim["number"]]
    to = (text or {}).get("to") or (SANDBOX if is_simulated else "")
    return {
        "ok": all(is_ready)
        and (text is None or text["state"] in ("sent", "delivered"))
        and all(one["state"] == "passed" for one in loops),
        "config": str(wishes.config),
        "data_dir": str(config.data_dir),
        "modems": [{key: modem[key] for key in _MODEM} for modem in modems],
        "sims": [
            {key: sim[key] for key in ("name", "iccid", "number", "smsc", "modem")}
            for sim in sims
        ],
        "test": text,
        "loopback": loops,
        "url": where,
        "key": made["key"],
        "link": where + link["path"],
        "curl": curl(config, made["key"], to or next(iter(numbers), "NUMBER")),
    }


def _tell(talk: Talk, modem: Json) -> bool:
    is_ready = modem["phase"] == "ready" and modem["registration"] in REGISTERED
    if is_ready:
        network = shown(modem["operator"]) or "in the network"
        talk.good(f"{modem['name']}: {network}, ready to send")
    else:
        talk.bad(f"{modem['name']}: {shown(modem['why'], 200)}")
    if modem["phase"] == "ready" and not is_ready:
        talk.say("Look at the antenna, and whether the SIM works in a phone.")
    return is_ready


# --- the first texts


def _text(
    wishes: Wishes, talk: Talk, gateway: Gateway, country: str, *, is_simulated: bool
) -> Json | None:
    """Send one text where that is wished, and follow it; None: none was."""
    to = wishes.test_to
    if to is None and talk.is_interactive:
        read, default = optional(values.e164(country)), SANDBOX if is_simulated else ""
        question = "Your own number, for a test text (Enter: none)"
        if is_simulated:
            question = "A number of the simulated network, for a test text"
        to = talk.ask(question, "--test-to", read, default=default)
        sure = f"One text goes to {to} now, which your operator may bill. Send it?"
        if to and not is_simulated and not talk.confirm(sure, "--test-to", paid=True):
            to = ""
    if not to:
        return None
    try:
        message = gateway.send(to, TEST_TEXT)
    except Refused as exc:
        talk.bad(f"the text to {to} was refused: {exc}")
        return {"id": None, "to": to, "state": "refused", "why": str(exc)}
    message = gateway.wait_for(message, {"sent"}, REPORT_S)
    if message["state"] == "queued":  # it shall not come when nobody waits any more
        message = gateway.cancel(message)
    if message["state"] == "sent":
        talk.say("the network has the text; waiting for the delivery report", "·")
        message = gateway.wait_for(message, {"delivered"}, REPORT_S)
    state, why = message["state"], (message.get("reason") or {}).get("detail")
    more = f"{program()} messages show {message['id']}"
    if state == "delivered":
        talk.good(f"the text to {to} was delivered")
    elif state == "sent":
        talk.warn(
            "no delivery report yet: the phone may be off, or this operator sends none."
            f" Look again: {more}"
        )
    else:
        talk.bad(f"the text to {to}: {state}{f': {shown(why, 300)}' if why else ''}")
        talk.say(f"Every step of it: {more}")
    return {"id": message["id"], "to": to, "state": state, "why": why}


def _loopback(
    wishes: Wishes, talk: Talk, gateway: Gateway, *, is_simulated: bool
) -> list[Json]:
    """Let each SIM text the next one whose number is known, where that is wished."""
    known = [sim["name"] for sim in gateway.sims() if sim["number"] and sim["modem"]]
    pairs = [(one, known[(at + 1) % len(known)]) for at, one in enumerate(known)]
    if len(known) < 2:  # noqa: PLR2004 - one has nobody to text
        return []
    wanted = wishes.loopback
    if wanted is None:
        price = "" if is_simulated else f" Operators may bill {len(pairs)} texts."
        question = f"Let the {len(known)} SIMs text one another, as a test?{price}"
        wanted = talk.is_interactive and talk.confirm(
            question, "--loopback", paid=not is_simulated
        )
    found: list[Json] = []
    for one, other in pairs if wanted else []:
        try:
            verdict = gateway.loopback(one, other)
        except Refused as exc:
            verdict = {"state": "refused", "why": str(exc), "delivery_ms": None}
        took = verdict["delivery_ms"]
        after = "" if took is None else f" after {took / 1000:.1f} s"
        why = shown(verdict["why"], 200)
        if verdict["state"] == "passed":
            talk.good(f"{one} to {other}: arrived{after}")
        else:
            talk.bad(f"{one} to {other}: {verdict['state']}: {why}")
        told = {"state": verdict["state"], "why": why, "delivery_ms": took}
        found.append({"from": one, "to": other, **told})
    return found


# --- what to type now


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
    addresses = [name for name in names if name.replace(".", "").isdigit()]
    return (addresses or names or ["127.0.0.1"])[0]


def curl(config: Config, key: str, to: str) -> str:
    """Return a line that works as it is."""
    trust = ""
    if config.http.tls.mode == "self":
        trust = f"--cacert {shlex.quote(str(ca_certificate(config)))} "
    body = json.dumps({"to": to, "text": "Hello from modemgw"}, ensure_ascii=False)
    return (
        f"curl -s {trust}{url(config)}/v1/messages"
        f" -H 'Authorization: Bearer {key}' -d {shlex.quote(body)}"
    )


def farewell(talk: Talk, result: Json, wishes: Wishes, *, runs: bool) -> None:
    """Say what there is now, and what to type."""
    talk.say()
    talk.exact(f"  Key   {result['key']}")
    talk.exact("        (for your programs; shown only now)")
    talk.exact(f"  Link  {result['link']}")
    talk.exact("        (opens once, within 15 minutes: a key and lines to paste)")
    talk.say()
    if not runs:
        talk.exact("  Start the gateway:")
        talk.exact("")
        start = f"{program()} run --config {shlex.quote(str(wishes.config))}"
        if Service.is_there(wishes.config):
            start = "systemctl enable --now modemgw"
        talk.exact(printable(start))
        talk.exact("")
    talk.exact("  Send a text:")
    talk.exact("")
    talk.exact(result["curl"])
    talk.exact("")
