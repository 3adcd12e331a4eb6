"""Words for people: numbers of things, and what others wrote."""


def counted(number: int, one: str, many: str = "") -> str:
    """Say how many of something there are; `many` where that is not `one` with an s.

    >>> counted(1, "message"), counted(0, "message"), counted(2, "entry", "entries")
    ('1 message', '0 messages', '2 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """Write a text of others so that it stays on its line and steers no terminal.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def times(count: int) -> str:
    """Say how often.

    >>> times(1), times(3)
    ('once', '3 times')
    """
    return "once" if count == 1 else f"{count} times"
