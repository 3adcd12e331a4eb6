# ruff: noqa: RUF001 - Cyrillic and Greek are meant
"""The words that operators put around amounts, and how they write currencies (data).

From public knowledge of what networks answer, in the languages met most. Each word
is compared without regard to case, at the borders of words.
"""

from typing import Final

from modemgw.policy.amounts import Currency

# What the amount behind (or in front of) it is.
BALANCE: Final = (
    *(
        "balance",
        "bal",
        "balances",
        "credit",
        "airtime",
        "account",
        "acct",
        "remaining",
    ),
    *("available", "left", "funds", "prepaid balance", "you have", "load"),
    *("guthaben", "kontostand", "prepaid-guthaben", "gesamtguthaben", "restguthaben"),
    *("startguthaben", "hauptguthaben", "saldo", "solde", "crédit", "compte", "reste"),
    *("credito", "crédito", "residuo", "disponibile", "disponible", "disponível"),
    *("tegoed", "beltegoed", "stan konta", "konto", "środki", "zůstatek", "zostatok"),
    *("kredit", "kreditu", "egyenleg", "egyenlege", "egyenleged", "sold", "soldul"),
    *("баланс", "остаток", "на счете", "на счету", "рахунку", "залишок", "ваш счет"),
    *("сметка", "наличност", "υπόλοιπο", "bakiye", "bakiyeniz", "kalan", "pulsa"),
    *("sisa pulsa", "baki", "salio", "stanje", "stanje računa", "jäljellä"),
    *("saldoa", "kontosaldo", "الرصيد", "رصيدك", "رصيد", "余额", "餘額", "ยอดเงิน"),
    *("tk goc", "tkg", "tkc", "tk chinh", "tai khoan", "số dư"),
)
LEFT: Final = (
    *("left", "remaining", "available", "verfügbar", "übrig", "disponible"),
    *("disponibile", "disponível", "restant", "restants", "осталось"),
)
MAIN: Final = (
    *("main", "primary", "core", "haupt", "hauptguthaben", "hauptkonto", "principal"),
    *("principale", "основной", "основного", "ana", "utama", "glavni", "główne"),
)
BONUS: Final = (
    *(
        "bonus",
        "bonuses",
        "bonusguthaben",
        "bonuskonto",
        "boni",
        "promo",
        "promotional",
    ),
    *("gift", "free", "gratis", "kostenlos", "aktionsguthaben", "extra", "reward"),
    *("points", "punkte", "punkty", "puntos", "punti", "cashback", "loyalty", "data"),
    *("internet", "roaming", "offert", "offerts", "бонус", "бонусы", "бонусный"),
    *("бонусов", "подарок", "voucher", "coupon", "km", "tk km", "gprs", "mb", "gb"),
)
OTHER: Final = (  # money, and not what is there
    *("loan", "debt", "owe", "owed", "owing", "advance", "borrow", "borrowed", "limit"),
    *("schulden", "kredit limit", "долг", "обещанный", "кредит", "лимит", "prestito"),
    *("last", "charged", "charge", "deducted", "used", "spent", "usage", "consumed"),
    *("abgebucht", "verbraucht", "kosten", "kostet", "preis", "price", "cost", "costs"),
    *(
        "fee",
        "buy",
        "offer",
        "win",
        "save",
        "discount",
        "tariff",
        "rate",
        "grundgebühr",
    ),
    *("top up", "top-up", "topup", "recharge", "recharged", "aufladen", "aufladung"),
    *("aufgeladen", "recarga", "recargue", "ricarica", "rechargez", "doładuj", "dobij"),
    *("пополните", "пополнить", "пополнение", "стоимость", "цена", "списано", "coût"),
    *("precio", "prezzo", "preço", "angebot", "minimum", "mindestens", "noch nur"),
    *("monthly", "monatlich", "package", "pack", "bundle", "paket", "option", "pass"),
    *("minute", "minuten", "min", "subscribe", "activate", "renewal", "abo"),
)
# Prices come right behind these.
PRICE_LEADS: Final = (
    *("for", "only", "just", "nur", "für", "ab", "from", "je", "per", "pro", "pour"),
    *(
        "seulement",
        "por",
        "solo",
        "za",
        "за",
        "всего",
        "от",
        "just for",
        "get",
        "a",
        "@",
    ),
    *("zum preis von", "mit", "with", "at", "der", "den"),
)
# … and right in front of these.
PRICE_TAILS: Final = (
    "/",
    "per ",
    "pro ",
    "je ",
    "p/",
    "a day",
    "a month",
    "daily",
    "x ",
)
UNTIL: Final = (
    *("valid", "until", "till", "expire", "expires", "expiry", "expiring", "exp"),
    *("validity", "gültig", "gueltig", "bis", "ablauf", "läuft ab", "valable"),
    *("jusqu", "expira", "vence", "válido", "valido", "hasta", "scadenza", "scade"),
    *("fino", "até", "validade", "ważne", "ważny", "ważność", "do dnia", "platnost"),
    *("платі", "действует", "действителен", "до", "geldig", "geçerli", "kadar"),
    *("active", "aktif", "masa", "hingga", "s/d", "sampai", "lejár", "expiră", "hsd"),
)
# What is counted and is no money. A number in front of (or right behind) one of these.
UNITS: Final = (
    *("sms", "texts", "text", "mms", "mb", "gb", "kb", "tb", "mo", "go", "ko", "mib"),
    *("gib", "mbit", "min", "mins", "minute", "minutes", "minuten", "minuti", "minut"),
    *("minutos", "мин", "минут", "минуты", "мб", "гб", "смс", "sec", "secs", "seconds"),
    *("s", "sek", "days", "day", "d", "tage", "tagen", "tag", "jours", "jour", "días"),
    *("giorni", "dni", "dnů", "dias", "дней", "дня", "день", "gün", "hari", "hours"),
    *("hour", "hrs", "h", "stunden", "std", "uhr", "pm", "points", "punkte"),
    *(
        "messages",
        "nachrichten",
        "calls",
        "anrufe",
        "units",
        "einheiten",
        "xp",
        "months",
    ),
    *("monate", "monat", "month", "weeks", "wochen", "mois", "meses", "g", "x"),
)
SMS: Final = ("sms", "texts", "text messages", "nachrichten", "смс")


