"""A payment is taken apart without losing a cent: oldest first, interest before principal."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from plans.domain.allocation import Allocation, Progress, allocate, is_completed
from plans.domain.money import Money
from plans.domain.quote import Instalment


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def schedule(*parts: tuple[int, int]) -> list[Progress]:
    """Instalments of (interest, principal) in fen, nothing paid."""
    left = sum(principal for _, principal in parts)
    found = []
    for no, (interest, principal) in enumerate(parts, start=1):
        left -= principal
        due = date(2026, 12, 15) + timedelta(days=30 * no)
        instalment = Instalment(no, due, cny(principal), cny(interest), cny(left))
        found.append(Progress(instalment, cny(0), cny(0)))
    return found


def pay(minor: int, owed: list[Progress]) -> tuple[list[tuple[int, int, int]], int]:
    found = allocate(cny(minor), owed)
    parts = [(part.no, part.interest.minor, part.principal.minor) for part in found.parts]
    return parts, found.credit.minor


def after(minor: int, owed: list[Progress]) -> list[Progress]:
    parts = {part.no: part for part in allocate(cny(minor), owed).parts}
    return [
        each.with_paid(parts[each.instalment.no]) if each.instalment.no in parts else each
        for each in owed
    ]


OWED = schedule((100, 700), (90, 710), (80, 720))


def test_an_exact_payment_pays_the_oldest_instalment() -> None:
    assert pay(800, OWED) == ([(1, 100, 700)], 0)


def test_a_partial_payment_pays_interest_before_principal() -> None:
    assert pay(60, OWED) == ([(1, 60, 0)], 0)
    assert pay(150, OWED) == ([(1, 100, 50)], 0)


def test_the_next_partial_payment_goes_on_where_the_first_ended() -> None:
    assert pay(60, after(60, OWED)) == ([(1, 40, 20)], 0)


def test_more_than_is_due_prepays_the_next_ones_with_their_interest() -> None:
    assert pay(1000, OWED) == ([(1, 100, 700), (2, 90, 110)], 0)


def test_what_is_left_after_the_last_is_credit() -> None:
    everything = [(1, 100, 700), (2, 90, 710), (3, 80, 720)]
    assert pay(2500, OWED) == (everything, 100)
    assert pay(100, after(2400, OWED)) == ([], 100)


def test_an_instalment_without_interest_takes_principal_alone() -> None:
    assert pay(500, schedule((0, 700))) == ([(1, 0, 500)], 0)


def test_without_instalments_all_of_it_is_credit() -> None:
    assert pay(1, []) == ([], 1)


def test_completed_means_paid_to_the_last_cent() -> None:
    assert not is_completed(after(2399, OWED))
    assert is_completed(after(2400, OWED))


instalments = st.lists(
    st.tuples(st.integers(0, 5_000), st.integers(1, 100_000)), min_size=1, max_size=12
)


@given(instalments, st.lists(st.integers(1, 200_000), min_size=1, max_size=20))
def test_payments_in_any_pieces_fill_the_same_instalments(
    parts: list[tuple[int, int]], paid: list[int]
) -> None:
    piecewise, credit = schedule(*parts), 0
    for minor in paid:
        found = allocate(cny(minor), piecewise)
        assert found.interest + found.principal + found.credit == cny(minor)
        assert all((part.interest + part.principal).minor > 0 for part in found.parts)
        credit += found.credit.minor
        piecewise = after(minor, piecewise)
    at_once = allocate(cny(sum(paid)), schedule(*parts))
    assert piecewise == after(sum(paid), schedule(*parts))
    assert credit == at_once.credit.minor
    for each in piecewise:
        assert each.paid_interest <= each.instalment.interest
        assert each.paid_principal <= each.instalment.principal
        assert each.paid_principal.minor == 0 or each.paid_interest == each.instalment.interest


def test_progress_adds_what_was_paid_before() -> None:
    begun = replace(OWED[0], paid_interest=cny(100), paid_principal=cny(5))
    assert begun.with_paid(Allocation(1, cny(0), cny(7))).paid == cny(112)
