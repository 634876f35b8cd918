"""How amounts are written: the same in the planner's sentences, in a difference and on the cards."""

import pytest

from bot.planning.amounts import about_money, ceiling, duration, money, money_span, number, span
from handlers.views import text


@pytest.mark.parametrize(
    ("usd", "said", "expected", "at_most"),
    [
        (0.0, "$0.00", "$0.00", "$0.00"),
        (1e-6, "under $0.01", "under $0.01", "$0.01"),
        (0.0099, "under $0.01", "under $0.01", "$0.01"),
        (0.01, "$0.01", "~$0.01", "$0.01"),
        (1.8801, "$1.88", "~$1.88", "$1.89"),
        (1240.0, "$1,240", "~$1,240", "$1,240.00"),
    ],
)
def test_only_nothing_is_zero_dollars_and_a_ceiling_is_never_rounded_down(
    usd: float, said: str, expected: str, at_most: str
) -> None:
    assert (money(usd), about_money(usd), ceiling(usd)) == (said, expected, at_most)


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.45, 0.9, "$0.45–$0.90"), (0.001, 0.03, "up to $0.03"), (0.0005, 0.002, "")]
)
def test_a_range_of_dollars_says_no_more_than_it_knows(low: float, high: float, said: str) -> None:
    assert money_span(low, high) == said


def test_times_and_numbers() -> None:
    assert (duration(3600), duration(5400), span(180, 600)) == ("1 h", "1 h 30 min", "3–10 min")
    assert [number(value) for value in (2e-5, 5e-7, 0.002, 1.5, 2.0)] == ["2e-5", "5e-7", "0.002", "1.5", "2"]


def test_the_cards_use_the_very_same_functions() -> None:
    assert (text.money, text.ceiling, text.number, text.duration) == (money, ceiling, number, duration)
