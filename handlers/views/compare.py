"""Runs side by side, and one finished run for people of another channel. Pure; every foreign word is escaped."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.models import Run
from bot.planning import plan_differences
from handlers.views import card, chart, text
from handlers.views import messages as m
from handlers.views.chart import Chart
from handlers.views.messages import Message

#: As many as a chart has colours that people can tell apart.
MOST = 4
#: Differences of a pair that are listed.
_DIFFERENCES = 14


def comparison(runs: Sequence[Run]) -> Message:
    """What differs between the first run and each other one: configuration, outcome, dollars, curves."""
    assert 2 <= len(runs) <= MOST
    names = " and ".join(run.short_id for run in runs)
    blocks: list[Block | Chart] = [m.header(f"Runs {names}")]
    blocks.append(m.fields(*[(text.code(run.short_id), _outcome(run)) for run in runs]))
    spoken = [f"Runs {names} side by side."]
    spoken += [f"{run.short_id}: {_outcome(run).replace('*', '').replace(chr(10), ', ')}." for run in runs]
    if drawn := chart.curves(runs):
        blocks.append(drawn)
    for other in runs[1:]:
        lines = _differences(runs[0], other)
        title = f"*From {text.code(runs[0].short_id)} to {text.code(other.short_id)}*"
        blocks.append(m.section(f"{title}\n{text.listing(lines)}"))
        spoken.append(f"From {runs[0].short_id} to {other.short_id}: {'; '.join(lines)[:600]}.".replace("`", ""))
    return m.make_message("compare", spoken, blocks)


def _differences(first: Run, other: Run) -> list[str]:
    if first.plan is None or other.plan is None:
        return ["one of them was never planned, so there is nothing to compare"]
    changed = [
        f"{text.escape(label, 80)} {text.code(old)} → {text.code(new)}"
        for label, old, new in plan_differences(first.plan, other.plan)
    ]
    if len(changed) > _DIFFERENCES:
        changed = [*changed[:_DIFFERENCES], f"… and {len(changed) - _DIFFERENCES} more"]
    return changed or ["the plans are the same"]


def _outcome(run: Run) -> str:
    """How it went, in some lines: status, metric, evaluation, money, time."""
    progress, report = run.progress, run.report
    lines = [f"*{run.status}* · {text.escape(card.title(run).removeprefix('Fine-tune '), 150)}"]
    if progress.first is not None and progress.last is not None:
        lines.append(f"{card.metric(run)} {text.number(progress.first)} → *{text.number(progress.last)}*")
    if report:
        lines += [f"evaluation {line}" for line in chart.evaluated(report.before, report.after)[:2]]
    if (spent := card.spent_usd(run)) is not None:
        lines.append(f"{text.about_money(spent)} spent")
    elif run.plan:
        lines.append(f"{text.about_money(run.plan.estimate.cost_usd)} expected")
    seconds = report.running_s if report else run.job.running_s if run.job else None
    if seconds:
        lines.append(text.duration(seconds))
    return "\n".join(lines)


def shared(run: Run, who: str) -> Message:
    """A finished run for another channel: the model first, then how good it is and what it took."""
    assert run.plan is not None
    assert run.report is not None
    url = text.link(run.report.landed.url, run.plan.output_repo)
    change = ""
    if run.progress.first is not None and run.progress.last is not None:
        change = f"{text.number(run.progress.first)} → *{text.number(run.progress.last)}*"
    evaluation = chart.evaluated(run.report.before, run.report.after)
    pairs = (
        ("Model", card.model(run.plan)),
        ("Dataset", card.dataset(run.plan)),
        ("Method", card.method(run.plan)),
        (card.metric(run).capitalize(), change),
        ("Evaluation", "\n".join(evaluation[:4])),
        ("Cost", text.money(run.report.cost_usd)),
    )
    blocks: list[Block | Chart] = [
        m.header(card.title(run)),
        m.section(f"{text.mention(who)} shares a model: {url}"),
        m.fields(*pairs),
    ]
    if drawn := chart.curve(run):
        blocks.append(drawn)
    blocks.append(m.context(f"Asked by {text.mention(run.requester)}", card.footer(run)))
    spoken = [
        f"{text.mention(who)} shares a model: {text.escape(run.report.landed.url, 400)}.",
        card.sentence(run.plan),
        f"The {card.metric(run)} went {change.replace('*', '').replace('→', 'to')}." if change else "",
        f"On held-back rows: {', '.join(evaluation)}.".replace("*", "") if evaluation else "",
        f"It cost {text.money(run.report.cost_usd)}.",
    ]
    return m.make_message("shared", spoken, blocks)
