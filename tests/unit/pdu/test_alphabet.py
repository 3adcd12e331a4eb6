"""The GSM 7-bit alphabets: every character of every table, and the odd escapes."""

import pytest
from hypothesis import given

from modemgw.pdu.alphabet import BASIC, ESC, EXTENSION, GSM7, charset
from modemgw.pdu.shifts import LANGUAGES, LOCKING, SINGLE
from tests.unit.pdu.strategies import gsm7_texts, national_texts


def test_every_table_has_128_places_and_the_escape_at_27() -> None:
    for table in (BASIC, *LOCKING.values()):
        assert len(table) == 128
        assert table.index("\x1b") == ESC
        assert table[0x20] == " "
    for table in (EXTENSION, *SINGLE.values()):
        assert len(table) == 128
        assert table[ESC] == " "
    assert set(SINGLE) == set(LANGUAGES)
    assert set(LOCKING) == set(LANGUAGES) - {2}  # Spanish uses the default alphabet


@pytest.mark.parametrize(
    ("text", "septets"),
    [
        pytest.param("@", "00", id="at-sign-is-zero"),
        pytest.param("Ç", "09", id="capital-c-cedilla"),
        pytest.param("Aa", "4161", id="ascii"),
        pytest.param("€", "1b65", id="euro"),
        pytest.param("[]{}\\^~|\f", "1b3c1b3e1b281b291b2f1b141b3d1b401b0a", id="ext"),
        pytest.param("§", "5f", id="section"),
    ],
)
def test_known_codes(text: str, septets: str) -> None:
    assert GSM7.encode(text) == bytes.fromhex(septets)
    assert GSM7.decode(bytes.fromhex(septets)) == text


@pytest.mark.parametrize("text", ["\0", "`", "ç", "\x1b", "ş", "😀", "\ud83d"])
def test_what_has_no_code(text: str) -> None:
    assert GSM7.encode(f"a{text}b") is None
    assert GSM7.missing(f"a{text}{text}b") == (text,)


@pytest.mark.parametrize(
    ("septets", "text"),
    [
        pytest.param("41 1b", "A ", id="final-escape-shows-a-space"),
        pytest.param("1b 1b 65", " e", id="escape-to-an-undefined-table"),
        pytest.param("1b 41", "A", id="unassigned-code-shows-the-basic-character"),
        pytest.param("1b 65 1b 65 41", "€€A", id="two-in-a-row"),
    ],
)
def test_odd_escapes(septets: str, text: str) -> None:
    assert GSM7.decode(bytes.fromhex(septets)) == text


@pytest.mark.parametrize("language", LOCKING, ids=LANGUAGES.get)
def test_locking_tables_both_ways(language: int) -> None:
    tables = charset(language, 0)
    for septet, character in enumerate(LOCKING[language]):
        if character != " " and septet != ESC:
            assert tables.encode(character) == bytes((septet,))
        if septet != ESC:
            assert tables.decode(bytes((septet,))) == character


@pytest.mark.parametrize("language", SINGLE, ids=LANGUAGES.get)
def test_single_shift_tables_both_ways(language: int) -> None:
    tables = charset(0, language)
    for septet, character in enumerate(SINGLE[language]):
        if character != " ":
            assert tables.decode(bytes((ESC, septet))) == character
            encoded = tables.encode(character)
            assert encoded is not None
            assert tables.decode(encoded) == character


def test_an_unknown_language_counts_as_none() -> None:
    assert charset(14, 200).decode(b"\x1be") == "€"


def test_strangers_cannot_fill_the_memory_with_tables() -> None:
    assert charset(14, 200) is charset(0, 0)
    assert charset(2, 99) is charset(0, 0)  # Spanish has no locking table


@given(gsm7_texts)
def test_decode_undoes_encode(text: str) -> None:
    septets = GSM7.encode(text)
    assert septets is not None
    assert GSM7.decode(septets) == text


@given(national_texts())
def test_decode_undoes_encode_in_every_language(drawn: tuple[int, str]) -> None:
    language, text = drawn
    tables = charset(language, language)
    septets = tables.encode(text)
    assert septets is not None
    assert tables.decode(septets) == text


@pytest.mark.parametrize(
    ("language", "name"),
    [
        (1, "Türkçe ĞğİıŞş€"),
        (2, "Español ÁÍÓÚáíóúç"),
        (3, "Português ãõêôâ"),
        (4, "বাংলা"),
        (5, "ગુજરાતી"),
        (6, "हिन्दी"),
        (7, "ಕನ್ನಡ"),
        (8, "മലയാളം"),
        (9, "ଓଡ଼ିଆ"),
        (10, "ਪੰਜਾਬੀ"),
        (11, "தமிழ்"),
        (12, "తెలుగు"),
        (13, "اردو"),
    ],
    ids=list(LANGUAGES.values()),
)
def test_every_language_can_write_its_name(language: int, name: str) -> None:
    tables = charset(language, language)
    assert tables.missing(name) == ()
    septets = tables.encode(name)
    assert septets is not None
    assert tables.decode(septets) == name
    assert max(septets) < 128
