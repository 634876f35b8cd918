"""Curves and bars as Slack's own chart block, each with the same in words for workspaces that refuse it.

slack_sdk 3.47 has no class for the block, so it is plain JSON here; docs.slack.dev/reference/block-kit/blocks, "Data
visualization block". Does not decide which message shows a chart.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import mode
from typing import Any, NamedTuple

from bot.models import Point, Run, Value
from handlers.views import text

#: What Slack takes; a message may hold two charts.
POINTS, SERIES, TITLE, LABEL, AXIS = 20, 6, 50, 20, 50
#: Fewer points make no curve.
_CURVE = 3
#: Names of an evaluation's numbers that people want beside each other, TRL's, in the order of their worth.
EVALUATED = {
    "eval_reward": "reward",
    "eval_accuracy": "pairs told apart",
    "eval_loss": "loss",
    "eval_rewards/accuracies": "preference accuracy",
    "eval_rewards/margins": "reward margin",
    "eval_mean_token_accuracy": "token accuracy",
}
#: What says nothing before the training, when the model is its own reference: name -> what to compare it with instead.
FROM_NOTHING = {"eval_rewards/accuracies": " (a coin: 0.5)", "eval_rewards/margins": ""}


class Chart(Value):
    """A chart, and what stands in its place where Slack takes none."""

    block: dict[str, Any]
    #: mrkdwn.
    instead: str


def curve(run: Run) -> Chart | None:
    """The loss, or the reward, over the steps; None: too few values for a curve."""
    name = text.plain(run.progress.metric, LABEL) or "metric"
    points = even(_finite(run.progress.points))
    if len(points) < _CURVE:
        return None
    labels = [text.count(point.step) for point in points]
    title = f"{name.capitalize()} over {text.count(points[-1].step)} steps"
    line = text.sparkline((point.value for point in run.progress.points), POINTS)
    instead = f"*{text.escape(title, 80)}*\n{line}"
    block = _axes("line", title, labels, {name: [point.value for point in points]}, "step", name)
    return Chart(block=block, instead=instead)


def evaluation(before: Mapping[str, float], after: Mapping[str, float], steps: int) -> Chart | None:
    """The held-back rows before training and after so many steps; None: they were not evaluated both times."""
    name = next((name for name in EVALUATED if _both(name, before, after) and name not in FROM_NOTHING), None)
    if name is None:
        return None
    said = EVALUATED[name]
    title = f"Held-back rows: {said} before and after"
    values = [before[name], after[name]]
    labels = ["before training", f"step {text.count(steps)}"[:LABEL]]
    block = _axes("bar", title, labels, {said: values}, "", said)
    instead = f"*{title}*\n{text.number(values[0])} → *{text.number(values[1])}*"
    return Chart(block=block, instead=instead)


def evaluated(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """Each number of the evaluation that was taken before and after: "loss 2.31 → *1.87*", in mrkdwn."""
    told = []
    for name, said in EVALUATED.items():
        if not _both(name, before, after) or (name == "eval_loss" and _both("eval_reward", before, after)):
            continue  # GRPO's loss is about 0 by construction
        was = "" if name in FROM_NOTHING else f"{text.number(before[name])} → "
        told.append(f"{said} {was}*{text.number(after[name])}*{FROM_NOTHING.get(name, '')}")
    return told


def curves(runs: Sequence[Run]) -> Chart | None:
    """The curves of runs of one metric over how far each was, since their steps differ; None: none has one."""
    series: dict[str, list[float]] = {}
    for run in runs:
        points = _finite(run.progress.points)
        if len(points) >= _CURVE and len(series) < SERIES:
            series[run.short_id] = _stretched(points)
    if not series:
        return None
    labels = [f"{round(100 * at / (POINTS - 1))} %" for at in range(POINTS)]
    names = dict.fromkeys(text.plain(run.progress.metric, LABEL) for run in runs)
    alone = "" if len(series) > 1 else f" of run {next(iter(series))}"
    title = f"{' and '.join(names).capitalize()}{alone or ' side by side'}"
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


def even(points: Sequence[Point], most: int = POINTS) -> list[Point]:
    """At most `most` of the points, at even distances of their steps, since Slack sets all labels equally far apart.

    Nothing is made up: the logged points nearest to an even grid are taken, the last one always. The grid is the one
    that they are nearest to; of several, one that begins with the first point, then the finest.
    """
    if len(points) < _CURVE:
        return list(points)
    span = points[-1].step - points[0].step
    apart = mode(after.step - before.step for before, after in pairwise(points))
    counts = range(most, _CURVE - 1, -1)
    return min(
        (_grid(points, apart * math.ceil(span / (count - 1) / apart), most) for count in counts), key=_worth
    ).points


class _Grid(NamedTuple):
    points: list[Point]
    #: By how much of its distance a point lies beside its place at most, in tenths; 0: under a tenth.
    off: int
    #: So few that the curve loses its shape.
    scant: bool
    #: The first point is among them.
    whole: bool


def _worth(grid: _Grid) -> tuple[bool, int, bool, int]:
    return grid.scant, grid.off, not grid.whole, -len(grid.points)


def _grid(points: Sequence[Point], distance: int, most: int) -> _Grid:
    """The points nearest to the places that lie `distance` steps apart, back from the last point."""
    count = int((points[-1].step - points[0].step) / distance + 0.1)
    places = [points[-1].step - distance * back for back in range(count, -1, -1)]
    found = {place: min(points, key=lambda point: abs(point.step - place)) for place in places}
    off = max(abs(point.step - place) for place, point in found.items()) / distance
    kept = list(dict.fromkeys(found.values()))
    scant = len(kept) < len(points) and len(kept) * 3 < most
    return _Grid(points=kept, off=int(10 * off), scant=scant, whole=kept[0] is points[0])


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
