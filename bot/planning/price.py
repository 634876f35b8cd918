"""What a job costs and what it can cost at most. Money and seconds; nothing about models."""

import math

from bot.models.job import ENDING_S, PUSH_BYTES_S

#: Seconds. The Hub's own default is 30 minutes, which stops most trainings; so the timeout is always said.
#: https://huggingface.co/docs/hub/jobs-manage
_SLACK_S = 20 * 60
_ROUND_S = 10 * 60
MIN_TIMEOUT_S = 20 * 60
#: The Hub bills whole minutes while a job is starting or running.
#: https://huggingface.co/docs/hub/jobs-pricing
_MINUTE = 60


def timeout_for(hours_high: float) -> int:
    """Seconds until the Hub stops the job: 1.5 times the upper estimate and 20 minutes, rounded up to 10 minutes."""
    wanted = 1.5 * hours_high * 3600 + _SLACK_S
    return max(MIN_TIMEOUT_S, math.ceil(wanted / _ROUND_S) * _ROUND_S)


def tightest_timeout(hours_high: float, model_bytes: float) -> int:
    """The shortest timeout, in seconds, in which the script still ends: as it counts that itself.

    The upper estimate (start and steps), the push of the trained model (twice what is guessed), and the minute that
    the script keeps free (templates/scripts/checkpoints.py.j2).
    """
    needed = hours_high * 3600 + 2 * model_bytes / PUSH_BYTES_S + ENDING_S
    return max(MIN_TIMEOUT_S, math.ceil(needed / _MINUTE) * _MINUTE)


def cost_usd(price_usd_hour: float, hours: float) -> float:
    """What is expected of a job of so many hours: what the Hub would charge for it."""
    return billed_usd(hours * 3600, price_usd_hour)


def billed_usd(seconds: float, price_usd_hour: float) -> float:
    """What the Hub charges for so many seconds of starting and running: every begun minute counts."""
    return math.ceil(round(seconds / _MINUTE, 6)) * price_usd_hour / 60


def ceiling_usd(price_usd_hour: float, timeout_s: int) -> float:
    """What the job costs when it runs until its timeout, in whole cents, rounded up."""
    return math.ceil(round(price_usd_hour * math.ceil(timeout_s / _MINUTE) / 60 * 100, 6)) / 100
