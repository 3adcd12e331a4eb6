"""Log lines: fields, quoting, what is masked, what is counted."""

import io
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import log
from modemgw.log import LogfmtFormatter, RepeatFilter

NUMBER = "+4915112345678"


pytestmark = pytest.mark.usefixtures("loggers_as_before")


def record(
    message: str = "part accepted", level: int = logging.INFO, **extra: object
) -> logging.LogRecord:
    made = logging.LogRecord("modemgw.modem", level, "f", 1, message, None, None)
    vars(made).update(extra)
    return made


def line(
    message: str = "part accepted", level: int = logging.INFO, **extra: object
) -> str:
    return LogfmtFormatter().format(record(message, level, **extra))


def test_a_line_has_the_usual_fields_in_front() -> None:
    assert line(tp_mr=41, ms=2310, part="2/3", message_id="01HX", modem="huawei-1") == (
        "info modemgw.modem part accepted"
        " modem=huawei-1 message_id=01HX part=2/3 tp_mr=41 ms=2310"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("waiting for the port", '"waiting for the port"', id="blanks"),
        pytest.param('say "hi"', '"say \\"hi\\""', id="quotes"),
        pytest.param("a\r\nerror x forged", '"a\\r\\nerror x forged"', id="new-line"),
        pytest.param("\x1b[31mred", '"\\u001b[31mred"', id="escape-sequence"),
        pytest.param("a\u2028b", '"a\\u2028b"', id="line-separator"),
        pytest.param("", '""', id="empty"),
        pytest.param(("a:b", "c"), "a:b,c", id="several"),
        pytest.param("Grüße", "Grüße", id="umlaut"),
        pytest.param("x" * 500, "x" * 400 + "…", id="too-long"),
    ],
)
def test_a_value_stays_one_word(value: object, written: str) -> None:
    assert line(why=value).endswith(f" why={written}")


def test_a_message_cannot_forge_a_line() -> None:
    assert "\n" not in line("got 'x\ninfo modemgw all is well'")


@given(st.text(), st.text())
def test_a_record_without_traceback_is_one_line(message: str, value: str) -> None:
    written = LogfmtFormatter().format(record(message.replace("%", ""), why=value))
    assert len(written.splitlines()) == 1


@pytest.mark.parametrize(
    ("level", "shown"), [(logging.INFO, "+4915…78"), (logging.DEBUG, NUMBER)]
)
def test_numbers_are_masked_from_info_on(level: int, shown: str) -> None:
    assert line(level=level, to=NUMBER).endswith(f"to={shown}")
    assert shown in line(f"no SIM for {NUMBER}", level)
    assert shown in line(level=level, error=f"refused {NUMBER!r}")


def test_national_numbers_are_masked_by_the_name_of_the_field() -> None:
    assert line(sender="015112345678").endswith("sender=0151…78")
    assert line(imei="352099001761481").endswith("imei=352099001761481")


def test_texts_are_left_out_from_info_on() -> None:
    assert line(text="your code is 1234").endswith('text="<17 characters>"')
    assert line(level=logging.DEBUG, text="hello").endswith("text=hello")


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("S3cretS3cret", "Bearer mgw_ab12CD34_S3cretS3cret"),
        ("S3cretS3cret", "whsec_S3cretS3cret"),
        ("4711", 'AT+CPIN="4711"'),
        ("4711", "AT+CPIN=4711"),
        ("4711", 'AT+CLCK="SC",1,"4711"'),
        ("hunter2", "http://me:hunter2@10.0.0.5/hook"),
        ("QWxhZGRpbjpvcGVu", "Authorization: Basic QWxhZGRpbjpvcGVu"),
    ],
)
def test_secrets_never_reach_the_log(level: int, secret: str, written: str) -> None:
    assert secret not in line(written, level)
    assert secret not in line(level=level, command=written)
    assert secret not in line(level=level, pin=secret, secret=secret)


def test_a_traceback_is_masked_too() -> None:
    try:
        raise ValueError(f"no route to {NUMBER} with mgw_ab12CD34_S3cretS3cret")
    except ValueError:
        made = record(level=logging.ERROR)
        made.exc_info = sys.exc_info()
    written = LogfmtFormatter().format(made)
    assert "no route to +4915…78 with mgw_ab12CD34_…" in written


def test_a_terminal_gets_the_time_and_the_journal_a_priority() -> None:
    made = record()
    made.created = 1_795_341_600.25
    assert LogfmtFormatter(times=True).format(made) == (
        "2026-11-22T10:00:00.250Z info modemgw.modem part accepted"
    )
    assert LogfmtFormatter(priorities=True).format(made).startswith("<6>info ")
    assert (
        LogfmtFormatter(priorities=True)
        .format(record(level=logging.WARNING))
        .startswith("<4>")
    )


def test_a_repeated_warning_is_counted() -> None:
    now = 100.0
    keep = RepeatFilter(lambda: now)
    assert keep.filter(record(level=logging.WARNING, modem="a"))
    assert keep.filter(record(level=logging.WARNING, modem="b"))
    for _ in range(4):
        assert not keep.filter(record(level=logging.WARNING, modem="a"))
    now = 160.0
    fifth = record(level=logging.WARNING, modem="a")
    assert keep.filter(fifth)
    assert log.fields(fifth)["times"] == "5"
    assert keep.filter(record(level=logging.INFO, modem="a"))


def test_repeats_of_many_kinds_are_bounded() -> None:
    keep = RepeatFilter(lambda: 0.0)
    for kind in range(2 * log.MAX_REPEATS):
        keep.filter(record(f"warning {kind}", logging.WARNING))
    assert len(keep._seen) == log.MAX_REPEATS


def test_configure_again_replaces_the_handler_and_the_level() -> None:
    first, second = io.StringIO(), io.StringIO()
    log.configure("info", stream=first)
    log.configure("warning", stream=second)
    logging.getLogger("modemgw.x").info("hidden")
    logging.getLogger("modemgw.x").warning("shown")
    assert first.getvalue() == ""
    assert "shown" in second.getvalue()
    assert "hidden" not in second.getvalue()
