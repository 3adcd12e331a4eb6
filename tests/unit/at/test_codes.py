"""The result code tables: numbers, words, and what lateness does to them."""

import pytest

from modemgw.at.codes import CME, CMS, NO_NUMBER, Disposition, cme, cms, refusal

WORDS = (
    "invalid_number recipient_absent recipient_unknown recipient_barred "
    "network_rejected no_service no_credit sim_barred sim_missing modem_error "
    "modem_timeout too_long unencodable quota unknown"
)
REASONS = frozenset(WORDS.split())


@pytest.mark.parametrize("table", [CMS, CME], ids=["cms", "cme"])
def test_every_row_is_usable(table: dict[int, object]) -> None:
    for number, code in (CMS if table is CMS else CME).items():
        assert code.number == number
        assert code.sentence and code.reason in REASONS


@pytest.mark.parametrize(
    ("code", "text", "seconds", "disposition"),
    [
        pytest.param(1, "", 0, Disposition.REFUSE, id="unassigned-number"),
        pytest.param(8, "", 0, Disposition.COOL_DOWN, id="barred-sim"),
        pytest.param(21, "", 0, Disposition.TRY_OTHER_SIM, id="rejected"),
        pytest.param(38, "", 3, Disposition.RETRY_HERE, id="network-out-of-order"),
        pytest.param(38, "", 40, Disposition.RETRY_HERE, id="late-refusal-is-no"),
        pytest.param(42, "", 40, Disposition.RETRY_HERE, id="late-congestion-is-no"),
        pytest.param(197, "", 1, Disposition.SENT, id="smsc-has-it-already"),
        pytest.param(300, "", 0, Disposition.FIX_MODEM, id="me-failure"),
        pytest.param(332, "", 3, Disposition.RETRY_HERE, id="early-timeout"),
        pytest.param(332, "", 25, Disposition.IN_DOUBT, id="late-timeout"),
        pytest.param(500, "", 0.3, Disposition.RETRY_HERE, id="500-at-once"),
        pytest.param(500, "", 5, Disposition.TRY_OTHER_SIM, id="500-after-5-s"),
        pytest.param(500, "", 30, Disposition.IN_DOUBT, id="500-late"),
        pytest.param(513, "", 0, Disposition.IN_DOUBT, id="ack-lost"),
        pytest.param(3, "", 0, Disposition.RETRY_HERE, id="reserved-rp-cause"),
        pytest.param(230, "", 0, Disposition.TRY_OTHER_SIM, id="reserved-tp-fcs"),
        pytest.param(9999, "", 0, Disposition.RETRY_HERE, id="vendor-code"),
        pytest.param(None, "ERROR", 1, Disposition.RETRY_HERE, id="bare-error"),
        pytest.param(None, "ERROR", 60, Disposition.IN_DOUBT, id="late-bare-error"),
        pytest.param(
            None, "+CMS ERROR: SIM busy", 0, Disposition.RETRY_HERE, id="verbose"
        ),
        pytest.param(None, "", 0, Disposition.RETRY_HERE, id="nothing-at-all"),
    ],
)
def test_cms(
    code: int | None, text: str, seconds: float, disposition: Disposition
) -> None:
    found = cms(code, text, seconds_after_submit=seconds)
    assert found.disposition is disposition
    assert found.sentence and found.reason in REASONS


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+CMS ERROR:38", 38),
        ("+CMS ERROR: network timeout", 332),
        ("+CMS ERROR: Network Out Of Order", 38),
        ("memory full", 322),
        ("SIM busy", 314),
        ("No network service", 331),
        ("operation not allowed", 302),
        ("something new", NO_NUMBER),
        ("1" * 40, NO_NUMBER),
    ],
)
def test_verbose_cms_errors_get_their_number(text: str, number: int) -> None:
    assert cms(None, text).number == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+CME ERROR: SIM busy", 14),
        ("+CME ERROR: SIM failure", 13),
        ("+CME ERROR: 16", 16),
        ("incorrect password", 16),
        ("+CME ERROR: what?", NO_NUMBER),
    ],
)
def test_verbose_cme_errors_get_their_number(text: str, number: int) -> None:
    assert cme(None, text).number == number


def test_an_unknown_code_is_named_in_its_sentence() -> None:
    assert "9999" in cms(9999).sentence
    assert "what?" in cme(None, "+CME ERROR: what?").sentence
    assert "no code" in cme(None).sentence


def test_late_equipment_errors_are_in_doubt() -> None:
    assert cme(100, seconds_after_submit=30).disposition is Disposition.IN_DOUBT
    assert cme(100, seconds_after_submit=1).disposition is Disposition.RETRY_HERE


def test_a_final_line_names_its_table() -> None:
    assert refusal(14, "+CME ERROR: 14").sentence == "SIM busy"
    assert refusal(38, "+CMS ERROR: 38").sentence == "network out of order"
    assert refusal(None, "ERROR").number == NO_NUMBER
