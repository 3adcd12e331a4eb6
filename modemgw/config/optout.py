"""What a file may say about people who want no more messages."""

from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.inbound import reply_text, texts
from modemgw.config.key import key
from modemgw.config.off import is_off
from modemgw.config.positions import Section
from modemgw.policy.message import CLASSES
from modemgw.policy.optout import LANGUAGES, Reader
from modemgw.policy.phrases import fold

MAX_WORDS = 100
_TEXT = "text, or off"


class OptOutConfig(msgspec.Struct, frozen=True):
    """STOP, START and HELP; docs/how-to/opt-out.md."""

    read: Annotated[
        bool,
        key(
            "Take a text that says STOP for an opt-out. off: only the API can.",
            unit="on or off",
            default="on",
        ),
    ] = True
    classes: Annotated[
        tuple[str, ...],
        key(
            "Messages of these classes are not sent to who opted out. Codes and alerts "
            "are what somebody asked for or must know: think before you list them.",
            unit="list of marketing, transactional, otp, alert",
            default="[marketing]",
        ),
    ] = ("marketing",)
    scope: Annotated[
        str,
        key(
            "all: STOP is said to every SIM. sim: to the one that received it, and "
            "STOP ALL to every SIM.",
            unit="all or sim",
            default="all",
        ),
    ] = "all"
    languages: Annotated[
        tuple[str, ...],
        key(
            "Whose words count.",
            unit="list of codes such as [de, en]",
            default="all that are known",
        ),
    ] = LANGUAGES
    stop: Annotated[
        tuple[str, ...],
        key("Further texts that mean STOP.", unit="list of texts", default="[]"),
    ] = ()
    start: Annotated[
        tuple[str, ...],
        key("Further texts that mean START.", unit="list of texts", default="[]"),
    ] = ()
    confirm: Annotated[
        str | None,
        key("Answer the first STOP of a number so, once.", unit=_TEXT, default="off"),
    ] = None
    welcome: Annotated[
        str | None,
        key("Answer START so.", unit=_TEXT, default="off"),
    ] = None
    help: Annotated[
        str | None,
        key(
            "Answer HELP so. off: HELP is a word like any other.",
            unit=_TEXT,
            default="off",
        ),
    ] = None

    def reader(self) -> Reader:
        """Return what reads texts so."""
        return Reader(self.languages, stop=self.stop, start=self.start)


def opt_out(top: Section) -> OptOutConfig:
    """Read the section, or its defaults where it is not there."""
    section = top.section("opt_out", OptOutConfig.__struct_fields__)
    plain = OptOutConfig()
    if section is None:
        return plain
    classes, languages = section.get("classes"), section.get("languages")
    if classes is not None and classes.is_list and not classes.entries():
        classes.warn("an opt-out has no effect on any class")
    found = OptOutConfig(
        read=section.read("read", values.boolean, default=True),
        classes=plain.classes
        if classes is None
        else texts(section, "classes", values.one_of(*CLASSES)),
        scope=section.read("scope", values.one_of("all", "sim"), plain.scope),
        languages=plain.languages
        if languages is None
        else texts(section, "languages", values.one_of(*LANGUAGES)),
        stop=texts(section, "stop", _phrase),
        start=texts(section, "start", _phrase),
        confirm=section.read("confirm", _answer, None),
        welcome=section.read("welcome", _answer, None),
        help=section.read("help", _answer, None),
    )
    if max(len(found.stop), len(found.start)) > MAX_WORDS:
        (section.get("stop") or section.value).fail(f"more than {MAX_WORDS} texts")
    return found


def _phrase(text: str) -> str:
    if not fold(text):
        raise ValueError(f"expected a word, got {text!r}")
    return text


def _answer(text: str) -> str | None:
    return None if is_off(text) else reply_text(text)
