"""Curves and bars as Slack's own chart block, each with the same in words for workspaces that refuse it.

slack_sdk 3.47 has no class for the block, so it is plain JSON here; docs.slack.dev/reference/block-kit/blocks, "Data
visualization block". Does not decide which message shows a chart.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bot.models import Point, Run, Value
from handlers.views import text

#: What Slack takes; a message may hold two charts.
POINTS, SERIES, TITLE, LABEL, AXIS = 20, 6, 50, 20, 50
#: Fewer points make no curve.
_CURVE = 3
#: Names of an evaluation's numbers that people want beside each other, TRL's, in the order of their worth.
EVALUATED = {
    "eval_loss": "loss",
    "eval_reward": "reward",
    "eval_rewards/accuracies": "preference accuracy",
    "eval_rewards/margins": "reward margin",
    "eval_mean_token_accuracy": "token accuracy",
}


class Chart(Value):
    """A chart, and what stands in its place where Slack takes none."""

    block: dict[str, Any]
    #: mrkdwn.
    instead: str


def curve(run: Run) -> Chart | None:
    """The loss, or the reward, over the steps; None: too few values for a curve."""
    name = text.plain(run.progress.metric, LABEL) or "metric"
    points = _thin(_finite(run.progress.points))
    if len(points) < _CURVE:
        return None
    labels = [text.count(point.step) for point in points]
    title = f"{name.capitalize()} over {text.count(points[-1].step)} steps"
    line = text.sparkline((point.value for point in run.progress.points), POINTS)
    instead = f"*{text.escape(title, 80)}*\n{line}"
    block = _axes("line", title, labels, {name: [point.value for point in points]}, "step", name)
    return Chart(block=block, instead=instead)


def evaluation(before: Mapping[str, float], after: Mapping[str, float]) -> Chart | None:
    """The held-back rows before and after training; None: they were not evaluated both times."""
    name = next((name for name in EVALUATED if _both(name, before, after)), None)
    if name is None:
        return None
    said = EVALUATED[name]
    title = f"Evaluation {said} before and after training"
    values = [before[name], after[name]]
    block = _axes("bar", title, ["before", "after"], {said: values}, "", said)
    instead = f"*{title}*\n{text.number(values[0])} → *{text.number(values[1])}*"
    return Chart(block=block, instead=instead)


def evaluated(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """Each number of the evaluation that was taken before and after: "loss 2.31 → *1.87*", in mrkdwn."""
    return [
        f"{said} {text.number(before[name])} → *{text.number(after[name])}*"
        for name, said in EVALUATED.items()
        if _both(name, before, after)
    ]


def curves(runs: Sequence[Run]) -> Chart | None:
    """The curves of several runs over how far each was, since their steps differ; None: fewer than two have one."""
    series: dict[str, list[float]] = {}
    for run in runs:
        points = _finite(run.progress.points)
        if len(points) >= _CURVE and len(series) < SERIES:
            series[run.short_id] = _stretched(points)
    if len(series) < 2:
        return None
    labels = [f"{round(100 * (at + 1) / POINTS)} %" for at in range(POINTS)]
    names = dict.fromkeys(text.plain(run.progress.metric, LABEL) for run in runs)
    title = f"{' and '.join(names).capitalize()} side by side"
    instead = "\n".join(f"{text.code(name)} {text.sparkline(values, POINTS)}" for name, values in series.items())
    block = _axes("line", title, labels, series, "share of the steps so far", "")
    return Chart(block=block, instead=f"*{text.escape(title, 80)}*\n{instead}")


def _axes(
    kind: str, title: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], x_label: str, y_label: str
) -> dict[str, Any]:
    axes: dict[str, Any] = {"categories": list(labels)}
    axes |= {name: label[:AXIS] for name, label in (("x_label", x_label), ("y_label", y_label)) if label}
    return {
        "type": "data_visualization",
        "title": text.plain(title, TITLE),
        "chart": {
            "type": kind,
            "series": [
                {
                    "name": name,
                    "data": [
                        {"label": label, "value": _shown(value)} for label, value in zip(labels, values, strict=True)
                    ],
                }
                for name, values in series.items()
            ],
            "axis_config": axes,
        },
    }


def _both(name: str, before: Mapping[str, float], after: Mapping[str, float]) -> bool:
    return all(math.isfinite(values.get(name, math.nan)) for values in (before, after))


def _finite(points: Sequence[Point]) -> list[Point]:
    """Points that can be drawn, one a step; the last value of a step counts."""
    return list({point.step: point for point in points if math.isfinite(point.value)}.values())


def _thin(points: Sequence[Point]) -> list[Point]:
    """At most as many as a chart takes, the first and the last among them."""
    if len(points) <= POINTS:
        return list(points)
    return [points[round(at * (len(points) - 1) / (POINTS - 1))] for at in range(POINTS)]


def _stretched(points: Sequence[Point]) -> list[float]:
    """The curve at twenty equal shares of its steps, straight lines between the points."""
    first, last = points[0].step, points[-1].step
    values, at = [], 0
    for number in range(POINTS):
        step = first + (last - first) * number / (POINTS - 1)
        while at < len(points) - 2 and points[at + 1].step <= step:
            at += 1
        left, right = points[at], points[at + 1]
        share = (step - left.step) / (right.step - left.step)
        values.append(left.value + (right.value - left.value) * min(1.0, max(0.0, share)))
    return values


def _shown(value: float) -> float:
    """Six digits: more say nothing, and make a card change that looks the same."""
    return float(f"{value:.6g}")
