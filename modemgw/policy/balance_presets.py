"""What is known of operators' answers, by name (data).

From public knowledge; codes and sentences change. Without a preset the code must be
given, and the answer is read by the words around its numbers, which most need.
"""

from dataclasses import dataclass
from typing import Final

from modemgw.policy.balance import Format
from modemgw.policy.template import Template


@dataclass(frozen=True, slots=True)
class Preset:
    """One operator: its code, and how it writes."""

    code: str | None  # None: several are in use, say which
    form: Format


def _preset(
    code: str | None, currency: str | None, mark: str | None, *sentences: str
) -> Preset:
    templates = tuple(Template.parse(sentence) for sentence in sentences)
    return Preset(code, Format(templates, mark, currency))


PRESETS: Final[dict[str, Preset]] = {
    # How amounts are written, wherever the card is from.
    "auto": Preset(None, Format()),
    "comma": Preset(None, Format(mark=",")),  # 1.234,56
    "point": Preset(None, Format(mark=".")),  # 1,234.56
    # Operators.
    "telekom-de": _preset("*100#", "EUR", ",", "guthaben beträgt {amount} "),
    "vodafone-de": _preset("*100#", "EUR", ",", "guthaben beträgt: {amount} "),
    "o2-de": _preset("*101#", "EUR", ",", "kontostand: {amount} "),
    "aldi-talk": _preset("*100#", "EUR", ",", "guthaben beträgt {amount} "),
    "congstar": _preset("*100#", "EUR", ",", "guthaben: {amount} "),
    "lebara-uk": _preset("*#1345#", "GBP", "."),
    "vodafone-uk": _preset("*#1345#", "GBP", "."),
    "o2-uk": _preset("*#10#", "GBP", ".", "you have £{amount} left"),
    "giffgaff": _preset("*100#", "GBP", ".", "credit is £{amount}"),
    "orange-fr": _preset("#123#", "EUR", ",", "solde*est de {amount} "),
    "tim-it": _preset("*123#", "EUR", ",", "credito residuo*{amount} euro"),
    "movistar-es": _preset("*133#", "EUR", ",", "saldo es {amount} "),
    "orange-es": _preset("*111#", "EUR", ",", "saldo*es de {amount} "),
    "orange-pl": _preset("*124*#", "PLN", ",", "stan konta*{amount} "),
    "play-pl": _preset("*101#", "PLN", ","),
    "plus-pl": _preset("*100#", "PLN", ",", "stan konta: {amount} "),
    "tmobile-cz": _preset("*101#", "CZK", ","),
    "mts-ru": _preset("*100#", "RUB", None, "баланс: {amount} "),
    "beeline-ru": _preset("*102#", "RUB", "."),
    "megafon-ru": _preset("*100#", "RUB", None),
    "kyivstar": _preset("*111#", "UAH", "."),
    "turkcell": _preset("*123#", "TRY", ","),
    "safaricom": _preset("*144#", "KES", ".", "balance is ksh {amount}"),
    "mtn-ng": _preset("*310#", "NGN", ".", "main balance is n{amount}"),
    "airtel-ng": _preset("*310#", "NGN", "."),
    "mtn-gh": _preset("*124#", "GHS", "."),
    "vodacom-za": _preset("*100#", "ZAR", ".", "airtime balance: r{amount}"),
    "airtel-in": _preset("*123#", "INR", "."),
    "telkomsel": _preset("*888#", "IDR", ",", "pulsa rp {amount}"),
    "tmobile-us": _preset("#999#", "USD", "."),
    "att-us": _preset("*777#", "USD", "."),
}
