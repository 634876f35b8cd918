"""How dollars, times and numbers are written for people: one wording in plans, rules, alerts, cards and commands.

Pure: numbers in, plain text out. Knows no Slack and no plan.
"""

import math
from collections.abc import Callable

#: Errors up to this share read well as "±".
_SMALL_ERROR = 0.5
_PARTS = {2: "half", 3: "a third", 4: "a quarter"}


def money(usd: float) -> str:
    """Dollars as a person would say them: $0.40, $12.50, $1,240; "$0.00" is nothing at all."""
    if not math.isfinite(usd):
        return "an unknown amount"
    if 0 < usd < 0.01:
        return "under $0.01"
    return f"${usd:,.2f}" if usd < 1000 else f"${usd:,.0f}"


def typed_money(usd: float) -> str:
    """An amount that somebody named: "$5.00", and "$0.001" as it was typed."""
    return f"${usd:g}" if 0 < usd < 0.01 else money(usd)


def about_money(usd: float) -> str:
    """An expected amount: "~$0.40"."""
    return money(usd) if usd < 0.01 else f"~{money(usd)}"


def money_span(low_usd: float, high_usd: float) -> str:
    """ "$0.45–$0.90"; "" when both ends read alike, or less than a cent is at stake."""
    low, high = money(low_usd), money(high_usd)
    if low == high or high_usd < 0.01:
        return ""
    return f"up to {high}" if low_usd < 0.01 else f"{low}–{high}"


def ceiling(usd: float) -> str:
    """Dollars, rounded up: what is shown is never less than what may be charged."""
    return f"${math.ceil(round(usd * 100, 6)) / 100:,.2f}" if math.isfinite(usd) else "an unknown amount"


def duration(seconds: float) -> str:
    """40 s, 25 min, 2 h 10 min, 3 days 4 h."""
    if not math.isfinite(seconds):
        return "an unknown time"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"


def about(seconds: float) -> str:
    """A duration as an estimate: "about 25 min", "under a minute"."""
    return "under a minute" if seconds < 60 else f"about {duration(_whole_hours(seconds))}"


def _whole_hours(seconds: float) -> float:
    """Without the minutes where there are ten hours and more: no estimate is as good as that."""
    return round(seconds / 3600) * 3600 if 36_000 <= seconds < math.inf else seconds


def to_the_second(seconds: float) -> str:
    """20 min 20 s: for times that are compared and would read alike otherwise."""
    minutes, left = divmod(max(0, math.ceil(seconds)), 60)
    return f"{duration(60 * minutes)} {left} s" if minutes and left else duration(60 * minutes + left)


def span(low_s: float, high_s: float) -> str:
    """ "18–36 min" in one unit where both ends have it, else "50 min to 2 h"."""
    low, high = duration(_whole_hours(low_s)), duration(_whole_hours(high_s))
    if low == high:
        return low
    (low_number, _, low_unit), (_, _, high_unit) = low.partition(" "), high.partition(" ")
    return f"{low_number}–{high}" if low_unit == high_unit else f"{low} to {high}"


def number(value: float) -> str:
    """A metric or a hyperparameter: 1.52, 0.03, 2e-5, 1,500."""
    if math.isnan(value):
        return "not a number (NaN)"
    if math.isinf(value):
        return "infinite"
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    if abs(value) < 1e-3:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def percent(share: float) -> str:
    """A share of the whole: "90 %", "under 1 %"; "100 %" and "0 %" only when it is all and nothing."""
    if 0 < share < 0.01:
        return "under 1 %"
    return f"{min(round(share * 100), 99) if share < 1 else 100} %"


def within(low: float, high: float) -> str:
    """How far from an estimate of 1 the truth lies, below and above: "±20 %", "from a third to 3 times of it"."""
    if low >= 1 - _SMALL_ERROR and high <= 1 + _SMALL_ERROR:
        return f"±{percent(max(1 - low, high - 1, 0.01))}"
    times = round(1 / low) if low > 0 else 0
    least = "nothing" if not times else _PARTS.get(times, f"a {times}th") if times > 1 else percent(low)
    return f"from {least} to {number(float(f'{high:.2g}'))} times of it"


def size(count_bytes: float) -> str:
    """1.2 GB, 780 B."""
    value = float(count_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def gib(value: float) -> str:
    """Memory: 16.8 GiB."""
    return f"{value:.1f} GiB"


def apart(one: float, other: float, *ways: Callable[[float], str]) -> tuple[str, str]:
    """Two amounts that are compared, in the first of the ways in which they do not read alike."""
    written = [(way(one), way(other)) for way in ways]
    return next((pair for pair in written if pair[0] != pair[1]), written[-1])


def rough(count: float) -> str:
    """596M, 3.4M, 1.2B: a large count in three significant digits at most."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            value = count / size
            return f"{value:.0f}{unit}" if value >= 100 else f"{value:.1f}".removesuffix(".0") + unit
    return f"{count:,.0f}"
