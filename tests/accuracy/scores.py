"""The few statistics that the memory and time corpora are judged by. Pure."""

import statistics
from collections.abc import Sequence


def share(hits: int, total: int) -> str:
    return "-" if not total else f"{hits / total:.0%}"


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def median_error(errors: Sequence[float]) -> float:
    return statistics.median(abs(error) for error in errors)


def within(ratios: Sequence[float], factor: float) -> int:
    """How many ratios of prediction to measurement lie within a factor."""
    return sum(1 / factor <= ratio <= factor for ratio in ratios)
