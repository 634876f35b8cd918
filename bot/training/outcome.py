"""Whether a run learned anything: one plain judgement from its rows that were held back.

Careful about noise: a difference counts only when so few rows can show it. Does not look at sample answers.
"""

import math
from collections.abc import Sequence
from typing import Literal

from bot.amounts import number, percent
from bot.models import Alert, Method, Plan, Progress, Report, Value
from bot.training.render import REWARD_WEIGHTS

#: A loss that changes by less than this share says nothing; with few rows it takes more (_FEW over their square root):
#: the same rows are measured twice, so most of what differs between them cancels out. Rules of thumb.
_LEAST, _FEW = 0.01, 0.1
#: A difference must be so many standard errors.
_SIGMAS = 2.0
#: The spread of a reward that is either none or all, where the script reports no other; and what a coin tells right.
_HALF = 0.5

#: "doubtful": the rows say that it learned, and something went wrong while it trained.
Level = Literal["better", "same", "worse", "unknown", "doubtful"]
#: What says of a running training that its model most likely is of no use: kinds of alerts, words of warnings.
_BAD_ALERTS, _BAD_WORDS = frozenset({"diverged"}), ("NaN", "Not a number", "not a number")


class Outcome(Value):
    """What the held-back rows say of the model."""

    level: Level
    #: Plain text: one sentence with the numbers, and where it did not go well what to try.
    text: str


def outcome(plan: Plan, report: Report, progress: Progress, alerts: Sequence[Alert] = ()) -> Outcome:
    """Judge a finished run; `alerts` are those that were given while it trained."""
    found = _measured(plan, report, progress)
    warned = _warned(progress, alerts)
    if not warned:
        return found
    level: Level = "worse" if found.level == "worse" else "doubtful"
    return Outcome(level=level, text=f"{found.text} While it trained I warned: “{warned}”")


def _warned(progress: Progress, alerts: Sequence[Alert]) -> str:
    """The gravest thing that was said of the training; "" when it went well."""
    said = [warning for warning in progress.warnings if any(word in warning for word in _BAD_WORDS)]
    said += [alert.text for alert in alerts if alert.kind in _BAD_ALERTS]
    return said[0] if said else ""


def _measured(plan: Plan, report: Report, progress: Progress) -> Outcome:
    before, after, rows = report.before, report.after, plan.eval_rows
    match plan.method:
        case Method.GRPO:
            most = sum(REWARD_WEIGHTS.get(name, 0.0) for name in plan.rewards) or 1.0
            found = _reward(before, after, rows, _HALF * most)
        case Method.DPO:
            found = _pairs(after.get("eval_rewards/accuracies"), rows, "prefers the better answer")
        case Method.REWARD:
            found = _pairs(after.get("eval_accuracy"), rows, "gives the better answer the higher score")
        case _:
            found = None
    return found or _loss(before, after, rows) or _unmeasured(plan, progress)


def _loss(before: dict[str, float], after: dict[str, float], rows: int) -> Outcome | None:
    old, new = before.get("eval_loss", math.nan), after.get("eval_loss", math.nan)
    if not (math.isfinite(old) and math.isfinite(new)) or old <= 0:
        return None
    change, noise = new / old - 1, max(_LEAST, _FEW / math.sqrt(max(rows, 1)))
    went = f"on {_counted(rows, 'row')} that it did not train on, the loss"
    if abs(change) <= noise:
        return Outcome(
            level="same",
            text=f"It is hardly different from before: {went} went from {number(old)} to {number(new)}, which is within"
            " noise. More epochs or a higher learning rate may teach it more.",
        )
    if change < 0:
        return Outcome(
            level="better",
            text=f"It learned: {went} fell from {number(old)} to {number(new)} ({percent(-change)} lower).",
        )
    return Outcome(
        level="worse",
        text=f"It got worse: {went} rose from {number(old)} to {number(new)}. Most likely it knows its examples by"
        " heart: try fewer epochs or a lower learning rate.",
    )


def _pairs(right: float | None, rows: int, does: str) -> Outcome | None:
    """Of pairs that were held back, how many it tells right; a coin's noise around a half."""
    if right is None or not math.isfinite(right):
        return None
    noise = _SIGMAS * math.sqrt(_HALF * (1 - _HALF) / max(rows, 1))
    told = f"it {does} in {percent(right)} of {_counted(rows, 'pair')} that it did not train on; a coin would in 50 %"
    if right > _HALF + noise:
        return Outcome(level="better", text=f"It learned: {told}.")
    if right < _HALF - noise:
        return Outcome(
            level="worse",
            text=f"It learned the opposite: {told}. Check which column holds the better answer.",
        )
    few = "more held-back rows would tell" if rows < 100 else "more epochs or a higher learning rate may teach it more"
    return Outcome(level="same", text=f"It is not clear that it learned: {told}, which is within noise; {few}.")


def _reward(before: dict[str, float], after: dict[str, float], rows: int, widest: float) -> Outcome | None:
    old, new = before.get("eval_reward", math.nan), after.get("eval_reward", math.nan)
    if not (math.isfinite(old) and math.isfinite(new)):
        return None
    spreads = [values.get("eval_reward_std", math.nan) for values in (before, after)]
    spread = max((each for each in spreads if math.isfinite(each)), default=widest)
    noise = _SIGMAS * spread * math.sqrt(2 / max(rows, 1))
    went = f"on {_counted(rows, 'question')} that it did not train on, the mean reward"
    if abs(new - old) <= noise:
        few = "; more held-back rows would tell" if rows < 100 else ""
        return Outcome(
            level="same",
            text=f"It is not clear that it learned: {went} went from {number(old)} to {number(new)}, which is within"
            f" noise{few}.",
        )
    if new > old:
        return Outcome(level="better", text=f"It learned: {went} rose from {number(old)} to {number(new)}.")
    return Outcome(
        level="worse",
        text=f"It got worse: {went} fell from {number(old)} to {number(new)}."
        " Try a lower learning rate or fewer steps.",
    )


def _unmeasured(plan: Plan, progress: Progress) -> Outcome:
    why = "it was not measured both before and after" if plan.eval_rows else "no rows were held back to measure it"
    told = ""
    if len(progress.points) > 1:
        first, last = progress.points[0], progress.points[-1]
        told = (
            f" On its own training rows the {progress.metric} went from {number(first.value)} (step {first.step:,}) to"
            f" {number(last.value)}."
        )
    return Outcome(level="unknown", text=f"I cannot say how much better it is: {why}.{told} Try it yourself.")


def _counted(rows: int, noun: str) -> str:
    return f"{rows:,} {noun}s" if rows > 1 else f"one {noun}" if rows == 1 else f"{noun}s"
