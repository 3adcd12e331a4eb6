"""Where a text may be cut."""

import pytest

from modemgw.pdu.graphemes import is_boundary

FLAGS = "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7"


@pytest.mark.parametrize(
    ("text", "at", "boundary"),
    [
        pytest.param("ab", 1, True, id="letters"),
        pytest.param("ab", 0, True, id="start"),
        pytest.param("ab", 2, True, id="end"),
        pytest.param("e\u0301", 1, False, id="combining-accent"),
        pytest.param("\u0915\u093f", 1, False, id="devanagari-vowel-sign"),
        pytest.param("\U0001f44d\U0001f3fd", 1, False, id="skin-tone"),
        pytest.param("\u2764\ufe0f", 1, False, id="variation-selector"),
        pytest.param("\U0001f468\u200d\U0001f469", 1, False, id="before-the-joiner"),
        pytest.param("\U0001f468\u200d\U0001f469", 2, False, id="behind-the-joiner"),
        pytest.param("\U0001f3f4\U000e0067", 1, False, id="tag"),
        pytest.param("\r\n", 1, False, id="line-end"),
        pytest.param("\n\r", 1, True, id="no-line-end"),
        pytest.param("\u1100\u1161", 1, False, id="hangul-vowel"),
        pytest.param("\u1100\u1100", 1, False, id="hangul-double"),
        pytest.param("\u1100a", 1, True, id="hangul-then-latin"),
        pytest.param(FLAGS, 1, False, id="inside-the-first-flag"),
        pytest.param(FLAGS, 2, True, id="between-flags"),
        pytest.param(FLAGS, 3, False, id="inside-the-second-flag"),
        pytest.param("a" + FLAGS, 3, True, id="between-flags-behind-a-letter"),
    ],
)
def test_boundaries(text: str, at: int, boundary: bool) -> None:
    assert is_boundary(text, at) is boundary
