"""Phone numbers: E.164, short codes, and how much of one a log may show.

A number is refused only where it is impossible: by its characters or by its
length. Whether a range is assigned is the network's business; the metadata of
any library is older than the numbering plan. Names of senders ("www.tim.it") are
addresses, not numbers, and never come through here.
"""

import re
from functools import lru_cache

import msgspec
import phonenumbers

from modemgw.errors import ModemgwError

MIN_INTERNATIONAL = 7  # digits with the country code: +683 4123 on Niue
MAX_INTERNATIONAL = 15  # digits, ITU-T E.164, 6.1
MIN_SHORT_CODE = 3
MAX_SHORT_CODE = 6  # digits that are never taken for a national number by length
MAX_INPUT = 40  # characters; with every separator a number has half as many
SHOWN_WHOLE = 6  # characters; nothing this short is a person's number

# What people write between the digits; \s has the no-break spaces.
_SEPARATORS = r"\s()\[\]./~\-‐‑‒–—−⁃"  # noqa: RUF001
_PLAIN = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164 as machines write it
_WRITTEN = re.compile(rf"[+＋]?[\d{_SEPARATORS}]+")  # noqa: RUF001


class InvalidNumber(ModemgwError, ValueError):
    """The text cannot be a number that a modem could dial; str() says why."""


class PhoneNumber(msgspec.Struct, frozen=True):
    """A number that can be dialled: `+4915112345678`, or a short code `80888`."""

    text: str

    @property
    def e164(self) -> str | None:
        """The number with `+` and country code; None for a short code."""
        return self.text if self.text.startswith("+") else None

    @property
    def is_short_code(self) -> bool:
        """True where the number means something only in its own network."""
        return not self.text.startswith("+")

    @property
    def masked(self) -> str:
        """The number as logs show it."""
        return mask(self.text)

    def __str__(self) -> str:
        """Return the number as it is dialled."""
        return self.text


@lru_cache(maxsize=4096)
def parse(text: str, country: str) -> PhoneNumber:
    """Read a number as people write it; national ones belong to `country`.

    Without a country ("") only numbers with + and short codes can be read.

    >>> parse("0151 1234-5678", "DE").e164
    '+4915112345678'
    >>> parse("80888", "DE").is_short_code
    True

    Raises InvalidNumber with a reason such as "too short".
    """
    if _PLAIN.fullmatch(text) and _stays(text):
        return PhoneNumber(text)
    plain = text.strip().removeprefix("tel:")
    _refuse_by_characters(plain)
    digits = re.sub(r"\D", "", plain)
    if plain[0] in "+＋":  # noqa: RUF001
        return _international(plain, digits)
    return _national(plain, digits, country)


def mask(text: str) -> str:
    """Hide the middle of a number; what is too short to be a person's stays.

    >>> mask("+4915112345678")
    '+4915…78'
    """
    if len(text) <= SHOWN_WHOLE or not any(character.isdigit() for character in text):
        return text
    shown = 5 if text.startswith("+") else 4
    if len(text) < shown + 4:
        shown = 3
    return f"{text[:shown]}…{text[-2:]}"


def is_country(code: str) -> bool:
    """Tell whether `code` is a region (`DE`) whose national numbers we can read."""
    return code in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=16_384)
def region_of(e164: str) -> str | None:
    """Return the country a full number belongs to, None where nobody knows.

    >>> region_of("+16045551234")
    'CA'
    """
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
    # Of a number that no plan has, the calling code still tells the (main) country.
    found = phonenumbers.region_code_for_number(number)
    if found is None:
        found = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return found if found in phonenumbers.SUPPORTED_REGIONS else None


def calling_code(country: str) -> str:
    """Return what international numbers of a country begin with.

    >>> calling_code("DE")
    '+49'
    """
    return f"+{phonenumbers.country_code_for_region(country)}"


def countries() -> list[str]:
    """Return every region code that `parse` takes, sorted."""
    return sorted(phonenumbers.SUPPORTED_REGIONS)


class _Plan:
    """What decides in one numbering plan whether a plain number stays as it is."""

    __slots__ = ("begin", "lengths", "strips")

    def __init__(self, code: int, length: int) -> None:
        region = phonenumbers.region_code_for_country_code(code)
        metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(
            code, region
        )
        prefix = metadata and metadata.national_prefix_for_parsing
        self.begin = 1 + length  # where the national number begins
        self.strips = re.compile(prefix).match if prefix else None
        # What is too short depends on the length alone.
        self.lengths = frozenset(
            digits
            for digits in range(2, MAX_INTERNATIONAL)
            if not _is_too_short(
                phonenumbers.PhoneNumber(
                    country_code=code, national_number=int("2" * digits)
                )
            )
        )


