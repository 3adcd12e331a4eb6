"""`modemgw pdu`: decode, encode and segment, for people and for programs."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import click

from modemgw.cli.main import FAILED
from modemgw.cli.options import json_option
from modemgw.cli.output import printable, show_json_line, talk
from modemgw.cli.pdu_requests import (
    EncodeRequest,
    Json,
    PortsRequest,
    SegmentsRequest,
    answer,
    decoded,
    encoded,
    hex_octets,
    request,
    segmented,
)
from modemgw.errors import PduDecodeError
from modemgw.pdu.explain import READERS, Line, explain

OCTETS_A_LINE = 6
FIELD, MEANING, CLAUSE = 17, 30, 14  # columns; with the octets that makes 80


@click.group()
def pdu() -> None:
    """Decode and encode SMS PDUs; needs no gateway and no modem.

    Without arguments the commands read standard input, one item a line: decode a
    hex PDU, encode and segments a JSON object. With --json each line is answered
    by one line, a bad one by {"error": …}.
    """


@pdu.command()
@click.argument("pdus", nargs=-1, metavar="[HEX]...")
@click.option("--no-sca", is_flag=True, help="No service centre address in front.")
@click.option(
    "--as",
    "kind",
    type=click.Choice(sorted(READERS)),
    help="An answer that looks like another type on the wire.",
)
@json_option
def decode(pdus: tuple[str, ...], no_sca: bool, kind: str | None, as_json: bool) -> int:
    """Say what a PDU means, octet by octet."""
    has_sca = False if no_sca else None
    failed = False
    for number, item in enumerate(pdus or _lines()):
        if as_json:
            found = answer(partial(decoded, item, has_sca=has_sca, kind=kind))
            _print_json(found)
            failed |= "error" in found
            continue
        if number:
            click.echo()
        failed |= not _explain(item, has_sca, kind)
    return FAILED if failed and pdus else 0


@pdu.command()
@click.option("--to", help="Recipient; a leading + makes it international.")
@click.option("--text", help="The text.")
@click.option("--data", help="8-bit data instead of a text, in hex.")
@click.option("--report", is_flag=True, help="Ask for a status report.")
@click.option("--validity", help="Such as 24h, seconds, or an instant in ISO 8601.")
@click.option("--class", "class_", type=click.IntRange(0, 3), help="0 is flash.")
@click.option(
    "--encoding",
    type=click.Choice(["auto", "gsm7", "national", "ucs2", "8bit"]),
    help="Default: auto, the cheapest of GSM 7-bit and UCS-2.",
)
@click.option("--national", multiple=True, type=int, help="Allow this language.")
@click.option("--fold", is_flag=True, help="Replace typography by plain characters.")
@click.option("--udh16", is_flag=True, help="16-bit concatenation reference.")
@click.option("--concat-ref", type=int, help="Concatenation reference. Default: 1.")
@click.option("--mr", type=int, help="TP-MR, which modems replace.")
@click.option("--smsc", help="Service centre. Default: the SIM's own.")
@click.option("--reject-duplicates", is_flag=True, help="Set TP-RD.")
@click.option("--port", type=int, help="Destination port.")
@click.option("--source-port", type=int, default=0, help="Source port. Default: 0.")
@click.option("--pid", type=int, help="TP-PID. Default: 0.")
@json_option
def encode(
    to: str | None, port: int | None, source_port: int, as_json: bool, **wishes: Any
) -> int:
    """Make the PDUs of a message, ready for AT+CMGS."""
    ports = None if port is None else PortsRequest(port, source_port)
    if to is not None:
        wish = EncodeRequest(to, ports=ports, **wishes)
        return _answer_one(partial(encoded, wish), as_json, _show_encoded)
    return _answer_lines(EncodeRequest, encoded, as_json, _show_encoded)


@pdu.command()
@click.argument("text", required=False)
@click.option(
    "--encoding",
    type=click.Choice(["auto", "gsm7", "national", "ucs2"]),
    help="Default: auto.",
)
@click.option("--fold", type=click.Choice(["off", "on", "report"]))
@click.option("--national", multiple=True, type=int, help="Allow this language.")
@click.option("--udh16", is_flag=True, help="16-bit concatenation reference.")
@json_option
def segments(text: str | None, as_json: bool, **wishes: Any) -> int:
    """Say how many parts a text takes, and why."""
    if text is not None:
        wish = SegmentsRequest(text, **wishes)
        return _answer_one(partial(segmented, wish), as_json, _show_segments)
    return _answer_lines(SegmentsRequest, segmented, as_json, _show_segments)


def _lines() -> Iterator[str]:
    """Yield the lines of standard input that say something."""
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").strip()
        if text:
            yield text


def _answer_one(
    work: Callable[[], Json], as_json: bool, show: Callable[[Json], None]
) -> int:
    found = answer(work)
    if as_json:
        _print_json(found)
    elif "error" in found:
        talk(f"modemgw: {found['error']}")
    else:
        show(found)
    return FAILED if "error" in found else 0


def _answer_lines(
    kind: type[Any],
    work: Callable[[Any], Json],
    as_json: bool,
    show: Callable[[Json], None],
) -> int:
    """Answer each line of standard input; a bad line does not end it."""
    for line in _lines():
        _answer_one(partial(_asked, work, line, kind), as_json, show)
    return 0


def _asked(work: Callable[[Any], Json], line: str, kind: type[Any]) -> Json:
    return work(request(line, kind))


def _print_json(found: Json) -> None:
    show_json_line(found)


def _explain(item: str, has_sca: bool | None, kind: str | None) -> bool:
    """Print the table of one PDU; False if it is damaged."""
    try:
        octets = hex_octets(item)
    except PduDecodeError as error:
        talk(f"modemgw: {error}")
        return False
    found = explain(octets, has_sca=has_sca, kind=kind)
    for line in found.lines:
        _print_line(line)
    if found.error is not None:
        talk(f"modemgw: {found.error}")
    return found.error is None


def _print_line(line: Line) -> None:
    """Print octets, field, meaning and clause side by side, wrapped to 80 columns."""
    octets = [
        line.octets[at : at + OCTETS_A_LINE].hex(" ").upper()
        for at in range(0, len(line.octets), OCTETS_A_LINE)
    ]
    fields = textwrap.wrap(line.field, FIELD - 1)
    said = printable(line.meaning) if line.meaning else ""
    meaning = textwrap.wrap(said, MEANING - 1)
    clauses = textwrap.wrap(line.clause, CLAUSE)
    for row in range(max(map(len, (octets, fields, meaning, clauses)))):
        cells = [
            column[row] if row < len(column) else ""
            for column in (octets, fields, meaning, clauses)
        ]
        click.echo(
            f"{cells[0]:<{3 * OCTETS_A_LINE}} {cells[1]:<{FIELD}}"
            f"{cells[2]:<{MEANING}}{cells[3]}".rstrip()
        )


def _show_encoded(found: Json) -> None:
    for pdu_hex, length in zip(found["pdus"], found["tpdu_lengths"], strict=True):
        click.echo(f"AT+CMGS={length}")
        click.echo(pdu_hex)
    talk(f"{found['parts']} part(s), {found['encoding']}")


def _show_segments(found: Json) -> None:
    unit = "code units" if found["encoding"] == "ucs2" else "septets"
    lengths = ", ".join(map(str, found["lengths"]))
    click.echo(f"{found['parts']} part(s), {found['encoding']}: {lengths} {unit}")
    if found["forced_by"]:
        shown = " ".join(f"{printable(c)} (U+{ord(c):04X})" for c in found["forced_by"])
        click.echo(f"not in GSM 7-bit: {shown}")
    would = found["folded"]
    if would is not None and would["parts"] < found["parts"]:
        click.echo(f"folded: {would['parts']} part(s), {would['encoding']}")
        click.echo(printable(would["text"]))
