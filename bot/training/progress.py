"""Log lines of a job -> how far the training is.

Reads the lines that our scripts print (`@@TUNESMITH {json}`) and, where there are none, what transformers prints.
Does not fetch logs and does not judge failures: that is `diagnose`.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from bot.models import Point, Progress
from bot.models.job import Sample
from bot.training.tail import redact

#: Points of the curve that are kept.
MAX_POINTS = 60
#: Warnings that are kept, the first ones, and the characters of one: each becomes a message in the thread.
MAX_WARNINGS, WARNING_LENGTH = 10, 300

#: Our scripts' marker; a progress bar without a line end may stand before it, and other writers use their own word.
_EVENT = re.compile(r"@@[A-Z]+(?:@@)? (\{.*\})\s*$")
#: transformers 5 prints {'loss': '5.812', 'epoch': '0.03'}; 4 printed bare numbers, `nan` among them.
_PRINTED = re.compile(r"\{'[^{}]*'epoch': [^{}]*\}")
_NUMBER = re.compile(r"'([^']+)': '?([-+.\w]+)'?")
#: The training's own bar has no text before it: " 67%|######   | 2/3 [00:01<00:00,  1.17it/s]".
_BAR = re.compile(r"^\s*\d+%\|[^|]*\| (\d+)/(\d+) \[")
#: How our script begins to say that a push failed. What follows differs each time (a request's id, an address).
_PUSH = re.compile(r"(?P<what>The checkpoint of step \d+|A checkpoint|The model) was not pushed\b")
_PUSHED_NOT = "A checkpoint was not pushed at once; it is tried again."
_MODEL_NOT = "The trained model was not pushed at once; it is tried again until the time limit."
_SPACES = str.maketrans("_/", "  ")
#: Told by fields of their own, or of no use to people.
_NOT_METRICS = {"epoch", "num_tokens", "total_flos"}
#: Fields of Progress that events say outright.
_TOLD = {
    "max_steps", "tokens_per_second", "saved_step", "saved_commit", "pushed", "ended", "stopped", "fenced_by", "before",
    "after", "samples", "memory_gib",
}  # fmt: skip
#: Numbers of an evaluation that say nothing about the model.
_NOT_EVALUATED = ("runtime", "per_second", "num_tokens", "epoch")
#: Characters of a sample that are kept, and how many samples.
SAMPLE_LENGTH, MAX_SAMPLES = 300, 3


def read_progress(lines: Sequence[str], previous: Progress) -> Progress:
    """Bring `previous` up to date with the last lines of the log.

    The lines may overlap what was read before: reading the same lines twice changes nothing. A log that begins anew
    (the job was started again) replaces what was known.
    """
    events = list(_events(lines))
    if events:
        return _read_events(events, previous)
    return _read_printed(lines, previous)


def _events(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if match := _EVENT.search(line):
            try:
                event = json.loads(match[1])
            except ValueError:
                continue  # cut by a line limit, or two writers at once
            if isinstance(event, dict) and isinstance(event.get("ev"), str):
                yield event


def _read_events(events: list[dict[str, Any]], previous: Progress) -> Progress:
    starts = [index for index, event in enumerate(events) if event["ev"] == "begin"]
    warnings = list(previous.warnings)
    if starts:
        begin = events[starts[-1]]
        previous = Progress(step=_whole(begin.get("step")) or 0, max_steps=_whole(begin.get("max_steps")))
    current = events[starts[-1] :] if starts else events
    step, known = previous.step, previous.model_dump(include=_TOLD)
    metrics, epoch = previous.metrics, previous.epoch
    rows: list[tuple[int, dict[str, float]]] = []
    for event in current:
        at = _whole(event.get("step"))
        known["max_steps"] = _whole(event.get("max_steps")) or known["max_steps"]
        known["memory_gib"] = _numbers(event.get("memory_gib")) or known["memory_gib"]
        known["tokens_per_second"] = _finite(event.get("tokens_per_second")) or known["tokens_per_second"]
        match event["ev"]:
            case "log" if at is not None:
                numbers = _numbers(event.get("metrics", event.get("logs")))
                epoch_now = _finite(event.get("epoch", numbers.get("epoch")))
                if at > step:
                    rows.append((at, numbers))
                    step, epoch = at, epoch if epoch_now is None else epoch_now
                    metrics = _metrics(numbers) or metrics
                elif at == step:  # an evaluation logs apart, at the same step
                    metrics = metrics | _metrics(numbers)
            case "evaluation":
                known["after" if at else "before"] = _evaluated(event.get("metrics"))
            case "save" if at is not None and at >= (known["saved_step"] or 0):
                known["saved_step"], known["saved_commit"] = at, _commit(event.get("commit"))
            case "stopped":
                known["stopped"] = "deadline" if event.get("reason") == "deadline" else "signal"
                step = max(step, at or 0)
            case "fenced":
                known["fenced_by"] = str(event.get("by"))[:100]
            case "pushed" | "end":
                step = max(step, at or 0)
                known |= {"pushed": True, "saved_step": step, "saved_commit": _commit(event.get("commit"))}
                known["ended"] = known["ended"] or event["ev"] == "end"
                metrics = metrics | _metrics(_numbers(event.get("metrics")))
                for name in ("before", "after"):
                    known[name] = _evaluated(event.get(name)) or known[name]
                known["samples"] = _samples(event.get("samples"))
            case _:
                pass
    warnings += [str(event.get("text") or event.get("kind")) for event in events if event["ev"] == "warning"]
    metric, points = _curve(previous, rows)
    return Progress(
        **known,
        step=step,
        epoch=epoch,
        metric=metric,
        points=points,
        metrics={name: value for name, value in metrics.items() if name != metric},
        seconds_per_step=_pace(current) or previous.seconds_per_step,
        warnings=_fit(warnings),
    )


def _read_printed(lines: Sequence[str], previous: Progress) -> Progress:
    """Read transformers' own lines. They name no step: a progress bar does, or else the lines are counted."""
    epoch, max_steps = previous.epoch, previous.max_steps
    metrics, summary, warnings = previous.metrics, dict[str, float](), list(previous.warnings)
    rows: list[tuple[int, dict[str, float]]] = []
    bar = 0
    for piece in (piece for line in lines for piece in line.split("\r")):
        if match := _BAR.match(piece):
            bar, max_steps = int(match[1]), int(match[2])
        match = _PRINTED.search(piece)
        if match is None:
            continue
        numbers = _numbers(dict(_NUMBER.findall(match[0])))
        at = numbers.get("epoch")
        if "train_runtime" in numbers:
            summary, metrics = numbers, metrics | _metrics(numbers)
        elif at is None or at <= epoch:
            continue  # read before
        elif any(name.startswith("eval_") for name in numbers):
            metrics = metrics | _metrics(numbers)
        else:
            epoch, metrics = at, _metrics(numbers)
            rows.append((bar, numbers))
            if re.search(r"': '?nan\b", match[0]):
                warnings.append("A number of the training became NaN: the model is most likely of no use.")
    bars = [previous.step, *(step for step, _ in rows)]
    counted = any(after <= before for before, after in pairwise(bars))
    if counted:  # no bar, or the bars came in another stream than the lines
        rows = [(previous.step + number, numbers) for number, (_, numbers) in enumerate(rows, start=1)]
    metric, points = _curve(previous, rows)
    step = points[-1].step if points else previous.step
    if summary and not previous.ended:
        max_steps = max_steps or round(summary["train_runtime"] * summary.get("train_steps_per_second", 0)) or None
        if counted and max_steps and step:
            points = tuple(Point(step=round(p.step * max_steps / step), value=p.value) for p in points)
            step = max_steps
    return previous.model_copy(
        update={
            "step": step,
            "max_steps": max_steps,
            "epoch": epoch,
            "metric": metric,
            "points": points,
            "metrics": {name: value for name, value in metrics.items() if name != metric},
            "ended": previous.ended or bool(summary),
            "warnings": _fit(warnings),
        }
    )