def _of(name: str, *spelled: str, decimals: int = 2) -> dict[str, Currency]:
    return dict.fromkeys((name, *spelled), Currency(name, decimals))


# Spellings on either side of an amount, in upper case.
CURRENCIES: Final[dict[str, Currency]] = {
    **_of("EUR", "€", "EURO", "EUROS", "EURS", "ЕВРО", "ΕΥΡΩ"),
    **_of("USD", "US$", "USD$", "DOLLAR", "DOLLARS"),
    **_of("GBP", "£", "POUND", "POUNDS"),
    **_of("CHF", "FR."),
    **_of("PLN", "ZŁ", "ZL", "ZŁOTYCH"),
    **_of("CZK", "KČ", "KC"),
    **_of("HUF", "FT", "FORINT", decimals=0),
    **_of("RON", "LEI"),
    **_of("BGN", "ЛВ", "ЛЕВА", "LV"),
    **_of("RSD", "DIN", "DINARA"),
    **_of("BAM", "KM"),
    **{
        name: Currency(name)
        for name in (
            *("SEK", "NOK", "DKK", "AMD", "MKD", "ALL", "MDL", "MAD", "SAR", "ZAR"),
            *("ZMW", "MWK", "BWP", "NAD", "INR", "PKR", "LKR", "NPR", "ARS", "UYU"),
            *("GTQ", "HNL", "NIO", "CRC", "GMD", "SLL", "LRD", "SCR", "MUR", "MOP"),
        )
    },
    **_of("ISK", decimals=0),
    **_of("RUB", "₽", "РУБ", "РУБЛЕЙ", "РУБЛЯ", "РУБЛЬ", "RUR", "Р"),
    **_of("UAH", "₴", "ГРН", "ГРИВЕНЬ", "GRN", "HRN"),
    **_of("BYN", "BYR"),
    **_of("KZT", "₸", "ТГ", "ТЕНГЕ", "TENGE", "TG"),
    **_of("UZS", "SO'M", "SUM"),
    **_of("GEL", "₾", "LARI"),
    **_of("AZN", "MANAT"),
    **_of("TRY", "₺", "TL"),
    **_of("ILS", "₪", "NIS"),
    **_of("AED", "DHS", "DH"),
    **_of("SAR", "SR"),
    **_of("EGP", "L.E", "LE", "جنيه"),
    **_of("DZD", "DA"),
    **_of("TND", "DT", decimals=3),
    **_of("LYD", decimals=3),
    **_of("KWD", "KD", decimals=3),
    **_of("BHD", "BD", decimals=3),
    **_of("OMR", "R.O", decimals=3),
    **_of("JOD", "JD", decimals=3),
    **_of("IQD", decimals=0),
    **_of("QAR", "QR"),
    **_of("XOF", "FCFA", "CFA", "F CFA", decimals=0),
    **_of("XAF", decimals=0),
    **_of("NGN", "₦", "NAIRA"),
    **_of("GHS", "GH₵", "GHC", "GH¢", "₵", "CEDIS"),
    **_of("KES", "KSH", "KSHS"),
    **_of("TZS", "TSH", "TSHS", decimals=0),
    **_of("UGX", "USH", decimals=0),
    **_of("RWF", "FRW", decimals=0),
    **_of("ETB", "BIRR", "BR"),
    **_of("MZN", "MT", "MZM"),
    **_of("AOA", "UTT", "KZ"),
    **_of("INR", "₹"),
    **_of("BDT", "৳", "TK", "TAKA"),
    **_of("MMK", "KS", decimals=0),
    **_of("THB", "฿", "BAHT", "บาท"),
    **_of("VND", "₫", "Đ", "DONG", "ĐỒNG", decimals=0),
    **_of("IDR", "RP", "RUPIAH", decimals=0),
    **_of("MYR", "RM"),
    **_of("PHP", "₱", "PESO", "PESOS"),
    **_of("SGD", "S$"),
    **_of("HKD", "HK$"),
    **_of("TWD", "NT$"),
    **_of("CNY", "RMB", "元"),
    **_of("JPY", "円", "YEN", decimals=0),
    **_of("KRW", "₩", decimals=0),
    **_of("AUD", "A$"),
    **_of("NZD", "NZ$"),
    **_of("CAD", "C$", "CA$"),
    **_of("MXN", "MX$"),
    **_of("BRL", "R$", "REAIS"),
    **_of("CLP", decimals=0),
    **_of("COP", decimals=0),
    **_of("PEN", "S/", "S/.", "SOLES"),
    **_of("BOB", "BS"),
    **_of("DOP", "RD$"),
    **_of("JMD", "J$"),
    # One spelling, several countries: shown as it stands.
    "$": Currency("$"),
    "KR": Currency("kr"),
    "RS": Currency("Rs"),
    "RS.": Currency("Rs"),
    "₨": Currency("Rs"),
    "¥": Currency("¥"),
    "F": Currency("F", 0),
    "KN": Currency("kn"),
}
# Single letters that are a currency in front of an amount alone, as they are written.
LETTERS: Final[dict[str, Currency]] = {
    "R": Currency("ZAR"),
    "N": Currency("NGN"),
    "P": Currency("PHP"),
    "K": Currency("ZMW"),
    "D": Currency("GMD"),
    "Q": Currency("GTQ"),
    "L": Currency("HNL"),
}
