"""Typographic folding: what is replaced, and what is left alone."""

import pytest
from hypothesis import given

from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.fold import fold, fold_to_gsm7, report
from tests.unit.pdu.strategies import any_texts, gsm7_texts


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("it\u2019s \u201cnice\u201d", 'it\'s "nice"', id="curly-quotes"),
        pytest.param("\u00abici\u00bb", '"ici"', id="guillemets"),
        pytest.param("1\u20132 \u2014 3", "1-2 - 3", id="dashes"),
        pytest.param("wait\u2026", "wait...", id="ellipsis"),
        pytest.param("10\u00a0000\u202f€", "10 000 €", id="no-break-spaces"),
        pytest.param("\uff21\uff22\uff11\uff01", "AB1!", id="full-width"),
        pytest.param("\u00c0\u00c8\u0150\u0170", "AE\u00d6\u00dc", id="capitals"),
        pytest.param("\u00e1\u00ed\u00f3\u00fa\u00e7", "aiouc", id="small-letters"),
        pytest.param("e\u0301", "\u00e9", id="composed-first"),
        pytest.param("\u0161\u010d\u0159\u017e", "scrz", id="czech"),
        pytest.param("\u0142\u0153\u00fe\u0131", "loethi", id="letters-without-base"),
        pytest.param("\ufb01\u00bd\u00b2\u2122", "fi1/22TM", id="compatibility"),
        pytest.param("a\u200bb\ufeff", "ab", id="invisible"),
        pytest.param("`", "'", id="backtick"),
        pytest.param("\u0391\u0392\u0393", "AB\u0393", id="greek-capitals"),
        pytest.param("\u4f60", "\u4f60", id="chinese-stays"),
        pytest.param("\U0001f600", "\U0001f600", id="emoji-stays"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_typography_stays_where_folding_saves_nothing() -> None:
    assert fold_to_gsm7("\u201cя\u201d") == "\u201cя\u201d"
    assert fold_to_gsm7("\u201ca\u201d") == '"a"'


def test_report() -> None:
    found = report("\u201c" + "a" * 100)
    assert found.forced_by == ("\u201c",)
    assert found.unfoldable == ()
    assert found.text == '"' + "a" * 100
    assert (len(found.plain), len(found.folded), found.saved_parts) == (2, 1, 1)


def test_report_of_what_cannot_be_folded() -> None:
    found = report("\u201c\u044f")
    assert found.forced_by == ("\u201c", "\u044f")
    assert found.unfoldable == ("\u044f",)
    assert found.saved_parts == 0


@given(gsm7_texts)
def test_gsm7_is_never_touched(text: str) -> None:
    assert fold(text) == text


@given(any_texts)
def test_folding_never_needs_more_and_is_done_once(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert (GSM7.encode(folded) is None) == bool(report(text).unfoldable)
    assert report(text).saved_parts >= 0
