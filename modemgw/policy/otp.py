"""The texts of one-time codes: one sentence each, in the languages of our users.

Nobody gives the sentence, and what goes into it is checked, so that a key for codes
cannot send anything else in our name.
"""

import re

DIGITS_LEAST, DIGITS_MOST, DIGITS = 4, 10, 6
APP_MOST = 30  # characters
DOMAIN_MOST = 100

# Kept to the GSM alphabet where the language allows: one part instead of two.
SENTENCES = {
    "cs": "{code} je váš kód pro {app}.",
    "da": "{code} er din kode til {app}.",
    "de": "{code} ist Ihr Code für {app}.",
    "el": "{code}: ο κωδικός σας για {app}.",  # noqa: RUF001
    "en": "{code} is your code for {app}.",
    "es": "{code} es su código para {app}.",
    "fi": "{code} on koodisi palveluun {app}.",
    "fr": "{code} est votre code pour {app}.",
    "hu": "{code} az Ön kódja ehhez: {app}.",
    "it": "{code} è il suo codice per {app}.",
    "nb": "{code} er koden din for {app}.",
    "nl": "{code} is uw code voor {app}.",
    "pl": "{code} to kod do {app}.",
    "pt": "{code} é o seu código para {app}.",
    "ro": "{code} este codul dvs. pentru {app}.",
    "ru": "{code} — ваш код для {app}.",
    "sv": "{code} är din kod för {app}.",
    "tr": "{code}, {app} için kodunuzdur.",
    "uk": "{code} — ваш код для {app}.",
}
DEFAULT = "en"

_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_ALIASES = {"no": "nb", "nn": "nb"}
_LINKS = re.compile(r"https?|www|//|\.[a-z]{2,}|@|#", re.IGNORECASE)
_APP = re.compile(r"[^\W_](?:[\w .&'+!-]*[\w!+.])?")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def language(locale: str | None) -> str | None:
    """Return the language of a locale that has a sentence, None where it is no locale.

    What has none gets English.

    >>> language("de-AT"), language("no"), language("ja"), language("?")
    ('de', 'nb', 'en', None)
    """
    if locale is None:
        return DEFAULT
    found = _LOCALE.fullmatch(locale)
    if found is None:
        return None
    short = found[1].lower()
    short = _ALIASES.get(short, short)
    return short if short in SENTENCES else DEFAULT


def app_fault(app: str) -> str | None:
    """Say why a name cannot stand in the text, None where it can.

    >>> app_fault("Corner Shop"), app_fault("win at evil.example")
    (None, 'must not look like a link')
    """
    if not 1 <= len(app) <= APP_MOST:
        return f"must have 1 to {APP_MOST} characters"
    if _LINKS.search(app):
        return "must not look like a link"
    if _APP.fullmatch(app) is None:
        return "may hold letters, digits, blanks and . & ' + ! -"
    if re.search(r"\d{4}", app):
        return "must not hold four digits in a row: they look like a code"
    return None


def domain_fault(domain: str) -> str | None:
    """Say why no browser can be told to fill in a code there, None where it can.

    >>> domain_fault("shop.local"), domain_fault("https://shop.local")
    (None, 'must be a host name such as shop.example')
    """
    if len(domain) > DOMAIN_MOST or _DOMAIN.fullmatch(domain) is None:
        return "must be a host name such as shop.example"
    return None


def text(code: str, *, app: str, language: str, domain: str | None) -> str:
    r"""Return the text of a code.

    With `domain` its last line tells browsers where to fill it in.

    >>> text("123456", app="Shop", language="en", domain="shop.local")
    '123456 is your code for Shop.\n\n@shop.local #123456'

    Spec: Origin-bound one-time codes delivered via SMS (WICG), which iOS, Android and
    WebOTP read.
    """
    sentence = SENTENCES[language].format(code=code, app=app)
    return sentence if domain is None else f"{sentence}\n\n@{domain} #{code}"
