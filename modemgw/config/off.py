"""The words by which a file says that there is to be none of something."""

OFF_WORDS = ("off", "no", "false")


def is_off(text: str) -> bool:
    """Tell whether a value is one of them, in whatever case.

    >>> is_off(" Off"), is_off("0s")
    (True, False)
    """
    return text.strip().lower() in OFF_WORDS
