"""Identities of simulated modems and cards; they pass every check digit."""


def luhn(digits: str) -> str:
    """Return the digits with their check digit. Spec: ISO/IEC 7812-1.

    >>> luhn("35209900176148")
    '352099001761481'
    """
    total = 0
    for at, character in enumerate(reversed(digits)):
        value = int(character) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - sum of digits
    return digits + str(-total % 10)


def imei_of(index: int) -> str:
    """Return the IMEI of the modem with this number."""
    return luhn(f"35209900{index:06d}")


def iccid_of(index: int) -> str:
    """Return the ICCID of the SIM with this number: 89, then +999, then ours."""
    return luhn(f"8999901{index:011d}")


def imsi_of(index: int) -> str:
    """Return the IMSI: 999-01 is a test network (ITU-T E.212, 999 is private)."""
    return f"99901{index:010d}"


def number_of(index: int) -> str:
    """Return the telephone number of the SIM with this number.

    >>> number_of(0), number_of(12)
    ('+999010000000', '+999010000012')
    """
    return f"+99901{index:07d}"
