"""Twilio's Messages resource, for its SDKs with their base URL changed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial

import msgspec
from aiohttp import web

from modemgw import number
from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.auth import require
from modemgw.api.dialects import desk, twilio_words
from modemgw.api.dialects.desk import Ask, Dialect
from modemgw.api.dialects.twilio_words import Wrong
from modemgw.errors import Conflict, NotFound
from modemgw.gateway import twilio
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Caller, Draft
from modemgw.store import messages as rows
from modemgw.store.keys import KeyRow
from modemgw.store.messages import Filter, MessageRow

SURFACE = "twilio"
REDACT = "messages:redact"
MAX_TEXT = 1600  # characters, Twilio's own limit
MAX_VALIDITY_S = 36_000
PAGE, MAX_PAGE = 50, 1000
_DAY_MS = 86_400_000
_FIRST_YEAR, _LAST_YEAR = 1971, 8999


async def post_message(ask: Ask) -> web.Response:
    """Queue one message."""
    caller = await _caller(ask, desk.SEND)
    form = await ask.form()
    submitted = await ask.gateway.submit(_draft(ask.gateway, form), caller)
    return await _one(ask, submitted.id, status=201)


def _draft(gateway: Gateway, form: Mapping[str, str]) -> Draft:
    """Read the form of a new message; what Twilio has and we have not is ignored."""
    to, text = form.get("To", ""), form.get("Body", "")
    if not to:
        raise Wrong(21604, "A 'To' phone number is required.")
    sender = form.get("From") or None
    if to.startswith("whatsapp:") or (sender or "").startswith("whatsapp:"):
        raise Wrong(63007, "There is no WhatsApp here: it sends SMS alone.")
    if form.get("MediaUrl"):
        raise Wrong(21620, "There is no MMS here: leave MediaUrl out.")
    if not text:
        raise Wrong(21602, "Message body is required.")
    if len(text) > MAX_TEXT:
        raise Wrong(21617, f"The message body exceeds the {MAX_TEXT} character limit.")
    callback = form.get("StatusCallback") or None
    return Draft(
        to=to,
        text=desk.plain(text),
        sim=None if sender is None else _sim(gateway, sender),
        pool=_pool(gateway, form.get("MessagingServiceSid", "")),
        send_at=_send_at(form),
        expires_in=_validity(form.get("ValidityPeriod", "")),
        callback_url=callback,
        dialect=None if callback is None else twilio.NAME,
        metadata={"surface": SURFACE},
    )


def _sim(gateway: Gateway, sender: str) -> str:
    """Return the SIM with this number or name; there is no other to send from."""
    sims = gateway.sims()
    try:
        wanted = number.parse(sender, gateway.config.country).text
    except number.InvalidNumber:
        wanted = sender
    for sim in sims:
        if sender == sim.name or wanted == sim.number:
            return sim.name
    known = ", ".join(
        f"{sim.name} ({sim.number or 'number not known'})" for sim in sims
    )
    raise Wrong(
        21606,
        f"The 'From' {sender[:20]!r} is no SIM of this gateway; these are: "
        f"{known or 'none'}. Leave From out for any of them.",
    )


def _pool(gateway: Gateway, sid: str) -> str | None:
    """Return the pool of this name; a sid of Twilio's own stands for any SIM."""
    if not sid or twilio_words.is_service(sid):
        return None
    if sid not in gateway.pool.router.pools:
        raise Wrong(21701, f"There is no pool {sid[:40]!r}.")
    return sid


def _send_at(form: Mapping[str, str]) -> int | None:
    text = form.get("SendAt", "")
    if not text:
        return None
    if form.get("ScheduleType") != "fixed":
        raise Wrong(35111, "SendAt needs ScheduleType=fixed.")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(35114, "SendAt is a time such as 2026-12-01T00:00:00Z.") from None
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise Wrong(35114, "SendAt is outside of the years that are kept.")
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return round(when.timestamp() * 1000)