def _stays(plain: str) -> bool:
    """Tell that `_international` would return a plain number unchanged.

    It would take twenty times as long. False only says that it has to be asked: a
    national prefix may be in the way, or the number be too short.
    """
    plan = _plan(plain[1:4])
    if plan is None:
        return True
    national = plain[plan.begin :]
    return (
        len(national) in plan.lengths
        and (plan.strips is None or plan.strips(national) is None)
        and national.strip("0") != ""
    )


@lru_cache(maxsize=900)
def _plan(leading: str) -> _Plan | None:
    """Return the plan of the country code in these three digits, None without one."""
    for length in (1, 2, 3):
        code = int(leading[:length])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return _Plan(code, length)
    return None


def _refuse_by_characters(plain: str) -> None:
    if not plain:
        raise InvalidNumber("empty")
    if len(plain) > MAX_INPUT:
        raise InvalidNumber("too long")
    if _WRITTEN.fullmatch(plain):
        return
    wrong = re.sub(rf"^[+＋]|[\d{_SEPARATORS}]", "", plain)[:1] or plain[0]  # noqa: RUF001
    raise InvalidNumber(f"{wrong!r} cannot be part of a number")


def _international(plain: str, digits: str) -> PhoneNumber:
    _refuse_by_length(digits)
    try:
        number = phonenumbers.parse(plain, None)
    except phonenumbers.NumberParseException:
        # A country code nobody has (yet): the network will know.
        return PhoneNumber("+" + _western(digits))
    if _is_too_short(number):
        raise InvalidNumber("too short")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    _refuse_by_length(written[1:])
    return PhoneNumber(written)


def _national(plain: str, digits: str, country: str) -> PhoneNumber:
    if len(digits) < MIN_SHORT_CODE:
        raise InvalidNumber("too short")
    try:
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException as exc:
        if _may_be_short_code(digits):
            return PhoneNumber(_western(digits))
        abroad = _behind_exit_code(_western(digits), country)
        if abroad is not None:
            return _international(f"+{abroad}", abroad)
        if not country:
            raise InvalidNumber("needs + and a country code") from None
        raise InvalidNumber(_reason(exc.error_type)) from None
    if _may_be_short_code(digits) and not _is_mobile(number):
        return PhoneNumber(_western(digits))
    if _is_too_short(number):
        if digits[0] != "0" and phonenumbers.is_possible_short_number_for_region(
            number, country
        ):
            return PhoneNumber(_western(digits))
        raise InvalidNumber("too short")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    _refuse_by_length(written[1:])
    return PhoneNumber(written)


def _refuse_by_length(digits: str) -> None:
    if len(digits) < MIN_INTERNATIONAL:
        raise InvalidNumber("too short")
    if len(digits) > MAX_INTERNATIONAL:
        raise InvalidNumber("too long")


def _may_be_short_code(digits: str) -> bool:
    return MIN_SHORT_CODE <= len(digits) <= MAX_SHORT_CODE and digits[0] != "0"


def _western(digits: str) -> str:
    return "".join(str(int(digit)) for digit in digits)


def _is_too_short(number: phonenumbers.PhoneNumber) -> bool:
    """Compare with the numbering plan of the country.

    Plans grow and never shrink, so "too short" stays true when the metadata is
    old; "too long" does not, and only E.164 decides that.
    """
    return phonenumbers.is_possible_number_with_reason(number) in {
        phonenumbers.ValidationResult.TOO_SHORT,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    }


def _is_mobile(number: phonenumbers.PhoneNumber) -> bool:
    """Tell six digits of the Faroe Islands from a short code elsewhere."""
    return phonenumbers.number_type(number) in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }


def _behind_exit_code(digits: str, country: str) -> str | None:
    """Return what follows `00` (or what a country dials instead), None without it.

    For country codes that the metadata does not know; it reads all others itself.
    """
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if metadata is None:
        return None
    found = re.match(metadata.international_prefix or "(?!)", digits)
    return digits[found.end() :] if found else None


def _reason(error_type: int) -> str:
    too_long = phonenumbers.NumberParseException.TOO_LONG
    return "too long" if error_type == too_long else "too short"
