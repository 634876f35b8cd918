"""Runs side by side, and one finished run for people of another channel. Pure; every foreign word is escaped."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.models import Run
from bot.planning import plan_differences
from bot.states import RunStatus
from bot.training import outcome
from handlers.views import card, chart, text
from handlers.views import messages as m
from handlers.views.chart import Chart
from handlers.views.messages import Message
from handlers.views.result import learned

#: As many as a chart has colours that people can tell apart.
MOST = 4
#: Differences of a pair that are listed.
_DIFFERENCES = 14
#: Charts that a message may hold; docs.slack.dev/reference/block-kit/blocks, "Data visualization block".
_CHARTS = 2
#: Characters that are read aloud of each run, and of each pair.
_SPOKEN = 450


def comparison(runs: Sequence[Run]) -> Message:
    """What differs between the first run and each other one: configuration, outcome, dollars, curves."""
    assert 2 <= len(runs) <= MOST
    names = " and ".join([", ".join(run.short_id for run in runs[:-1]), runs[-1].short_id])
    blocks: list[Block | Chart] = [m.header(f"Runs {names}")]
    blocks.append(m.fields(*[(text.code(run.short_id), _outcome(run)) for run in runs]))
    spoken = [f"Runs {names} side by side."]
    spoken += [f"{run.short_id}: {_in_a_row(_outcome(run))}." for run in runs]
    blocks += _curves(runs)
    if caution := _caution(runs):
        blocks.append(m.context(caution))
        spoken.append(caution)
    for other in runs[1:]:
        lines = _differences(runs[0], other)
        title = f"*From {text.code(runs[0].short_id)} to {text.code(other.short_id)}*"
        blocks.append(m.section(f"{title}\n{text.listing(lines)}"))
        spoken.append(f"From {runs[0].short_id} to {other.short_id}: {'; '.join(lines)[:_SPOKEN]}.".replace("`", ""))
    return m.make_message("compare", spoken, blocks)


def _in_a_row(lines: str) -> str:
    return text.shorten(lines.replace("*", "").replace("\n", ", "), _SPOKEN)


def _curves(runs: Sequence[Run]) -> list[Chart]:
    """One chart for each metric: a loss and a reward have no axis in common. Slack takes two."""
    metrics = dict.fromkeys(run.progress.metric for run in runs)
    drawn = (chart.curves([run for run in runs if run.progress.metric == metric]) for metric in metrics)
    return [one for one in drawn if one][:_CHARTS]


def _caution(runs: Sequence[Run]) -> str:
    """Why numbers of these runs do not say which is better; "": they do."""
    plans = [run.plan for run in runs if run.plan]
    if len({plan.method for plan in plans}) > 1:
        return (
            "They were trained by different methods, whose numbers mean different things: a loss should fall, a reward"
            " should rise."
        )
    if len({(plan.model.repo_id, plan.dataset.repo_id, plan.dataset.config) for plan in plans}) > 1:
        return "Their base models or their data differ: a lower loss does not mean a better model then."
    return ""


def _outcomes(first: Run, other: Run) -> list[str]:
    """What both came to, where it differs: money, time, the evaluation of both models."""
    pairs = [("spent", *(_money(run) for run in (first, other))), ("ran for", *(_time(run) for run in (first, other)))]
    same = first.plan and other.plan and first.plan.method is other.plan.method
    if first.report and other.report and same:
        for name, said in chart.EVALUATED.items():
            if name in first.report.after and name in other.report.after:
                values = (text.number(report.after[name]) for report in (first.report, other.report))
                pairs.append((f"evaluation {said} at the end", *values))
    return [f"{label} {text.code(old)} → {text.code(new)}" for label, old, new in pairs if old and new and old != new]


def _money(run: Run) -> str:
    spent = card.spent_usd(run)
    return "" if spent is None else text.about_money(spent)


def _time(run: Run) -> str:
    seconds = run.report.running_s if run.report else run.job.running_s if run.job else None
    return text.duration(seconds) if seconds else ""


def _differences(first: Run, other: Run) -> list[str]:
    if first.plan is None or other.plan is None:
        return ["one of them was never planned, so there is nothing to compare"]
    changed = _outcomes(first, other)
    changed += [
        f"{text.escape(label, 80)} {text.code(old)} → {text.code(new)}"
        for label, old, new in plan_differences(first.plan, other.plan)
    ]
    if len(changed) > _DIFFERENCES:
        changed = [*changed[:_DIFFERENCES], f"… and {len(changed) - _DIFFERENCES} more"]
    return changed or ["the plans are the same, and so is what they came to"]


def _outcome(run: Run) -> str:
    """How it went, in some lines: status, metric, evaluation, money, time."""
    progress, report = run.progress, run.report
    lines = [f"*{run.status}* · {text.escape(card.title(run).removeprefix('Fine-tune '), 150)}"]
    if run.diagnosis and run.status is RunStatus.FAILED:
        lines.append(text.escape(run.diagnosis.cause, 300))
    elif run.problem and run.status is RunStatus.REFUSED:
        lines.append(text.escape(run.problem.problem, 300))
    if progress.max_steps and progress.step < progress.max_steps:
        lines.append(f"step {text.count(progress.step)} of {text.count(progress.max_steps)}")
    if change := card.change(run):
        lines.append(f"{card.metric(run)} {change}")
    if report:
        lines += [f"evaluation {line}" for line in chart.evaluated(report.before, report.after)[:2]]
    expected = f"{text.about_money(run.plan.estimate.cost_usd)} expected" if run.plan else ""
    spent = f"{_money(run)} spent" if _money(run) else ""
    lines += [part for part in (", ".join(filter(None, (spent, expected))), _time(run)) if part]
    return "\n".join(lines)


def shared(run: Run, who: str) -> Message:
    """A finished run for another channel: the model first, then how good it is and what it took."""
    assert run.plan is not None
    assert run.report is not None
    url = text.link(run.report.landed.url, run.plan.output_repo)
    change = card.change(run)
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
        m.section(learned(run, run.plan, run.report, where="in the run's thread")),
        m.fields(*pairs),
    ]
    if drawn := chart.curve(run):
        blocks.append(drawn)
    closed = f"It was made private: ask {text.code(run.plan.namespace)} for access." if run.plan.private else ""
    blocks.append(m.context(f"Asked by {text.mention(run.requester)}", card.footer(run), closed))
    spoken = [
        f"{text.mention(who)} shares a model: {text.escape(run.report.landed.url, 400)}.",
        card.sentence(run.plan),
        text.escape(outcome(run.plan, run.report, run.progress, run.alerts).text, 600),
        f"It cost {text.money(run.report.cost_usd)}.",
        closed.replace("`", ""),
    ]
    return m.make_message("shared", spoken, blocks)
