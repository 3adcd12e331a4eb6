# ruff: noqa: RUF001 - one network writes Russian
"""How simulated operators say what is left: one sentence per country (data)."""

from collections.abc import Callable, Mapping

DEFAULT = "english"
_VALID = "31.12.2027"

# From cents to the answer; each is what a real network writes.
BALANCES: Mapping[str, Callable[[int], str]] = {
    "english": lambda cents: f"Your balance is {_point(cents)} EUR.",
    "german": lambda cents: (
        f"Ihr Guthaben beträgt {_comma(cents)} EUR. Gültig bis {_VALID}."
    ),
    "british": lambda cents: f"Hi there. Your airtime credit is £{_point(cents)}.",
    "american": lambda cents: f"Your balance is ${_point(cents)}, expires {_VALID}",
    "french": lambda cents: f"Votre solde est de {_comma(cents)} €",
    "polish": lambda cents: f"Stan konta: {_comma(cents)} zł. Konto ważne do {_VALID}",
    "russian": lambda cents: f"Баланс: {_comma(cents)} руб.",
    "indian": lambda cents: f"Bal: Rs. {_point(cents)}. Validity: 31-Dec-2027",
    "nigerian": lambda cents: f"Main balance is N{_point(cents)}. Bonus: N50.00",
    "indonesian": lambda cents: f"Sisa pulsa Rp {_dotted(cents)} aktif s/d 12/12/2027",
    "bundle": lambda cents: (
        f"Guthaben: {_comma(cents)} EUR, noch {cents // 10} SMS frei bis {_VALID}"
    ),
    "promo": lambda cents: (
        f"Balance {_point(cents)} EUR. Top up 10 EUR and get 5 GB for only 2.00 EUR!"
    ),
    "broken": lambda cents: "Service temporarily not available, call 0800 1234567",
}


def _point(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02}"


def _comma(cents: int) -> str:
    return _point(cents).translate(str.maketrans(",.", ".,"))


def _dotted(cents: int) -> str:
    return f"{cents:,}".replace(",", ".")