def _validity(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_VALIDITY_S):
        raise Wrong(21625, f"ValidityPeriod is 1 to {MAX_VALIDITY_S} seconds.")
    return int(text)


async def get_message(ask: Ask) -> web.Response:
    """Show one message of either direction."""
    await _caller(ask, desk.READ)
    return await _one(ask, _wanted(ask))


async def update_message(ask: Ask) -> web.Response:
    """Cancel a message that waits, or take the text of a sent one away."""
    caller = await _caller(ask)
    form, wanted = await ask.form(), _wanted(ask)
    if form.get("Status"):
        require(caller, desk.SEND)
        if form["Status"] != "canceled":
            raise Wrong(20001, "Status can only become 'canceled'.")
        try:
            await ask.gateway.cancel(wanted, caller)
        except Conflict as exc:
            raise Wrong(30409, f"This message cannot be canceled: {exc}") from None
    elif "Body" in form:
        require(caller, REDACT)
        if form["Body"]:
            raise Wrong(20001, "Body can only become empty, which redacts it.")
        await _redact(ask, wanted, caller)
    else:
        raise Wrong(20001, "Give Status=canceled, or an empty Body.")
    return await _one(ask, wanted)


async def delete_message(ask: Ask) -> web.Response:
    """Take the text away; what is accounted for stays."""
    caller = await _caller(ask, REDACT)
    await _redact(ask, _wanted(ask), caller)
    return web.Response(status=204)


async def _redact(ask: Ask, wanted: str, caller: Caller) -> None:
    try:
        await ask.gateway.offices.records.redact(wanted, caller)
    except Conflict as exc:
        raise Wrong(20009, f"This message is not finished: {exc}", 409) from None


async def list_messages(ask: Ask) -> web.Response:
    """List messages, newest first."""
    await _caller(ask, desk.READ)
    query = ask.request.query
    size = _number(query.get("PageSize", ""), PAGE, 1, MAX_PAGE)
    page = _number(query.get("Page", ""), 0, 0, 10**9)
    token = query.get("PageToken")
    wanted = _filter(query, ask.gateway.config.country)
    found = await ask.gateway.store.read(
        partial(
            rows.list_messages,
            wanted=wanted,
            limit=size + 1,
            cursor=body.cursor(token) if token else None,
        )
    )
    has_more, found = len(found) > size, found[:size]
    paging = twilio_words.Paging(
        path=ask.request.path,
        query={k: v for k, v in query.items() if not k.startswith("Page")},
        page=page,
        size=size,
        token=token,
        next_token=body.write_cursor(found[-1].id) if has_more else None,
    )
    account = _account(ask)
    shown = [_show(ask, row, account) for row in found]
    return _json({"messages": shown, **paging.fields(len(shown))})


def _filter(query: Mapping[str, str], country: str) -> Filter:
    since = until = None
    if text := query.get("DateSent"):
        since, _ = _times(text)  # SDKs write the day as its midnight
        since -= since % _DAY_MS
        until = since + _DAY_MS
    if text := query.get("DateSent>"):
        since, _ = _times(text)
    if text := query.get("DateSent<"):
        _, until = _times(text)
    return Filter(
        to=_as_stored(query.get("To", ""), country),
        from_=_as_stored(query.get("From", ""), country),
        since=since,
        until=until,
    )


