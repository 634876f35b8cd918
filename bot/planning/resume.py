"""Going on from a checkpoint: the plan of a run that stopped, for the steps that are left.

Pure. Everything that the checkpoint depends on stays as it was: model, data, arguments, seed, output. Only time and
money are counted anew.
"""

from collections.abc import Iterator, Sequence

from bot.amounts import ceiling, duration, typed_money
from bot.errors import UserError
from bot.models import Check, Flavor, Plan, Progress, Resume, Tuning
from bot.models.job import PUSH_BYTES_S
from bot.planning.checkpoints import Stored, stored
from bot.planning.checks import no_payment
from bot.planning.price import ceiling_usd, cost_usd, tightest_timeout, timeout_for
from bot.planning.speed import STARTUP_HIGH, STARTUP_LOW
from bot.planning.workload import Workload

#: The pace was measured on the same hardware and data; what remains is another machine of the kind and longer rows.
_SPREAD = 1.2
#: How the titles of the script's own checkpoints begin (templates/scripts/checkpoints.py.j2).
CHECKPOINT_TITLE = "Checkpoint of step "


def go_on(
    plan: Plan,
    resume: Resume,
    progress: Progress,
    flavors: Sequence[Flavor],
    *,
    can_pay: bool = True,
    moved_on: bool = False,
    spent_usd: float = 0.0,
) -> Plan:
    """Plan the rest of a run that stopped, at the pace that was measured, or else predicted.

    `can_pay`: whether the wallet has means of payment; `moved_on`: somebody else has changed the repository since the
    checkpoint; `spent_usd`: what the run that stopped has cost.

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
    # the plan of a run that went on itself counts the time and the tokens of its own steps only
    planned = max(1, steps - (plan.resume.step if plan.resume else 0))
    predicted = max(0.0, estimate.hours - estimate.startup_min / 60) * 3600 / planned
    training = left * (progress.seconds_per_step or predicted) / 3600
    startup = estimate.startup_min / 60
    hours, low, high = (
        startup + training,
        startup * STARTUP_LOW + training / _SPREAD,
        startup * STARTUP_HIGH + training * _SPREAD,
    )
    files = _stored(plan)
    fetching = files.checkpoint / PUSH_BYTES_S / 3600  # as slowly as pushing it is assumed to be
    timeout_s = max(timeout_for(high), tightest_timeout(high + fetching, files.model))
    price = flavor.price_usd_hour
    at_most = ceiling_usd(price, timeout_s)
    warnings = [] if can_pay else [no_payment(plan.namespace)]
    warnings += [Check(level="warning", text=text) for text in _beyond(plan, timeout_s, spent_usd + at_most)]
    if moved_on:
        words = (
            f"Somebody has changed {plan.output_repo} since that checkpoint was saved. Going on gives its files a new"
            " version; what is there now stays in its history."
        )
        warnings.append(Check(level="warning", text=words))
    paced = "at the pace that was measured" if progress.seconds_per_step else "at the predicted pace"
    return plan.model_copy(
        update={
            "flavor": flavor,
            "resume": resume,
            "estimate": estimate.model_copy(
                update={
                    "tokens": round(estimate.tokens * left / planned),
                    "hours": round(hours, 4),
                    "hours_low": round(low, 4),
                    "hours_high": round(high, 4),
                    "cost_usd": round(cost_usd(price, hours), 6),
                    "cost_low_usd": round(cost_usd(price, low), 6),
                    "cost_high_usd": round(cost_usd(price, high), 6),
                }
            ),
            "timeout_s": timeout_s,
            "ceiling_usd": at_most,
            "checks": (
                Check(
                    level="ok",
                    text=f"It goes on from the checkpoint of step {resume.step:,} of {steps:,}, {paced}; model, data"
                    " and settings stay as they were approved.",
                ),
                *warnings,
            ),
            "options": (),
            "fitting": (),
            "dropped": (),
            "script_sha256": "",
            "approval_rule": "",
            "approvers": (),
        }
    )


def is_foreign(title: str) -> bool:
    """Whether a commit since a checkpoint is none of the job's own, which pushes checkpoints until it stops."""
    return not title.startswith(CHECKPOINT_TITLE)


def _stored(plan: Plan) -> Stored:
    """What the run writes, its optimizer counted as AdamW, whose state is the largest."""
    work = Workload(
        method=plan.method,
        tuning=plan.tuning,
        weight_bytes=4 if plan.dtype == "float32" else 2,
        autocast=plan.precision != "fp32",
        batch=1,
        length=1,
        lora_r=plan.arguments.lora_r or 0,
        adapter_bytes=2 if plan.tuning is Tuning.QLORA else 4,
        processes=plan.processes,
        sharding=plan.sharding,
    )
    return stored(plan.model, work)


def _beyond(plan: Plan, timeout_s: int, in_all_usd: float) -> Iterator[str]:
    """Limits that were named for the whole run, and that the rest may pass."""
    hours, budget = plan.request.max_hours, plan.request.budget_usd
    if hours is not None and timeout_s > hours * 3600:
        yield f"At most {hours:g} hours were asked for; this rest alone may take {duration(timeout_s)}."
    if budget is not None and in_all_usd > budget:
        yield (
            f"At most {typed_money(budget)} was asked for; with what was spent before it stopped, the run may cost"
            f" {ceiling(in_all_usd)} in all."
        )
