"""One command in flight, and what its final result code means."""

from collections.abc import Callable
from typing import TypeAlias

from modemgw.errors import AtError, CmeError, CmsError, ModemError
from modemgw.modem.model import WireLine
from modemgw.promise import Reply

Answer: TypeAlias = "Reply[str | ModemError | None]"


class Flight:
    """The command in flight. `done` gets the final code, None at the deadline.

    `on_prompt` is called as the prompt comes, inside of the read that brought it:
    what is to be typed there goes out before anything else is done.
    """

    wire: list[tuple[float, str, str]] | None = None  # of submits only, by loop time
    prompted = False
    stands = False  # at its prompt, which outlives a deadline
    typed_at: float | None = None  # when the TPDU and Ctrl-Z went out
    is_cut = False  # its deadline is that of the OK behind the reference
    stale = 0  # final codes still owed by a submit that was given up
    final: str | None = None  # came with the read that is being taken

    def __init__(
        self,
        text: str,
        prefixes: tuple[str, ...],
        began: float,
        done: Answer,
        on_prompt: Callable[[], None] | None = None,
    ) -> None:
        self.text = text
        self.prefixes = prefixes
        self.began = began
        self.done = done
        self.on_prompt = on_prompt  # of submits only
        self.lines: list[str] = []

    def transcript(self) -> tuple[WireLine, ...]:
        """Return what passed the wire, as people read it."""
        began, lines = self.began, self.wire or ()
        return tuple([(int((at - began) * 1000), way, text) for at, way, text in lines])


def resolve(future: Answer, value: str | ModemError | None) -> None:
    """Complete a wait unless it is complete already."""
    if not future.done():
        future.set_result(value)


def refusal(command: str, final: str) -> AtError:
    """Turn a final code other than OK into the exception that carries it."""
    kind, _, code = final.partition(":")
    number = int(code) if code.strip().isdigit() else None
    if kind == "+CMS ERROR":
        return CmsError(command, number, final)
    if kind == "+CME ERROR":
        return CmeError(command, number, final)
    return AtError(command, number, final)