def _times(text: str) -> tuple[int, int]:
    """Read a day or an instant; return its first and its last millisecond, plus one."""
    if "\x00" in text or len(text) > 40:  # noqa: PLR2004
        raise Wrong(20001, "A date is written 2026-12-01 or 2026-12-01T00:00:00Z.")
    try:
        if len(text) == len("2026-12-01"):
            day = date.fromisoformat(text)
            when = datetime(day.year, day.month, day.day, tzinfo=UTC)
            length = _DAY_MS
        else:
            # A plus in a query string arrives as a space.
            when, length = datetime.fromisoformat(text.replace(" ", "+")), 1000
    except ValueError:
        raise Wrong(
            20001, "A date is written 2026-12-01 or 2026-12-01T00:00:00Z."
        ) from None
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise Wrong(20001, "The date is outside of the years that are kept.")
    start = round(
        (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000
    )
    return start, start + length


def _as_stored(text: str, country: str) -> str | None:
    if not text:
        return None
    text = f"+{text[1:]}" if text[:1] == " " else text
    try:
        return number.parse(text, country).text
    except number.InvalidNumber:
        return desk.plain(text, "?To")


def _number(text: str, default: int, low: int, high: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Wrong(20001, "Page and PageSize are numbers.")
    return min(max(int(text[:9]), low), high)


async def get_account(ask: Ask) -> web.Response:
    """Show the account: what programs ask for to try credentials out."""
    caller = await _caller(ask)
    return _json(twilio_words.account(_account(ask), caller.name))


async def get_balance(ask: Ask) -> web.Response:
    """Show what is left on the SIMs together, as far as it is known."""
    await _caller(ask, "sims:read")
    known = [sim.balance for sim in ask.gateway.sims() if sim.balance is not None]
    return _json(
        twilio_words.balance(_account(ask), known, ask.gateway.config.sims.currency)
    )


def _account(ask: Ask) -> str:
    return ask.request.match_info["account"]


async def _caller(ask: Ask, scope: str | None = None) -> Caller:
    """Return who asks: AccountSid (or SK…) and AuthToken of a key, as Basic."""
    given = twilio.basic(ask.request.headers.get("Authorization", ""))
    if given is None:
        raise ask.nobody("Authenticate")
    user, token = given
    key = twilio.key_of(user)
    if key is None or len(token) > 2 * twilio.TOKEN_OCTETS:
        raise ask.nobody("Authenticate")
    pepper = ask.gateway.outlets.pepper

    def opens(row: KeyRow, now: int) -> bool:
        return twilio.opens(pepper, row, token, now)

    caller = await ask.by_proof(key, opens)
    if _account(ask) != twilio.account_sid(key):
        raise NotFound("the account in the path is not that of these credentials")
    if scope is not None:
        require(caller, scope)
    return caller


def _wanted(ask: Ask) -> str:
    """Return our id of the message in the path. Raises NotFound."""
    found = twilio.message_id(ask.request.match_info["sid"])
    if found is None:
        raise NotFound("this is no sid of a message")
    return found


async def _one(ask: Ask, public_id: str, status: int = 200) -> web.Response:
    row = await desk.row_of(ask.gateway, public_id)
    return _json(_show(ask, row, _account(ask)), status)


def _show(ask: Ask, row: MessageRow, account: str) -> dict[str, object]:
    return twilio_words.message(row, account, ask.gateway.config.sims.currency)


def _json(value: object, status: int = 200) -> web.Response:
    return json_response(msgspec.json.encode(value), status)


_ACCOUNT = f"/{twilio.API_VERSION}/Accounts/{{account}}"
DIALECT = Dialect(
    SURFACE,
    (
        ("POST", f"{_ACCOUNT}/Messages.json", post_message),
        ("GET", f"{_ACCOUNT}/Messages.json", list_messages),
        ("GET", f"{_ACCOUNT}/Messages/{{sid}}.json", get_message),
        ("POST", f"{_ACCOUNT}/Messages/{{sid}}.json", update_message),
        ("DELETE", f"{_ACCOUNT}/Messages/{{sid}}.json", delete_message),
        ("GET", f"{_ACCOUNT}.json", get_account),
        ("GET", f"{_ACCOUNT}/Balance.json", get_balance),
        (
            "*",
            f"/{twilio.API_VERSION}/{{rest:.*}}",
            desk.nowhere(NotFound("there is nothing at this path")),
        ),
    ),
    twilio_words.refuse,
)
