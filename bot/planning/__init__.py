"""Planning: request + facts -> plan. Pure; the Hub's facts and the policy come as values."""

from bot.planning.choose import Limits
from bot.planning.flavors import FALLBACK_FLAVORS
from bot.planning.formats import Verdict, choose_method, judge, recommend
from bot.planning.plan import default_output_name, default_output_names, make_plan, plan_differences, plan_lines
from bot.planning.price import billed_usd
from bot.planning.speed import STARTUP_MIN

__all__ = [
    "FALLBACK_FLAVORS",
    "STARTUP_MIN",
    "Limits",
    "Verdict",
    "billed_usd",
    "choose_method",
    "default_output_name",
    "default_output_names",
    "judge",
    "make_plan",
    "plan_differences",
    "plan_lines",
    "recommend",
]
