"""Words for people: numbers of things."""


def counted(number: int, one: str, many: str = "") -> str:
    """Say how many of something there are; `many` where that is not `one` with an s.

    >>> counted(1, "message"), counted(0, "message"), counted(2, "entry", "entries")
    ('1 message', '0 messages', '2 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
