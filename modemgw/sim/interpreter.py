"""The AT side of a simulated modem: command lines in, answers and URCs out.

Everything typed ahead while a command is at work waits, as in a real modem; a
second command never starts before the final result code of the first.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modemgw.sim.answers import ERROR, NUMERIC, OK, NotThere, Refused, cms
from modemgw.sim.commands.every import COMMANDS
from modemgw.sim.commands.general import accepted
from modemgw.sim.commands.identity import iccid_command
from modemgw.sim.commands.table import PENDING, Answer, Command
from modemgw.sim.faults import Rule
from modemgw.sim.line import Call, Editor, parse_line

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

INTERLEAVE_S = 2.0  # how long Faults.interleave waits for an answer to break into
MAX_HELD = 100  # unsolicited lines kept back; a real buffer is smaller

Body = Callable[[bytes, bool], None]  # (typed octets, sent or cancelled)
Lines = Sequence[str]  # one line, or a header and what belongs to it


@dataclass(slots=True)
class _Job:
    """One command line at work."""

    calls: Sequence[Call] = ()
    at: int = 0
    info: list[Lines] = field(default_factory=list)
    inside: list[Lines] = field(default_factory=list)
    after: list[Lines] = field(default_factory=list)
    late_s: float = 0.0
    reboot: bool = False
    is_overdue: bool = False  # the next command is taken before the answer


def _has_text(header: str) -> bool:
    """Say whether the line behind this one belongs to it, whatever it is."""
    return header.startswith(("+CMGL:", "+CMGR:", "+CMT:"))


class Interpreter:
    """Runs the command lines of one modem and spells what it says."""

    def __init__(self, modem: "SimModem") -> None:
        self._modem = modem
        self.table = self._commands()
        self.prompts = 0  # prompts asked for, counted for Faults.no_prompt
        self._editor = Editor()
        self._ask: Body | None = None  # set while the prompt stands
        self._job: _Job | None = None  # set while a command line is at work
        self._last_line = ""
        self._held: list[Lines] = []
        self._seen: dict[str, int] = {}  # how often each rule's command came
        self._out = bytearray()  # what drips
        self._answers = 0
        self.is_quietened = False  # Persona.noise_off was sent

    def _commands(self) -> dict[str, Command]:
        persona = self._modem.persona
        table = {n: c for n, c in COMMANDS.items() if n not in persona.missing}
        for name in persona.accepts:
            table[name] = Command(accepted)
        for name in persona.iccid_commands:
            table[name] = Command(iccid_command(name), "CME")
        return table

    def reset(self, *, stuck: bool) -> None:
        """Start anew after power-on; `stuck`: somebody's prompt still stands."""
        self._editor.clear()
        self._out.clear()
        self._held.clear()
        self._job = _Job() if stuck else None
        self._ask = self._leave_stuck_prompt if stuck else None
        self.is_quietened = False

    @property
    def names(self) -> list[str]:
        """What AT+CLAC lists."""
        return sorted(self.table)

    def reboot_behind_answer(self) -> None:
        """Restart the modem as soon as the command in flight is answered."""
        if self._job is not None:
            self._job.reboot = True

    # --- inwards

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        self._editor.push(data)
        self._read_on()

    def _read_on(self) -> None:
        while self._job is None or self._ask is not None:
            if self._ask is not None:
                if (typed := self._editor.next_body()) is None:
                    break
                body, sent, echo = typed
                self._echo(echo)
                ask, self._ask = self._ask, None
                ask(body, sent)
                self._flush_held()
            else:
                if (line := self._editor.next_line()) is None:
                    break
                text, echo = line
                self._echo(echo)
                if text:
                    self._start(text)
        if self._job is None or self._ask is not None:
            self._echo(self._editor.take_echo())

    def _echo(self, data: bytes) -> None:
        settings = self._modem.settings
        if settings.echo and data:
            if self._ask is not None and settings.cmgf == 1:
                data = data.replace(b"\r", b"\r\n> ")
            self._put(data)

    def ask(self, body: Body) -> None:
        """Show the prompt; `body` gets what is typed up to Ctrl-Z or ESC."""
        faults = self._modem.faults
        self.prompts += 1
        if self.prompts in faults.no_prompt:
            self._job = None
            return
        for line in faults.urc_before_prompt:
            self.urc(line)
        self._ask = body
        self._put(b"\r\n> ")

    def _leave_stuck_prompt(self, body: bytes, sent: bool) -> None:
        if sent:
            self.refuse(cms(304))
        else:
            self.complete(())

    # --- one command line

    def _start(self, text: str) -> None:
        if self._modem.faults.zombie:
            return
        if text == "A/":
            text = self._last_line
        self._last_line = text
        self._job = job = _Job()
        try:
            job.calls = parse_line(text[2:])
        except Refused:
            self._finish(job, ERROR)
            return
        self._step(job)

    def _step(self, job: _Job) -> None:
        while job.at < len(job.calls):
            call = job.calls[job.at]
            job.at += 1
            if self._modem.faults.rules and self._ruled(call, job):
                return
            try:
                answer = self._answer(call)
            except NotThere:
                self._finish(job, self._modem.persona.unknown)
                return
            except Refused as refused:
                self._finish(job, refused.line(self._modem.settings.cmee))
                return
            if answer is PENDING or self._job is not job:
                return  # the second: the command restarted the modem
            if answer:
                job.info.append(answer)
        self._finish(job, OK)

    def _answer(self, call: Call) -> Answer:
        command = self.table.get(call.name)
        if call.typed() == self._modem.persona.noise_off:
            self.is_quietened = True
            return []
        if command is None:
            raise NotThere
        if command.card:
            self._modem.require_card(command.card)
        return command.answer(self._modem, call)

    def _ruled(self, call: Call, job: _Job) -> bool:
        """Apply the rules for this command; True where one of them answered it."""
        command = call.typed()
        counted: set[str] = set()
        for rule in self._modem.faults.rules:
            if not rule.is_about(command):
                continue
            if rule.command not in counted:
                counted.add(rule.command)
                self._seen[rule.command] = self._seen.get(rule.command, 0) + 1
            if rule.holds(self._seen[rule.command]) and self._apply(rule, job):
                return True
        return False

    def _apply(self, rule: Rule, job: _Job) -> bool:
        for line in rule.before:
            self.urc(line)
        job.inside += ([line] for line in rule.inside)
        job.after += ([line] for line in rule.after)
        job.late_s += rule.late_s
        job.reboot |= rule.reboot
        job.is_overdue |= rule.overdue
        if rule.say is None:
            return False
        if not rule.say:
            self._job = None
            if rule.reboot:
                self._modem.reboot()
            return True
        *info, final = rule.say
        if info:
            job.info.append(info)
        self._finish(job, final)
        return True

    def complete(self, info: Lines) -> None:
        """Give the answer of a command that was pending; the line goes on."""
        if (job := self._job) is not None:
            if info:
                job.info.append(info)
            self._step(job)
            self._read_on()

    def refuse(self, refused: Refused) -> None:
        """End a pending command with a refusal."""
        if (job := self._job) is not None:
            self._finish(job, refused.line(self._modem.settings.cmee))
            self._read_on()

    def forget(self) -> None:
        """End a pending command without a word."""
        self._job = None
        self._read_on()

    # --- outwards

    def _finish(self, job: _Job, final: str) -> None:
        late_s = job.late_s + self._modem.faults.answer_late_s
        if late_s <= 0:
            self._say(job, final)
            return
        self._modem.later(late_s, self._say_late, job, final)
        if job.is_overdue:
            self._job = None

    def _say_late(self, job: _Job, final: str) -> None:
        self._say(job, final)
        self._read_on()

    def _say(self, job: _Job, final: str) -> None:
        settings = self._modem.settings
        info = job.info
        if self._held or job.inside:
            info = self._mixed(info, [*self._held, *job.inside])
            self._held.clear()
        pieces = [self._spell(lines) for lines in info]
        if not settings.quiet:
            if settings.verbose:
                pieces.append(f"\r\n{final}\r\n")
            else:
                pieces.append(
                    f"{NUMERIC[final]}\r" if final in NUMERIC else f"{final}\r\n"
                )
        pieces += (self._spell(lines) for lines in job.after)
        if self._job is job:
            self._job = None
        self._put("".join(pieces).encode("latin-1", "replace"))
        if job.reboot:
            self._modem.reboot()

    def _mixed(self, info: list[Lines], others: list[Lines]) -> list[Lines]:
        """Put lines before, behind and into the information, in turn.

        A header is never parted from what belongs to it: TS 27.005 has no such
        modem, and the listings of those that do it cannot be read at all.
        """
        units: list[list[str]] = []
        for line in (line for lines in info for line in lines):
            waits = bool(units) and len(units[-1]) == 1 and _has_text(units[-1][0])
            if waits or (units and not line.startswith(("+", "^"))):
                units[-1].append(line)
            else:
                units.append([line])
        place = (0, len(units), len(units) // 2)[self._answers % 3]
        self._answers += 1
        return [*units[:place], *others, *units[place:]]

    def urc(self, *lines: str) -> None:
        """Say something unasked: one line, or a header and its PDU.

        It waits while somebody types behind the prompt, and under
        `Faults.interleave` for the middle of the next answer.
        """
        interleave = self._modem.faults.interleave
        if self._ask is None and not interleave:
            self._put(self._spell(lines).encode("latin-1", "replace"))
        elif len(self._held) < MAX_HELD:
            self._held.append(lines)
            if interleave:
                self._modem.later(INTERLEAVE_S, self._flush_held)

    def _flush_held(self) -> None:
        if self._ask is None and self._held:
            held, self._held = self._held, []
            for lines in held:
                self._put(self._spell(lines).encode("latin-1", "replace"))

    def _spell(self, lines: Lines) -> str:
        text = "\r\n".join(lines)
        if self._modem.settings.verbose:
            return f"\r\n{text}\r\n"
        return f"{NUMERIC[text]}\r" if text in NUMERIC else f"{text}\r\n"

    def _put(self, data: bytes) -> None:
        if not self._modem.faults.drip and not self._out:
            self._modem.write(data)
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self._drip)
        self._out += data

    def _drip(self) -> None:
        if self._out:
            self._modem.write(bytes(self._out[:1]))
            del self._out[:1]
        if self._out:
            asyncio.get_running_loop().call_soon(self._drip)
