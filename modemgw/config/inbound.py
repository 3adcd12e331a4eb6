"""What a file may say about messages that come in: rules, replies, forwarding."""

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.cards import Sims
from modemgw.config.key import key
from modemgw.config.places import place
from modemgw.config.positions import Section, Value
from modemgw.config.secret import Secret
from modemgw.policy.answering import MATCHES, Rule, check_reply
from modemgw.policy.message import CLASSES
from modemgw.policy.phrases import fold
from modemgw.policy.places import Places
from modemgw.policy.reply_guard import Limits

ReadSecret = Callable[[Section, str, str], Secret | None]
MAX_REPLY = 1000  # characters: seven parts
MAX_RULES = 200
_LONGEST_S = 30 * 86_400.0
_NAMES = "names of SIMs"


class ForwardConfig(msgspec.Struct, frozen=True):
    """Where a received message goes on to."""

    webhook: Annotated[
        str | None,
        key(
            "Post the event message.received there, signed, whatever `webhooks` says. "
            "Any target is allowed.",
            unit="http or https URL",
            default="none",
        ),
    ] = None
    secret: Annotated[
        Secret | None,
        key(
            "Signs these requests. Absent: one is made and shown by `modemgw webhooks "
            "secret`.",
            unit="whsec_…, or {file: PATH}, {env: NAME}, {credential: NAME}",
            default="made at the first start",
        ),
    ] = None
    number: Annotated[
        str | None,
        key(
            "Send its sender, time and text there as a message.",
            unit="phone number",
            default="none",
        ),
    ] = None


class InboundRule(msgspec.Struct, frozen=True):
    """What to do about some received messages. The first rule that fits counts."""

    match: Annotated[
        str,
        key(
            "keyword: the first word, in any case, with or without accents. prefix: "
            "the begin of the text. any: every text.",
            unit="keyword, prefix or any",
            default="keyword",
        ),
    ] = "keyword"
    keyword: Annotated[
        tuple[str, ...],
        key(
            "The words, or the begins of texts; none for `match: any`.",
            unit="list of words",
            default="required",
        ),
    ] = ()
    from_: Annotated[
        tuple[str, ...],
        key(
            "Only from these: prefixes, countries, short codes, short, or the names of "
            "senders without a number.",
            unit="list such as [+49, AT, 80888, MyBank]",
            default="anybody",
        ),
    ] = ()
    sim: Annotated[
        tuple[str, ...],
        key("Only where these received it.", unit=_NAMES, default="any SIM"),
    ] = ()
    reply: Annotated[
        str | None,
        key(
            "Answer so, by the same SIM where it can. Fields: {from} {to} {sim} "
            "{keyword} {date} {time}.",
            unit="text",
            default="none",
        ),
    ] = None
    forward: ForwardConfig = ForwardConfig()
    stop: Annotated[
        bool,
        key(
            "No rule behind this one is looked at where it fits.",
            unit="yes or no",
            default="yes",
        ),
    ] = True


class InboundConfig(msgspec.Struct, frozen=True):
    """Messages that come in: what they answer, and what is done about them."""

    in_reply_to: Annotated[
        float,
        key(
            "How long after a message of ours a text from its number is taken for the "
            "answer to it. 0s: never.",
            unit="0s to 30 days",
            default="7 days",
        ),
    ] = 7 * 86_400.0
    class_: Annotated[
        str,
        key(
            "Class of replies and forwarded messages.",
            unit="alert, otp, transactional or marketing",
            default="transactional",
        ),
    ] = "transactional"
    per_number: Annotated[
        int,
        key(
            "Replies to one number within an hour; more are not sent.",
            unit="replies, 1 to 60",
            default="3",
        ),
    ] = 3
    per_hour: Annotated[
        int,
        key(
            "Replies to all numbers within an hour, and as many forwarded messages.",
            unit="replies, 1 to 10000",
            default="60",
        ),
    ] = 60
    short_codes: Annotated[
        bool,
        key(
            "Reply to short codes, too: they are machines, and may be dear.",
            unit="on or off",
            default="off",
        ),
    ] = False
    rules: tuple[InboundRule, ...] = ()

    def limits(self) -> Limits:
        """Return the limits as policy reads them."""
        return Limits(self.per_number, self.per_hour, self.short_codes)

    def compiled(self) -> tuple[Rule, ...]:
        """Return the rules as policy reads them."""
        return tuple(_compiled(at, rule) for at, rule in enumerate(self.rules, 1))


def _compiled(at: int, rule: InboundRule) -> Rule:
    senders = [one for one in rule.from_ if _is_place(one)]
    return Rule(
        place=at,
        match=rule.match,
        words=tuple(map(fold, rule.keyword)),
        senders=Places(tuple((one, 0) for one in senders)),
        names=frozenset(one.casefold() for one in rule.from_ if one not in senders),
        sims=frozenset(rule.sim),
        reply=rule.reply,
        number=rule.forward.number,
        webhook=rule.forward.webhook,
        stop=rule.stop,
    )