def _readable(warning: str) -> str:
    """With the metrics in words that people read: "eval_mean_token_accuracy" is "mean token accuracy"."""
    told, colon, names = warning.partition(": ")
    if not told.startswith("Not a number"):
        return warning
    return told + colon + ", ".join(name.removeprefix("eval_").translate(_SPACES) for name in names.split(", "))


def _fit(warnings: Sequence[str]) -> tuple[str, ...]:
    """Make the job's own words fit to be shown and kept: no secrets, short, few, and every failed push in one."""
    kept: dict[str, None] = {}
    for warning in warnings:
        words = _readable(redact(" ".join(warning.split())))
        if match := _PUSH.match(words):
            words = _MODEL_NOT if match["what"] == "The model" else _PUSHED_NOT
        kept[words if len(words) <= WARNING_LENGTH else words[: WARNING_LENGTH - 1] + "…"] = None
    return tuple(kept)[:MAX_WARNINGS]


def _curve(previous: Progress, rows: list[tuple[int, dict[str, float]]]) -> tuple[str, tuple[Point, ...]]:
    """GRPO's loss is about 0 by construction: its curve is the reward."""
    metric = "reward" if any("reward" in numbers for _, numbers in rows) else previous.metric
    new = [Point(step=step, value=numbers[metric]) for step, numbers in rows if metric in numbers]
    old = previous.points if metric == previous.metric else ()
    return metric, thin((*old, *new))


def thin(points: Sequence[Point]) -> tuple[Point, ...]:
    """Keep at most MAX_POINTS, the first and the last among them, as evenly spread as they were."""
    kept = list(points)
    while len(kept) > MAX_POINTS:
        gaps = [kept[i + 1].step - kept[i - 1].step for i in range(1, len(kept) - 1)]
        del kept[1 + gaps.index(min(gaps))]
    return tuple(kept)


def _pace(events: list[dict[str, Any]]) -> float | None:
    """Seconds per step between the first and the last log event, by the job's own clock."""
    logs = [event for event in events if event["ev"] == "log"]
    times = [(step, t) for step, t in ((_whole(e.get("step")), _finite(e.get("t"))) for e in logs) if step and t]
    if len(times) < 2:
        return None
    (first_step, first_t), (last_step, last_t) = times[0], times[-1]
    return (last_t - first_t) / (last_step - first_step) if last_step > first_step and last_t > first_t else None


def _metrics(numbers: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if name not in _NOT_METRICS}


def _evaluated(values: Any) -> dict[str, float]:
    return {name: value for name, value in _numbers(values).items() if not name.endswith(_NOT_EVALUATED)}


def _samples(values: Any) -> tuple[Sample, ...]:
    """Prompts and answers, without secrets and short; whatever has another form is passed over."""
    fields = ("prompt", "base", "tuned")
    listed = values if isinstance(values, list) else []
    whole = [one for one in listed if isinstance(one, dict) and all(isinstance(one.get(name), str) for name in fields)]
    return tuple(Sample(**{name: redact(one[name])[:SAMPLE_LENGTH] for name in fields}) for one in whole[:MAX_SAMPLES])


def _commit(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{7,64}", value) else None


def _numbers(values: Any) -> dict[str, float]:
    """The finite numbers of a mapping; numbers may be written as strings."""
    if not isinstance(values, dict):
        return {}
    read = ((str(name), _finite(value)) for name, value in values.items())
    return {name: number for name, number in read if number is not None}


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    number = _finite(value)
    return int(number) if number is not None and number >= 0 else None
