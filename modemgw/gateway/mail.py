"""Sends one mail: in a thread of its own, which a server that hangs cannot keep.

`smtplib` blocks. The thread is a daemon and its socket is closed when the time is
up, so neither a server that never answers nor one that answers an octet at a time
holds up anything, a stop of the gateway included.
"""

import asyncio
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import IO, Any

from modemgw.config.alarms import MailConfig
from modemgw.errors import ConfigError, ModemgwError

STEP_S = 20.0  # for one answer of the server
DEADLINE_S = 60.0  # for all of it
MAX_SAID = 256 * 1024  # octets of answers


class MailError(ModemgwError):
    """The mail was not taken; the sentence says why, without any secret."""


class _Answers:
    """What a server says, up to a bound: smtplib keeps every line of an answer."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MAX_SAID

    def readline(self, limit: int) -> bytes:
        """Read a line. Raises SMTPServerDisconnected."""
        line = self._stream.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise smtplib.SMTPServerDisconnected("the server talks without end")
        return line

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()


class _CutOff(smtplib.SMTP):
    """Connects while it is made, so who may cut it off knows it before."""

    def __init__(self, delivery: "_Delivery", *where: Any, **more: Any) -> None:
        self._delivery = delivery
        delivery.smtp = self
        super().__init__(*where, **more)

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer; it may have been cut off before there was a socket."""
        self._delivery.go_on()
        if self.file is None and self.sock is not None:  # the first on this socket
            self.file = _Answers(self.sock.makefile("rb"))
        return super().getreply()


class _CutOffTls(_CutOff, smtplib.SMTP_SSL):
    """The same, with TLS from the first octet on."""


class _Delivery:
    """One mail on its way, which somebody else may cut off."""

    def __init__(self, config: MailConfig, mail: EmailMessage) -> None:
        self._config = config
        self._mail = mail
        self.smtp: smtplib.SMTP | None = None
        self._is_cut = False

    def send(self) -> None:
        """Hand the mail over. Raises MailError."""
        try:
            self._send()
        except MailError:
            raise
        except (smtplib.SMTPException, OSError, ConfigError, ValueError) as exc:
            raise MailError(_why(exc)) from None

    def cut(self) -> None:
        """End it from outside."""
        self._is_cut = True
        smtp = self.smtp
        if smtp is not None and smtp.sock is not None:
            with suppress(OSError):
                smtp.sock.shutdown(socket.SHUT_RDWR)

    def go_on(self) -> None:
        """Raise MailError where it was cut off."""
        if self._is_cut:
            raise MailError("it took too long")

    def _send(self) -> None:
        config = self._config
        context = ssl.create_default_context()
        host, port = config.host.strip("[]"), config.port
        made = (
            _CutOffTls(self, host, port, timeout=STEP_S, context=context)
            if config.tls == "tls"
            else _CutOff(self, host, port, timeout=STEP_S)
        )
        try:
            self._hand_over(made, context)
            with suppress(smtplib.SMTPException, OSError):
                made.quit()  # the mail is taken, whatever is said to goodbye
        finally:
            made.close()

    def _hand_over(self, smtp: smtplib.SMTP, context: ssl.SSLContext) -> None:
        config = self._config
        if config.tls == "starttls":
            smtp.starttls(context=context)
        if config.user and config.password is not None and config.tls != "off":
            smtp.login(config.user, config.password.reveal())
        refused = smtp.send_message(self._mail)
        if refused:
            raise MailError(f"refused for {', '.join(sorted(refused))}")


async def send(config: MailConfig, subject: str, body: str, *, now_ms: int) -> None:
    """Send one mail to everybody who is to be told. Raises MailError."""
    try:
        delivery = _Delivery(config, _mail(config, subject, body, now_ms))
    except ValueError as exc:  # half a character of a modem's name, say
        raise MailError(f"cannot be written: {type(exc).__name__}") from None
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: MailError | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def work() -> None:
        error: MailError | None = None
        try:
            delivery.send()
        except MailError as exc:
            error = exc
        except Exception as exc:  # a mistake of ours must not leave anybody waiting
            error = MailError(f"{type(exc).__name__}: {exc}")
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=work, name="mail", daemon=True).start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            await done
    except TimeoutError:
        raise MailError(f"no end within {DEADLINE_S:g} s") from None
    finally:
        delivery.cut()


def _mail(config: MailConfig, subject: str, body: str, now_ms: int) -> EmailMessage:
    sender = config.from_ or config.to[0]
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = sender
    mail["To"] = ", ".join(config.to)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1000, UTC))
    mail["Message-ID"] = make_msgid("modemgw", sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no reply from a machine
    mail.set_content(body)
    return mail


def _why(error: Exception) -> str:
    """Say what went wrong; what a server says comes from afar and is cut short."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the server does not take user and password"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("ascii", "replace") if isinstance(said, bytes) else said
        return f"the server said {error.smtp_code} {_plain(text)}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"the server refused {', '.join(sorted(error.recipients))}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    return _plain(str(error) or type(error).__name__)


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
