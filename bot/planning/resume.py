"""Going on from a checkpoint: the plan of a run that stopped, for the steps that are left.

Pure. Everything that the checkpoint depends on stays as it was: model, data, arguments, seed, output. Only time and
money are counted anew.
"""

from collections.abc import Sequence

from bot.errors import UserError
from bot.models import Check, Flavor, Plan, Progress, Resume
from bot.planning.price import ceiling_usd, cost_usd, timeout_for
from bot.planning.speed import STARTUP_HIGH, STARTUP_LOW

#: The pace was measured on the same hardware and data; what remains is another machine of the kind and longer rows.
_SPREAD = 1.2


def go_on(plan: Plan, resume: Resume, progress: Progress, flavors: Sequence[Flavor]) -> Plan:
    """Plan the rest of a run that stopped, at the pace that was measured, or else predicted.

    Raises:
        UserError: its hardware is no longer offered, or no step is left.
    """
    flavor = next((flavor for flavor in flavors if flavor.name == plan.flavor.name), None)
    if flavor is None:
        raise UserError(
            f"The Hub no longer offers {plan.flavor.name}, on which this run has to go on.",
            "Ask for a new run on other hardware.",
        )
    steps = progress.max_steps or plan.estimate.steps
    left = steps - resume.step
    if left <= 0:
        raise UserError("All steps of this run were done before it stopped.", "Ask for a new run.")
    estimate = plan.estimate
    predicted = max(0.0, estimate.hours - estimate.startup_min / 60) * 3600 / max(1, estimate.steps)
    training = left * (progress.seconds_per_step or predicted) / 3600
    startup = estimate.startup_min / 60
    hours, low, high = (
        startup + training,
        startup * STARTUP_LOW + training / _SPREAD,
        startup * STARTUP_HIGH + training * _SPREAD,
    )
    timeout_s, price = timeout_for(high), flavor.price_usd_hour
    paced = "at the pace that was measured" if progress.seconds_per_step else "at the predicted pace"
    return plan.model_copy(
        update={
            "flavor": flavor,
            "resume": resume,
            "estimate": estimate.model_copy(
                update={
                    "tokens": round(estimate.tokens * left / steps),
                    "hours": round(hours, 4),
                    "hours_low": round(low, 4),
                    "hours_high": round(high, 4),
                    "cost_usd": round(cost_usd(price, hours), 4),
                    "cost_low_usd": round(cost_usd(price, low), 4),
                    "cost_high_usd": round(cost_usd(price, high), 4),
                }
            ),
            "timeout_s": timeout_s,
            "ceiling_usd": ceiling_usd(price, timeout_s),
            "checks": (
                Check(
                    level="ok",
                    text=f"It goes on from the checkpoint of step {resume.step:,} of {steps:,}, {paced}; model, data"
                    " and settings stay as they were approved.",
                ),
            ),
            "options": (),
            "dropped": (),
            "script_sha256": "",
            "approval_rule": "",
            "approvers": (),
        }
    )
