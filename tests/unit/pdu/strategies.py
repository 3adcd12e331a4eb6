"""What a sender may write: texts in many scripts, addresses, options."""

from datetime import timedelta

from hypothesis import strategies as st

from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import BASIC, EXTENSION
from modemgw.pdu.shifts import LOCKING, SINGLE

GSM7_CHARACTERS = sorted(set(BASIC + EXTENSION) - {"\x1b"})
EMOJI = [
    "\U0001f600",
    "\U0001f44d\U0001f3fd",  # with a skin tone
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family, joined by ZWJ
    "\U0001f1e9\U0001f1ea",  # a flag
    "e\u0301",  # a combining accent
]

gsm7_texts = st.text(st.sampled_from(GSM7_CHARACTERS), max_size=500)
any_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=250)
emoji_texts = st.lists(st.sampled_from([*EMOJI, "a", " ", "\u0434"]), max_size=150).map(
    "".join
)


@st.composite
def national_texts(draw: st.DrawFn) -> tuple[int, str]:
    """Draw a language and a text of its characters with some of the default ones."""
    language = draw(st.sampled_from(sorted(SINGLE)))
    characters = LOCKING.get(language, BASIC) + SINGLE[language]
    allowed = sorted(set(characters) - {"\x1b"})
    return language, draw(st.text(st.sampled_from(allowed), max_size=400))


texts = st.one_of(gsm7_texts, any_texts, emoji_texts)

numbers = st.text(st.sampled_from("0123456789*#abc"), min_size=1, max_size=20)
addresses = st.one_of(
    numbers.map(Address.dialled),
    numbers.map(lambda digits: Address.dialled("+" + digits)),
)
names = st.text(st.sampled_from(GSM7_CHARACTERS), min_size=1, max_size=5).map(
    Address.alphanumeric
)
validities = st.one_of(
    st.none(), st.integers(1, 63 * 604_800).map(lambda s: timedelta(seconds=s))
)
