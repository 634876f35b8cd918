"""What the Hub bills."""

import pytest

from bot.planning import billed_usd
from bot.planning.price import ceiling_usd, cost_usd


@pytest.mark.parametrize(
    ("seconds", "usd"), [(0, 0), (0.1, 0.025), (60, 0.025), (60.5, 0.05), (600, 0.25), (3600, 1.5)]
)
def test_every_begun_minute_is_billed(seconds: float, usd: float) -> None:
    assert billed_usd(seconds, 1.5) == pytest.approx(usd)


def test_what_is_expected_is_what_would_be_billed() -> None:
    assert cost_usd(40.0, 0.003) == pytest.approx(40 / 60), "the first minute is paid whole"
    assert cost_usd(1.5, 0.42) == pytest.approx(26 * 1.5 / 60)
    assert cost_usd(1.5, 25 / 60) == pytest.approx(25 * 1.5 / 60), "no minute for a rounding error"


def test_a_job_that_ran_until_its_timeout_is_billed_at_most_its_ceiling() -> None:
    for price in (0.01, 0.4, 1.5, 23.5):
        for timeout_s in (1200, 4500, 86_400):
            assert billed_usd(timeout_s, price) <= ceiling_usd(price, timeout_s) + 1e-9