def inbound(
    top: Section, country: str, sims: Sims, secret: ReadSecret
) -> InboundConfig:
    """Read the section, or its defaults where it is not there."""
    section = top.section("inbound", _keys(InboundConfig))
    if section is None:
        return InboundConfig()
    plain = InboundConfig()
    own = [card.number for card in sims.cards if card.number is not None]
    rules = tuple(
        _rule(entry, country, own, secret) for entry in section.entries("rules")
    )
    for entry, rule in zip(section.entries("rules"), rules, strict=True):
        if rule.match == "any" and rule.stop and not (rule.from_ or rule.sim):
            if rule is not rules[-1]:
                entry.warn("takes every text: the rules below it have no effect")
            break
    if len(rules) > MAX_RULES:
        section.entries("rules")[MAX_RULES].fail(f"more than {MAX_RULES} rules")
    return InboundConfig(
        in_reply_to=section.read("in_reply_to", _window, plain.in_reply_to),
        class_=section.read("class", values.one_of(*CLASSES), plain.class_),
        per_number=section.read("per_number", values.integer(1, 60), plain.per_number),
        per_hour=section.read("per_hour", values.integer(1, 10_000), plain.per_hour),
        short_codes=section.read("short_codes", values.boolean, default=False),
        rules=rules,
    )


def _rule(
    entry: Value, country: str, own: Sequence[str], secret: ReadSecret
) -> InboundRule:
    section = entry.section(_keys(InboundRule))
    match = section.read("match", values.one_of(*MATCHES), "keyword")
    one = match == "keyword"
    words = texts(section, "keyword", _keyword if one else _begin)
    forward = _forward(section, country, own, secret)
    reply = section.read("reply", reply_text, None)
    if entry.is_mapping:
        if match == "any" and words:
            entry.fail("match: any looks at no words; leave `keyword` out")
        if match != "any" and not words and section.get("keyword") is None:
            entry.fail("needs words: keyword: [HOURS]")
        if section.get("reply") is None and section.get("forward") is None:
            entry.fail("does nothing; give reply or forward")
    return InboundRule(
        match=match,
        keyword=words,
        from_=texts(section, "from", sender),
        sim=texts(section, "sim", values.name),
        reply=reply,
        forward=forward,
        stop=section.read("stop", values.boolean, default=True),
    )


def _forward(
    section: Section, country: str, own: Sequence[str], secret: ReadSecret
) -> ForwardConfig:
    value = section.get("forward")
    below = section.section("forward", ForwardConfig.__struct_fields__)
    if value is None or below is None:
        return ForwardConfig()
    if value.is_mapping and (below.get("webhook") is None) == (
        below.get("number") is None
    ):
        value.fail("expected exactly one of webhook and number")
    number = below.read("number", values.e164(country), None)
    if number is not None and number in own:
        value.fail(f"{number} is a SIM of ours: its texts would go round in a circle")
    if below.get("secret") is not None and below.get("webhook") is None:
        value.fail("a secret signs requests to a webhook")
    return ForwardConfig(
        webhook=below.read("webhook", values.url, None),
        secret=secret(below, "secret", "whsec"),
        number=number,
    )


def _keys(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the keys of a section; `from` and `class` are words of Python."""
    return tuple(name.removesuffix("_") for name in struct.__struct_fields__)


def texts(section: Section, word: str, read: Callable[[str], str]) -> tuple[str, ...]:
    """Read one text, or a list of them, each once."""
    value = section.get(word)
    if value is None:
        return ()
    each = value.entries() if value.is_list or value.is_empty else [value]
    found = [one.read(read) for one in each]
    return tuple(dict.fromkeys(text for text in found if text is not None))


def _keyword(text: str) -> str:
    if len(fold(text).split()) != 1:
        raise ValueError(f"expected one word, got {text!r}; see match: prefix")
    return text


def _begin(text: str) -> str:
    if not fold(text):
        raise ValueError(f"expected the begin of a text, got {text!r}")
    return text


def reply_text(text: str) -> str:
    """A text that is sent as an answer, with `{name}` fields."""
    if len(text) > MAX_REPLY:
        raise ValueError(f"a reply has at most {MAX_REPLY} characters")
    return check_reply(text)


def _is_place(text: str) -> bool:
    try:
        return place(text) == text
    except ValueError:
        return False


def sender(text: str) -> str:
    """A prefix, a country, a short code, or the name of a sender."""
    try:
        return place(text)
    except ValueError as exc:
        if any(c.isalpha() for c in text) and len(text) <= 11:  # noqa: PLR2004 - TP-OA
            return text
        raise exc from None


def _window(text: str) -> float:
    seconds = values.duration(text)
    if seconds > _LONGEST_S:
        raise ValueError(f"expected at most 30 days, got {text!r}")
    return seconds
