"""Planning: request + facts -> plan. Pure; the Hub's facts and the policy come as values."""

from bot.planning.choose import Limits
from bot.planning.explain import CHOSEN, Reason, explain, fit, plan_lines, prediction
from bot.planning.flavors import FALLBACK_FLAVORS, PRICES_READ_ON
from bot.planning.formats import Verdict, choose_method, judge, recommend
from bot.planning.plan import default_output_name, default_output_names, make_plan, plan_differences, switch_to
from bot.planning.price import billed_usd
from bot.planning.remedies import remedies
from bot.planning.resume import go_on, is_foreign
from bot.planning.samples import Sample, take_sample
from bot.planning.speed import STARTUP_MIN
from bot.planning.spoken import choose_format

__all__ = [
    "CHOSEN",
    "FALLBACK_FLAVORS",
    "PRICES_READ_ON",
    "STARTUP_MIN",
    "Limits",
    "Reason",
    "Sample",
    "Verdict",
    "billed_usd",
    "choose_format",
    "choose_method",
    "default_output_name",
    "default_output_names",
    "explain",
    "fit",
    "go_on",
    "is_foreign",
    "judge",
    "make_plan",
    "plan_differences",
    "plan_lines",
    "prediction",
    "recommend",
    "remedies",
    "switch_to",
    "take_sample",
]
