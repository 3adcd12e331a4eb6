"""Which code a person meant who wrote the name of a country."""

import difflib
import zoneinfo
from contextlib import suppress
from functools import lru_cache
from importlib import resources
from pathlib import Path

_TABLE = "iso3166.tab"  # of the time zone database: code, tab, name
_OWN = {  # what people write, and the table does not say
    "uk": "GB",
    "england": "GB",
    "great britain": "GB",
    "usa": "US",
    "america": "US",
    "deutschland": "DE",
    "österreich": "AT",
    "schweiz": "CH",
    "suisse": "CH",
    "holland": "NL",
    "españa": "ES",
    "italia": "IT",
    "polska": "PL",
    "norge": "NO",
    "sverige": "SE",
    "danmark": "DK",
    "suomi": "FI",
    "türkiye": "TR",
    "el": "GR",
}


def suggest_code(text: str) -> str:
    """Return `; did you mean 'DE'?` for `Germany`, "" where nobody can tell."""
    known = _names()
    word = text.strip().lower()
    if word not in known:
        close = difflib.get_close_matches(word, known, n=1, cutoff=0.8)
        word = close[0] if close else ""
    return f"; did you mean {known[word]!r}?" if word else ""


@lru_cache(1)
def _names() -> dict[str, str]:
    found = dict(_OWN)
    for line in _table().splitlines():
        code, tab, name = line.partition("\t")
        if tab and not code.startswith("#"):
            found.setdefault(name.strip().lower(), code)
    return found


def _table() -> str:
    for folder in zoneinfo.TZPATH:
        with suppress(OSError, UnicodeDecodeError):
            return Path(folder, _TABLE).read_text("utf-8")
    with suppress(ModuleNotFoundError, OSError, UnicodeDecodeError):
        return (resources.files("tzdata") / "zoneinfo" / _TABLE).read_text("utf-8")
    return ""
