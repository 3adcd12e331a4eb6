"""Checks a draft and turns it into the row that will be written. No I/O.

The only way in: whatever front end a message comes from, it is checked here, and
a mistake names its field by JSON pointer.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from modemgw.config.model import Config
from modemgw.errors import FieldError, FieldProblem, PduEncodeError
from modemgw.gateway import once
from modemgw.gateway.asked import Names, RouteChecker
from modemgw.gateway.model import Caller, Draft
from modemgw.gateway.quiet import Calm
from modemgw.gateway.rendering import Size, size_of_data, size_of_text
from modemgw.number import InvalidNumber, parse
from modemgw.policy.message import OnInDoubt
from modemgw.store.messages import VERIFICATION
from modemgw.store.outbound import JsonDict, NewMessage

PRIORITIES = {"low": 0, "normal": 1, "high": 2, "urgent": 3}
PRIORITY_FLOOR = {"alert": 2, "otp": 2, "transactional": 0, "marketing": 0}
VALIDITY_S = {
    "otp": 300,
    "alert": 3600,
    "transactional": 86_400,
    "marketing": 86_400,
}
MAX_TEXT_OCTETS = 10_240  # of UTF-8
MAX_DATA_OCTETS = 10_240
MAX_METADATA_OCTETS = 4096  # of JSON
MAX_REFERENCE = 200  # characters
MAX_TAGS, MAX_TAG = 20, 64
MAX_VALIDITY_S = 63 * 7 * 86_400  # what TP-VP can say; 23.040, 9.2.3.12.1
MAX_AHEAD_MS = 366 * 86_400_000  # a message planned further ahead is a mistake


@dataclass(frozen=True, slots=True)
class Known:
    """What a draft may refer to by name."""

    names: Names
    callback_refusal: Callable[[str], str | None]  # why a URL may not be called


class Checker:
    """Checks drafts against one configuration."""

    def __init__(self, config: Config, known: Known) -> None:
        self._country = config.country
        self._calm = Calm(config.quiet_hours, config.timezone)
        self._route = RouteChecker(known.names, sticky=config.routing.sticky)
        self._known = known
        self._stay = frozenset(
            klass
            for klass in VALIDITY_S
            if config.retention.messages_of(klass) >= once.KEPT_S
        )

    def stays(self, klass: str) -> bool:
        """Say whether messages of a class are kept for as long as answers are."""
        return klass in self._stay

    def check(
        self,
        draft: Draft,
        caller: Caller,
        *,
        public_id: str,
        now: int,
        batch_id: int | None = None,
    ) -> NewMessage:
        """Return the message as it will be written.

        Raises FieldError with every problem found, KeyRestricted where the rules of
        the caller's key forbid it.
        """
        problems: list[FieldProblem] = []

        def wrong(pointer: str, code: str, detail: str) -> None:
            problems.append(FieldProblem(pointer, code, detail))

        to = self._recipient(draft, wrong)
        size = _body(draft, wrong)
        not_before = self._calm.until(draft.klass, to, max(draft.send_at or now, now))
        seconds = draft.expires_in or VALIDITY_S[draft.klass]
        route = self._route.options(
            draft, wrong, not_before=not_before, validity_s=seconds
        )
        if draft.callback_url is not None:
            why = self._known.callback_refusal(draft.callback_url)
            if why is not None:
                wrong("/callback_url", "invalid_url", why)
        _limits(draft, now, wrong)
        if problems or size is None:
            raise FieldError(problems[0].detail, errors=tuple(problems))
        if caller.rules is not None:
            caller.rules.check(draft.klass, to, route)
        return NewMessage(
            public_id=public_id,
            to=to,
            text=draft.text,
            data=draft.data,
            klass=draft.klass,
            priority=max(PRIORITIES[draft.priority], PRIORITY_FLOOR[draft.klass]),
            encoding=size.encoding,
            segments=size.segments,
            not_before=not_before,
            expires_at=not_before + seconds * 1000,
            created_at=now,
            scheduled=not_before > now,
            reference=draft.reference,
            tags=draft.tags,
            metadata=draft.metadata,
            options=_options(draft, route),
            key_id=caller.key_id,
            batch_id=batch_id,
        )

    def _recipient(self, draft: Draft, wrong: Callable[[str, str, str], None]) -> str:
        try:
            return parse(draft.to, self._country).text
        except InvalidNumber as exc:
            wrong("/to", "invalid_number", f"not a number that can be dialled: {exc}")
            return ""


def _options(draft: Draft, options: JsonDict) -> JsonDict:
    if draft.encoding != "auto":
        options["encoding"] = draft.encoding
    if draft.flash:
        options["flash"] = True
    if not draft.delivery_report:
        options["delivery_report"] = False
    if draft.on_in_doubt is not None:
        options["on_in_doubt"] = draft.on_in_doubt
    if draft.port is not None:
        options["port"] = draft.port
    if draft.callback_url is not None:
        options["callback_url"] = draft.callback_url
        if draft.dialect is not None:
            options["dialect"] = draft.dialect
    if draft.past_opt_out:
        options["past_opt_out"] = True
    if draft.resend_of is not None:
        options["resend_of"] = draft.resend_of
    if draft.verification is not None:
        options[VERIFICATION] = draft.verification
    return options


def _body(draft: Draft, wrong: Callable[[str, str, str], None]) -> Size | None:
    if (draft.text is None) == (draft.data is None):
        wrong("/text", "missing", "give either text, or data with port")
        return None
    try:
        if draft.data is not None:
            size = _data(draft.data, draft.port, wrong)
        else:
            size = _text(draft.text or "", draft.encoding, wrong)
    except PduEncodeError as exc:
        wrong("/text" if draft.data is None else "/data", "unencodable", str(exc))
        return None
    limit = draft.max_segments
    if limit is not None and size is not None and size.segments > limit:
        wrong(
            "/text" if draft.data is None else "/data",
            "too_long",
            f"takes {size.segments} segments, and max_segments is {limit}",
        )
    return size


def _text(
    text: str, encoding: str, wrong: Callable[[str, str, str], None]
) -> Size | None:
    try:
        octets = len(text) if text.isascii() else len(text.encode("utf-8"))
    except UnicodeEncodeError:
        wrong("/text", "unencodable", "contains half of a surrogate pair")
        return None
    if not text:
        wrong("/text", "missing", "is empty")
        return None
    if octets > MAX_TEXT_OCTETS:
        wrong("/text", "too_long", f"is longer than {MAX_TEXT_OCTETS} octets of UTF-8")
        return None
    return size_of_text(text, encoding)


def _data(
    data: bytes, port: int | None, wrong: Callable[[str, str, str], None]
) -> Size | None:
    if not data or len(data) > MAX_DATA_OCTETS:
        wrong("/data", "too_long", f"must have 1 to {MAX_DATA_OCTETS} octets")
        return None
    return size_of_data(data, port)


def _limits(draft: Draft, now: int, wrong: Callable[[str, str, str], None]) -> None:
    if draft.expires_in is not None and not 1 <= draft.expires_in <= MAX_VALIDITY_S:
        wrong("/expires_in", "out_of_range", f"must be 1 to {MAX_VALIDITY_S} seconds")
    if draft.send_at is not None and draft.send_at > now + MAX_AHEAD_MS:
        wrong("/send_at", "out_of_range", "is more than a year ahead")
    if draft.reference is not None and len(draft.reference) > MAX_REFERENCE:
        wrong("/reference", "too_long", f"is longer than {MAX_REFERENCE} characters")
    if len(draft.tags) > MAX_TAGS:
        wrong("/tags", "too_long", f"has more than {MAX_TAGS} tags")
    for index, tag in enumerate(draft.tags):
        if not 0 < len(tag) <= MAX_TAG:
            wrong(f"/tags/{index}", "too_long", f"must have 1 to {MAX_TAG} characters")
    if draft.metadata:
        octets = len(json.dumps(draft.metadata).encode("ascii"))
        if octets > MAX_METADATA_OCTETS:
            wrong("/metadata", "too_long", f"is over {MAX_METADATA_OCTETS} octets")
    if draft.on_in_doubt is not None and draft.on_in_doubt not in {
        choice.value for choice in OnInDoubt
    }:
        wrong("/on_in_doubt", "invalid", "must be hold, wait_report, resend or drop")
