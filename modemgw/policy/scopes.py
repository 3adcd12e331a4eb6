"""Words for what a key may do: presets that stand for several scopes."""

from collections.abc import Iterable

PRESETS = {
    "sender": ("messages:send", "messages:read"),
    "reader": ("messages:read", "events:read"),
    "monitor": ("sims:read", "modems:read", "metrics:read"),
    "admin": ("admin",),
}


def expand(words: Iterable[str]) -> list[str]:
    """Return the scopes that scopes and presets stand for, each once.

    >>> expand(["sender", "sims:read", "messages:read"])
    ['messages:send', 'messages:read', 'sims:read']
    """
    scopes = (scope for word in words for scope in PRESETS.get(word, (word,)))
    return list(dict.fromkeys(scopes))
