"""The AT side of a simulated modem: command lines in, answers and URCs out.

Everything typed ahead while a command is at work waits, as in a real modem; a
second command never starts before the final result code of the first.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modemgw.sim.answers import ERROR, NUMERIC, OK, Final, NotThere, Refused, cms
from modemgw.sim.commands.every import COMMANDS
from modemgw.sim.commands.general import accepted, restart
from modemgw.sim.commands.identity import described, iccid_command
from modemgw.sim.commands.table import PENDING, Answer, Command
from modemgw.sim.faults import Rule
from modemgw.sim.line import Call, Editor, parse_line
from modemgw.sim.mixing import Lines, mixed

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

INTERLEAVE_S = 2.0  # how long Faults.interleave waits for an answer to break into
MAX_HELD = 100  # unsolicited lines kept back; a real buffer is smaller

Body = Callable[[bytes, bool], None]  # (typed octets, sent or cancelled)


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


def _nobody(data: bytes) -> None:
    """Take what is said while no wire is joined."""


class Interpreter:
    """Runs the command lines of one port of a modem and spells what it says.

    `write` is set by the wire and takes what is said.
    """

    def __init__(self, modem: "SimModem", number: int = 0) -> None:
        self._modem = modem
        self.number = number  # of this port; 0 is where unsolicited lines come
        self.write: Callable[[bytes], None] = _nobody
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

    def _commands(self) -> dict[str, Command]:
        persona = self._modem.persona
        table = {n: c for n, c in COMMANDS.items() if n not in persona.missing}
        for name in persona.accepts:
            table[name] = Command(accepted)
        for name in persona.reset_commands:
            table[name] = Command(restart)
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
        self.table = self._commands()

    @property
    def names(self) -> list[str]:
        """What AT+CLAC lists."""
        return sorted(self.table)

    def reboot_behind_answer(self) -> None:
        """Restart the modem as soon as the command in flight is answered."""
        if self._job is not None:
            self._job.reboot = True

    # --- inwards

    def data_received(self, data: bytes) -> None:
        """Take what was typed, unless the modem has no power or still starts."""
        if self._modem.listens:
            self.feed(data)

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        self._modem.interpreter = self
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
            self._put(data * (2 if self._modem.faults.echo_twice else 1))

    def ask(self, body: Body) -> None:
        """Show the prompt; `body` gets what is typed up to Ctrl-Z or ESC."""
        faults = self._modem.faults
        self.prompts += 1
        if self.prompts in faults.no_prompt:
            self._modem.forget()
            return
        self._modem.moment("command")
        for line in faults.urc_before_prompt:
            self.urc(line)
        self._ask = body
        self._put(b"\r\n> ")
        self._modem.moment("prompt")

    def _leave_stuck_prompt(self, body: bytes, sent: bool) -> None:
        if sent:
            self.refuse(cms(304))
        else:
            self.complete(())

    # --- one command line

    def _start(self, text: str) -> None:
        if self._is_deaf():
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

    def _is_deaf(self) -> bool:
        modem = self._modem
        modem.sibling_heard |= self.number > 0
        return (
            modem.faults.zombie
            or (modem.persona.deaf_without_radio and modem.radio != 1)
            or (modem.faults.sibling_freeze and not modem.sibling_heard)
        )

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
                self._finish(job, self._refusal(refused))
                return
            if answer is PENDING or self._job is not job:
                return  # the second: the command restarted the modem
            if answer:
                job.info.append(answer)
        self._finish(job, OK)

    def _answer(self, call: Call) -> Answer:
        command = self.table.get(call.name)
        typed, persona = call.typed(), self._modem.persona
        if typed in persona.noise_off:
            self._modem.silenced.add(typed)
            return self._known(call) if command else []
        if typed == persona.ussd_plain:
            self._modem.ussd_plain = True
            return []
        for start, final in persona.refuses.items():
            if typed.startswith(start):
                raise Final(final)
        if typed in persona.says:
            return described(self._modem, persona.says[typed])
        return self._known(call)

    def _known(self, call: Call) -> Answer:
        command = self.table.get(call.name)
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
                self._modem.restart()
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
            self._finish(job, self._refusal(refused))
            self._read_on()

    def _refusal(self, refused: Refused) -> str:
        return refused.line(self._modem.settings.cmee, self._modem.persona.error_format)

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
        held = [] if self._modem.faults.glue else self._held
        if held or job.inside:
            info = mixed(info, [*held, *job.inside], self._answers)
            self._answers += 1
            held.clear()
        pieces = [self._spell(lines) for lines in info]
        if not settings.quiet:
            if settings.verbose:
                pieces.append(f"\r\n{final}\r\n")
            else:
                pieces.append(
                    f"{NUMERIC[final]}\r" if final in NUMERIC else f"{final}\r\n"
                )
        pieces += (self._spell(lines) for lines in job.after)
        if self._modem.faults.glue and self._held:
            pieces += (self._spell(lines) for lines in self._held)
            self._held.clear()
        if self._job is job:
            self._job = None
        self._put("".join(pieces).encode("latin-1", "replace"))
        if job.reboot:
            self._modem.restart()

    def urc(self, *lines: str) -> None:
        """Say something unasked: one line, or a header and its PDU.

        It waits while somebody types behind the prompt, and under
        `Faults.interleave` for the middle of the next answer.
        """
        faults = self._modem.faults
        interleave = faults.interleave or faults.glue
        if (self._ask is None or faults.talks_in_prompt) and not interleave:
            self._put(self._spelled_unasked(lines))
        elif len(self._held) < MAX_HELD:
            self._held.append(lines)
            if interleave:
                self._modem.later(INTERLEAVE_S, self._flush_held)

    def _flush_held(self) -> None:
        if self._ask is None and self._held:
            held, self._held = self._held, []
            for lines in held:
                self._put(self._spelled_unasked(lines))

    def _spelled_unasked(self, lines: Lines) -> bytes:
        text, line_end = self._spell(lines), self._modem.persona.line_end
        if self._modem.settings.verbose and lines[0].startswith("^"):
            text = text[:2] + text[2:].replace("\r\n", line_end)
        return text.encode("latin-1", "replace")

    def _spell(self, lines: Lines) -> str:
        text = "\r\n".join(lines)
        if self._modem.settings.verbose:
            return f"\r\n{text}\r\n"
        return f"{NUMERIC[text]}\r" if text in NUMERIC else f"{text}\r\n"

    def _put(self, data: bytes) -> None:
        data = self._modem.faults.garbage + data
        if not self._modem.faults.drip and not self._out:
            self.write(data)
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self._drip)
        self._out += data

    def _drip(self) -> None:
        if self._out:
            self.write(bytes(self._out[:1]))
            del self._out[:1]
        if self._out:
            loop = asyncio.get_running_loop()
            interval_s = self._modem.faults.drip_interval_s
            if interval_s:
                loop.call_later(interval_s, self._drip)
            else:
                loop.call_soon(self._drip)
