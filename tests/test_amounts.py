"""How amounts are written: the same in the planner's sentences, in a difference and on the cards."""

import math

import pytest

from bot.amounts import (
    about,
    about_money,
    apart,
    ceiling,
    duration,
    gib,
    money,
    money_span,
    number,
    rough,
    span,
    to_the_second,
    typed_money,
    within,
)
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


def test_long_estimates_have_no_minutes_and_limits_have() -> None:
    assert (about(69_180), span(34_560, 138_180)) == ("about 19 h", "9 h 36 min to 38 h")
    assert (duration(69_180), about(math.inf)) == ("19 h 13 min", "about an unknown time")


def test_amounts_that_are_compared_do_not_read_alike() -> None:
    assert apart(22.04, 21.96, gib, "{:.2f} GiB".format) == ("22.04 GiB", "21.96 GiB")
    assert apart(30.0, 22.0, gib, "{:.2f} GiB".format) == ("30.0 GiB", "22.0 GiB")
    assert apart(1220, 1200, duration, to_the_second) == ("20 min 20 s", "20 min")
    assert (to_the_second(59.2), to_the_second(3600), rough(96_640)) == ("1 min", "1 h", "96.6k")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.8, 1.15, "±20 %"),
        (0.9, 1.29, "±29 %"),
        (1.0, 1.0, "±1 %"),
        (1 / 3, 3.1, "from a third to 3.1 times of it"),
        (0.5, 2.0, "from half to 2 times of it"),
        (0.9, 1.8, "from 90 % to 1.8 times of it"),
        (0.1, 1.2, "from a 10th to 1.2 times of it"),
    ],
)
def test_an_error_is_told_on_both_sides(low: float, high: float, said: str) -> None:
    assert within(low, high) == said


def test_an_amount_that_was_typed_keeps_its_digits() -> None:
    assert [typed_money(usd) for usd in (0.001, 0.25, 0.0, 1500)] == ["$0.001", "$0.25", "$0.00", "$1,500"]


def test_the_cards_use_the_very_same_functions() -> None:
    assert (text.money, text.ceiling, text.number, text.duration) == (money, ceiling, number, duration)
