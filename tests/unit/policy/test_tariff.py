"""What a part costs, and where a SIM may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.places import Places, places
from modemgw.policy.tariff import Bundle, Left, Tariff

DE, AT, CA, US = "+4915112345678", "+436641234567", "+16045551234", "+12125551234"
PRICES = Places(
    (
        *(("+49", 50_000), ("+49151", 40_000), ("CA", 90_000), ("+1", 70_000)),
        ("+1604666", 60_000),
    )
)
LIST = Tariff(prices=PRICES, price_else=200_000)


@pytest.mark.parametrize(
    ("to", "price"),
    [
        pytest.param(DE, 40_000, id="the longest prefix"),
        pytest.param("+4930123456", 50_000, id="a shorter one where that does not fit"),
        pytest.param(CA, 90_000, id="a country is narrower than its calling code"),
        pytest.param("+16046661234", 60_000, id="a prefix is narrower than a country"),
        pytest.param(US, 70_000, id="the calling code for who shares it"),
        pytest.param(AT, 200_000, id="what is not listed"),
        pytest.param("80888", 200_000, id="a short code is no number abroad"),
        pytest.param("+49", 50_000, id="a number as long as the prefix"),
    ],
)
def test_the_narrowest_entry_sets_the_price(to: str, price: int) -> None:
    assert LIST.price(to, used_in_bundle=0) == price


def test_what_is_not_listed_costs_nobody_knows_what() -> None:
    assert Tariff(prices=PRICES).price(AT, used_in_bundle=0) is None
    assert Tariff(prices=PRICES).cost(AT, 2, used_in_bundle=0) is None


@pytest.mark.parametrize(
    ("bundle", "to", "used", "price"),
    [
        pytest.param(Bundle(500), DE, 499, 0, id="the last one of the bundle"),
        pytest.param(Bundle(500), DE, 500, 40_000, id="then by the list"),
        pytest.param(Bundle(500, then_price=7), DE, 500, 7, id="then by the bundle"),
        pytest.param(
            Bundle(500, covers=places("+49")), AT, 0, 200_000, id="not what it covers"
        ),
        pytest.param(
            Bundle(500, covers=places("DE")), DE, 0, 0, id="what it covers by country"
        ),
        pytest.param(Bundle(0, then_price=5), DE, 0, 5, id="an empty bundle"),
    ],
)
def test_a_bundle_is_paid_for(bundle: Bundle, to: str, used: int, price: int) -> None:
    tariff = Tariff(prices=PRICES, price_else=200_000, bundle=bundle)
    assert tariff.price(to, used_in_bundle=used) == price


@given(
    size=st.integers(0, 20),
    used=st.integers(0, 30),
    parts=st.integers(1, 30),
    then=st.none() | st.integers(0, 10**7),
    to=st.sampled_from([DE, AT, CA]),
)
def test_a_message_costs_the_sum_of_its_parts(
    size: int, used: int, parts: int, then: int | None, to: str
) -> None:
    bundle = Bundle(size, then_price=then, covers=places("+49", "+43"))
    tariff = Tariff(prices=PRICES, price_else=3, bundle=bundle)
    one_by_one = 0
    for n in range(parts):
        price = tariff.price(to, used_in_bundle=used + n)
        assert price is not None
        one_by_one += price
    assert tariff.cost(to, parts, used_in_bundle=used) == one_by_one


def test_a_message_that_leaves_its_bundle_for_the_unknown_has_no_cost() -> None:
    tariff = Tariff(bundle=Bundle(2))
    assert tariff.cost(DE, 2, used_in_bundle=0) == 0
    assert tariff.cost(DE, 3, used_in_bundle=0) is None


@pytest.mark.parametrize(
    ("allowed", "refused", "to", "goes"),
    [
        pytest.param((), (), DE, True, id="everywhere"),
        pytest.param(("DE",), (), DE, True, id="the own country"),
        pytest.param(("DE",), (), AT, False, id="not the next one"),
        pytest.param(("DE",), (), "80888", False, id="short codes have no country"),
        pytest.param(("DE", "short"), (), "80888", True, id="unless allowed"),
        pytest.param(("808",), (), "80888", True, id="one by its beginning"),
        pytest.param((), ("+49900",), "+49900123456", False, id="premium"),
        pytest.param(("DE",), ("+49900",), DE, True, id="the rest of the country"),
        pytest.param(("+49151",), ("DE",), DE, True, id="the narrower allowance"),
        pytest.param(("+49",), ("+49",), DE, False, id="as narrow: refused"),
        pytest.param((), ("CA",), US, True, id="a neighbour with the same code"),
        pytest.param((), ("CA",), CA, False, id="a country that shares its code"),
        pytest.param(("CA",), (), "+999123456", False, id="a code nobody has"),
    ],
)
def test_where_a_sim_may_send(
    allowed: tuple[str, ...], refused: tuple[str, ...], to: str, goes: bool
) -> None:
    tariff = Tariff(allowed=places(*allowed), refused=places(*refused))
    assert (tariff.allows(to) is None) == goes


@pytest.mark.parametrize(
    ("left", "to", "parts", "why"),
    [
        pytest.param(Left(), DE, 99, None, id="no limit"),
        pytest.param(Left(parts=3), DE, 3, None, id="to the last part"),
        pytest.param(Left(parts=2), DE, 3, "quota has 2", id="not half a message"),
        pytest.param(Left(covered=2), DE, 3, "bundle has 2", id="the bundle stops"),
        pytest.param(Left(covered=0), AT, 3, None, id="what it does not cover goes on"),
        pytest.param(Left(money=80_000), DE, 2, None, id="to the last cent"),
        pytest.param(Left(money=79_999), DE, 2, "too little", id="a cent short"),
        pytest.param(Left(money=10**9), "+995", 1, "not known", id="capped, no price"),
    ],
)
def test_what_is_left_must_do_for_the_whole_message(
    left: Left, to: str, parts: int, why: str | None
) -> None:
    tariff = Tariff(
        prices=Places((*PRICES.entries, ("AT", 1))),
        bundle=Bundle(100, covers=places("DE")),
        left=left,
    )
    said = tariff.allows(to, parts, used_in_bundle=100)
    assert (why is None and said is None) or (why or "!") in (said or "")


def test_equal_contracts_are_equal() -> None:
    """Routing groups by what it compares."""
    assert Tariff(prices=PRICES) == Tariff(prices=Places(PRICES.entries))
    assert hash(Tariff(prices=PRICES)) == hash(Tariff(prices=Places(PRICES.entries)))
