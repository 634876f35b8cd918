"""What people should hear about a job before it ends: it learns nothing, it stands still, it will be late or dear.

Pure: the run as the watcher sees it now, and the time. Each kind is said once for a run; the watcher keeps what was
said on the row. Warnings that the job prints itself are not made here: they are in its progress.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from statistics import mean
from typing import NamedTuple

from bot.amounts import about, about_money, duration, money, number
from bot.models import Alert, Job, JobStage, Option, Plan, Run
from bot.planning import billed_usd
from bot.states import RunStatus

#: The kind of alert that offers other hardware.
IN_QUEUE = "queued"
#: A job waits longer than this for its machine: the Hub's usual wait is below two minutes, and jobs that stuck there
#: for half a day are known (huggingface_hub issue 4376).
QUEUE = timedelta(minutes=15)
#: Other hardware that a job in the queue is offered.
_OFFERED = 2
#: No new step for this long, or for so many times the pause between two log lines, whichever is longer. A checkpoint or
#: an evaluation takes minutes and is no stall.
STALL, STALL_PAUSES = timedelta(minutes=10), 10
#: No first step for this long, or for so many times the expected start-up, whichever is longer.
START, START_TIMES = timedelta(minutes=30), 3
#: The loss is judged once there are so many values; the last ones must all be too high, so that one bad batch is none.
VALUES, FIRST, LAST = 12, 3, 5
#: Each of the last values above the first ones by this factor: a training that works never ends where it began.
ABOVE_START = 1.2
#: Each of the last values above the lowest mean of as many values by this factor. Batches of real data differ by a
#: third; one and a half times the mean for five in a row is no batch.
ABOVE_LOWEST = 1.5
#: The pace is believed after so many steps, or this share of all: the first ones compile and fill caches.
PACED_STEPS, PACED_SHARE = 20, 0.05
#: Dollars that a run must go over its expectation to be worth a message.
DEAR_USD = 0.05
#: Looks at the GPU in a row, minutes apart, at which it was nearly idle; per cent.
IDLE_LOOKS, IDLE_PERCENT = 3, 15.0
#: Share of the GPU's memory at which the next longer batch may be the last.
FULL = 0.97


class _Look(NamedTuple):
    """What a watch judges by."""

    run: Run
    plan: Plan
    job: Job
    now: datetime


_Watch = Callable[[_Look], str]


def alerts(run: Run, now: datetime) -> tuple[Alert, ...]:
    """The alerts that are due now and were not given before."""
    if run.plan is None or run.job is None or run.cancel_requested_by:
        return ()
    watches = {RunStatus.QUEUED: _QUEUED, RunStatus.RUNNING: _RUNNING}.get(run.status, {})
    known = {alert.kind for alert in run.alerts}
    look = _Look(run, run.plan, run.job, now)
    found = {kind: watch(look) for kind, watch in watches.items() if kind not in known}
    return tuple(Alert(kind=kind, at=now, text=words) for kind, words in found.items() if words)


def _queued(look: _Look) -> str:
    _, plan, job, now = look
    waited = now - job.created_at
    if job.stage is not JobStage.SCHEDULING or waited < QUEUE:
        return ""
    said = (
        f"The job has waited {duration(waited.total_seconds())} for a free {plan.flavor.name}. Waiting costs nothing."
    )
    offers = instead_of_waiting(look.run)
    if not offers:
        return f"{said} No other hardware was offered for this plan."
    compared = " ".join(_instead(plan, option) for option in offers)
    return (
        f"{said} {compared} With one click I stop this job, before it costs anything, and plan the run there; that plan"
        " has to be approved like any other."
    )


def instead_of_waiting(run: Run) -> tuple[Option, ...]:
    """The other hardware that a run may take whose job waits for its machine, the cheapest first; the rows stay whole.

    Empty: its job does not wait, is being stopped, or somebody has chosen already.
    """
    if run.plan is None or run.status is not RunStatus.QUEUED or run.cancel_requested_by or run.followers:
        return ()
    others = [
        option
        for option in run.plan.options
        if option.estimate is not None and option.flavor != run.plan.flavor.name and option.is_same_work
    ]
    others.sort(key=lambda option: option.estimate.cost_usd if option.estimate else math.inf)
    cheapest: dict[str, Option] = {}
    for option in others:
        cheapest.setdefault(option.flavor, option)
    return tuple(cheapest.values())[:_OFFERED]


def where(plan: Plan, option: Option) -> str:
    """The hardware of an option, and which weights are trained there where that differs: "t4-small with LoRA"."""
    return option.flavor if option.tuning is plan.tuning else f"{option.flavor} with {option.tuning.told}"


def difference_usd(plan: Plan, option: Option) -> str:
    """ "~$0.11 less": how an option's expected cost differs from the plan's."""
    assert option.estimate is not None
    difference = option.estimate.cost_usd - plan.estimate.cost_usd
    return f"{about_money(abs(difference))} {'more' if difference > 0 else 'less'}"


def _instead(plan: Plan, other: Option) -> str:
    assert other.estimate is not None
    return (
        f"On {where(plan, other)} it would cost {about_money(other.estimate.cost_usd)}"
        f" ({difference_usd(plan, other)} than planned) and take {about(other.estimate.hours * 3600)}."
    )


def _diverged(look: _Look) -> str:
    progress = look.run.progress
    values = [point.value for point in progress.points if math.isfinite(point.value)]
    if progress.metric != "loss" or len(values) < VALUES:
        return ""
    last = values[-LAST:]
    start = mean(values[:FIRST])
    lowest = min(mean(values[at : at + LAST]) for at in range(len(values) - LAST))
    if min(last) > ABOVE_START * start > 0:
        compared = f"its first {FIRST} were {number(start)} on average"
    elif min(last) > ABOVE_LOWEST * lowest > 0:
        compared = f"{LAST} in a row had been down to {number(lowest)} on average"
    else:
        return ""
    return (
        f"The loss rises and stays up: its last {LAST} values are {number(min(last))} or more, and {compared}. The"
        " model most likely gets worse from here; a smaller learning rate is the usual way out."
    )


def _stalled(look: _Look) -> str:
    run, plan, job, now = look
    progress = run.progress
    if progress.ended or (progress.max_steps is not None and progress.step >= progress.max_steps):
        return ""
    if run.stepped_at is None:
        allowed = max(START, timedelta(minutes=START_TIMES * plan.estimate.startup_min))
        since = job.started_at
        told = "The job has run {} without a first step"
    else:
        pause = (progress.seconds_per_step or 0) * plan.arguments.logging_steps
        allowed = max(STALL, timedelta(seconds=STALL_PAUSES * pause))
        since = run.stepped_at
        told = f"There was no new step for {{}}; the last one was step {progress.step:,}"
    if since is None or now - since < allowed:
        return ""
    return (
        f"{told.format(duration((now - since).total_seconds()))}. It may hang, and it is billed all the same. Its log"
        " may say why."
    )


def _late(look: _Look) -> str:
    run, plan, job, _ = look
    left = _left_s(run)
    if left is None or job.running_s is None or job.running_s + left <= plan.timeout_s:
        return ""
    progress = run.progress
    assert progress.max_steps is not None
    assert progress.seconds_per_step is not None
    more = max(0.0, plan.timeout_s - job.running_s) / progress.seconds_per_step
    reached = min(progress.max_steps, int(progress.step + more))
    return (
        f"At this pace the training needs {about(left)} more, and the job is stopped after {duration(plan.timeout_s)}:"
        f" about {reached / progress.max_steps:.0%} of the steps would be done. What is saved by then is kept, and a"
        " new run can go on from there."
    )


def _dear(look: _Look) -> str:
    run, plan, job, _ = look
    left = _left_s(run)
    if left is None or job.running_s is None:
        return ""
    high = plan.estimate.cost_high_usd
    expected = min(plan.ceiling_usd, billed_usd(job.running_s + left, plan.flavor.price_usd_hour))
    if expected < high + DEAR_USD:
        return ""
    return (
        f"At this pace the run costs {about_money(expected)}; {about_money(plan.estimate.cost_usd)} was expected, and"
        f" {money(high)} at the upper end. It can never cost more than {money(plan.ceiling_usd)}."
    )


def _left_s(run: Run) -> float | None:
    """Seconds that the training still takes at its pace; None: too early to tell, or it is done."""
    progress = run.progress
    if progress.eta_s is None or progress.ended or not progress.max_steps:
        return None
    paced = progress.step >= min(PACED_STEPS, PACED_SHARE * progress.max_steps)
    return progress.eta_s if paced and progress.eta_s > 0 else None


def _gpu_idle(look: _Look) -> str:
    run, plan, _, _ = look
    machine = run.machine
    if machine is None or machine.idle_looks < IDLE_LOOKS:
        return ""
    return (
        f"The GPU is nearly idle: {machine.busy_percent:.0f} % busy at the last of {machine.idle_looks} looks in a row."
        f" A larger batch, or cheaper hardware than {plan.flavor.name}, would do the same for less."
    )


def _gpu_full(look: _Look) -> str:
    """By the Hub's measurement; before there is one, by the peak that the script reports."""
    run, plan, _, _ = look
    if run.machine is not None:
        used, total = run.machine.used_gib, run.machine.total_gib
    else:
        used, total = run.progress.memory_gib.get("gpu_reserved", 0.0), plan.estimate.usable_gib
    if not total or used < FULL * total:
        return ""
    return (
        f"The GPU's memory is nearly full: {used:.1f} of {total:.1f} GiB. A batch of longer rows may not fit; if that"
        " happens, I offer a smaller batch with one click."
    )


_QUEUED: Mapping[str, _Watch] = {IN_QUEUE: _queued}
_RUNNING: Mapping[str, _Watch] = {
    "diverged": _diverged,
    "stalled": _stalled,
    "late": _late,
    "dear": _dear,
    "gpu_idle": _gpu_idle,
    "gpu_full": _gpu_full,
}
