"""The live card: from the approval until the job ends, and the milestones on the way.

Everything is derived from the run; no clock is read, so the same run always looks the same.
"""

from slack_sdk.models.blocks import Block

from bot.alerts import IN_QUEUE
from bot.models import Plan, Run
from bot.models.run import RERUN
from bot.states import RunStatus
from handlers.views import act_buttons, buttons, card, chart, text
from handlers.views import messages as m
from handlers.views.chart import Chart
from handlers.views.messages import Message

_S = RunStatus
#: One emoji and one headline for each state that the live card knows.
_STATES = {
    _S.APPROVED: ("👍", "Approved, about to be submitted"),
    _S.SUBMITTING: ("📤", "Being submitted to Hugging Face Jobs"),
    _S.QUEUED: ("⏳", "Waiting for hardware"),
    _S.RUNNING: ("⚙️", "Training"),
}


def live_card(run: Run, plan: Plan) -> Message:
    """Show where the run is, whether it learns, what it costs and what can be pressed."""
    return m.make_message("card", _sentences(run, plan), _blocks(run, plan))


def _blocks(run: Run, plan: Plan) -> list[Block | Chart]:
    emoji, _ = _STATES[run.status]
    lines = [f"{emoji} *{headline(run)}*", card.asked(run)]
    if run.progress.max_steps:
        done = run.progress.step / run.progress.max_steps
        lines.insert(1, f"`{text.bar(done)}` {done:.0%}")
    blocks: list[Block | Chart] = [m.header(card.title(run)), m.section("\n".join(lines))]
    if run.cancel_requested_by:
        blocks.append(m.section(f"{text.mention(run.cancel_requested_by)} asked to stop this run. {_stopping(run)}"))
    if run.problem:
        blocks.append(m.section(f"{text.escape(run.problem.problem, 900)} {text.escape(run.problem.fix, 900)}"))
    blocks.append(m.fields(*_now(run, plan)))
    if drawn := chart.curve(run):
        blocks.append(drawn)
    blocks += [m.section(f"*Warning:* {text.escape(warning, 500)}") for warning in run.progress.warnings[:5]]
    blocks.append(m.fields(*card.essentials(plan)))
    pressed = [] if run.cancel_requested_by else [buttons.cancel(run)]
    if run.job and run.job.started_at:
        pressed.append(act_buttons.logs(run))
    if pressed:
        blocks.append(m.buttons("stop", *pressed))
    blocks.append(m.context(card.approver(run), card.footer(run)))
    return blocks


def headline(run: Run) -> str:
    """ "Training · step 220 of 525": plain words, inert."""
    if run.cancel_requested_by:
        return "Stopping"
    _, words = _STATES[run.status]
    progress = run.progress
    if run.status is not _S.RUNNING:
        return words
    if progress.max_steps is None:
        return (
            "Training · preparing the model and the rows" if progress.step == 0 else f"Training · step {progress.step}"
        )
    if progress.ended or progress.step >= progress.max_steps:
        return "Training done · saving to the Hub"
    return f"Training · step {text.count(progress.step)} of {text.count(progress.max_steps)}"


def _stopping(run: Run) -> str:
    if run.job is None:
        return "It will not be submitted."
    saved, lost = card.saved_step(run), card.lost(run)
    kept = f"The checkpoint of step {text.count(saved)} stays on the Hub" if saved else ""
    told = "; ".join(part for part in (kept, lost) if part)
    return f"I am stopping the job. {told[:1].upper()}{told[1:]}{'.' if told else ''}".strip()


def _now(run: Run, plan: Plan) -> tuple[tuple[str, str], ...]:
    return (
        (card.metric(run).capitalize(), curve(run)),
        ("Pace" if run.progress.seconds_per_step else "Time", _pace(run, plan)),
        ("Cost", _cost(run, plan)),
        ("GPU", _gpu(run)),
        ("Saved", f"step {text.count(run.progress.saved_step)} is on the Hub" if run.progress.saved_step else ""),
        ("Waiting", _waiting(run)),
    )


def curve(run: Run) -> str:
    """The metric now and where it began, and its shape where no chart shows it; "" before the first value."""
    points = run.progress.points
    if not points:
        return ""
    first = f"{text.number(points[0].value)} at step {text.count(points[0].step)}"
    if len(points) < 2:
        return first
    line = "" if chart.curve(run) else text.sparkline(point.value for point in points)
    return f"*{text.number(points[-1].value)}* now · {first}\n{line}".strip()


def _gpu(run: Run) -> str:
    if run.machine is None:
        return ""
    used = f"{run.machine.used_gib:.1f} of {run.machine.total_gib:.1f} GiB in use"
    return f"{run.machine.busy_percent:.0f} % busy\n{used}"


def _pace(run: Run, plan: Plan) -> str:
    progress = run.progress
    if run.status is not _S.RUNNING or progress.seconds_per_step is None:
        return f"expected {text.about(plan.estimate.hours * 3600)} in all\n{card.start_up(plan)}"
    pace = f"{text.number(float(f'{progress.seconds_per_step:.2g}'))} s a step"
    if progress.eta_s is None or progress.ended:
        return pace
    late = ""
    if run.job and run.job.running_s is not None and run.job.running_s + progress.eta_s > plan.timeout_s:
        late = f"\n*Warning:* at this pace the time limit of {text.duration(plan.timeout_s)} comes first"
    return f"{pace} · {text.about(progress.eta_s)} to go{late}"


def _cost(run: Run, plan: Plan) -> str:
    spent = card.spent_usd(run)
    bounds = f"expected {text.about_money(plan.estimate.cost_usd)} · at most {text.ceiling(plan.ceiling_usd)}"
    if spent is None or not (run.job and run.job.started_at):
        return bounds
    return f"*{text.about_money(spent)}* so far\n{bounds}"


def _waiting(run: Run) -> str:
    if run.status is _S.QUEUED and run.job:
        return f"since {text.date(run.job.created_at)}; waiting costs nothing"
    return ""


def _sentences(run: Run, plan: Plan) -> list[str]:
    spent = card.spent_usd(run)
    points = run.progress.points
    values = (
        f"The {card.metric(run)} is {text.number(points[-1].value)} at step {text.count(points[-1].step)}"
        if points
        else ""
    )
    if len(points) > 1:
        values += f"; it was {text.number(points[0].value)} at step {text.count(points[0].step)}"
    eta = run.progress.eta_s if run.status is _S.RUNNING and not run.progress.ended else None
    stop = (
        f"{text.mention(run.cancel_requested_by)} asked to stop this run. {_stopping(run)}"
        if run.cancel_requested_by
        else "Press Cancel run on the card to stop it."
    )
    return [
        f"{headline(run).replace(' · ', ', ')}: {card.sentence(plan)}",
        text.escape(run.problem.problem, 400) if run.problem else "",
        f"{values}." if values else "",
        f"{text.about(eta).capitalize()} to go." if eta is not None else "",
        f"It cost {text.about_money(spent)} so far." if spent and run.job and run.job.started_at else "",
        f"The GPU is {run.machine.busy_percent:.0f} % busy." if run.machine else "",
        f"It is expected to cost {text.about_money(plan.estimate.cost_usd)}, and never more than"
        f" {text.ceiling(plan.ceiling_usd)}.",
        *(f"Warning: {text.escape(warning, 200)}" for warning in run.progress.warnings[:3]),
        card.people(run),
        stop,
    ]


# --- milestones -------------------------------------------------------------------------------------------------


def milestones(run: Run, plan: Plan) -> list[Message]:
    """What the thread tells on the way, in order of time. Each key keeps its meaning for ever."""
    news: list[Message] = []
    if run.decided_by and card.passed(run, _S.APPROVED):
        news.append(_approved(run, plan, run.decided_by))
    if run.job and run.job.started_at:
        waited = (run.job.started_at - run.job.created_at).total_seconds()
        wait = f" after waiting {text.duration(waited)}" if waited >= 30 else ""
        news.append(
            _reply("started", f"The job started on {text.code(plan.flavor.name, 60)}{wait}. It loads the model first.")
        )
    if run.progress.points:
        news.append(_first_value(run))
    saved, last = run.progress.saved_step, run.progress.max_steps
    if run.status is _S.RUNNING and saved and last and saved < last:
        news.append(
            _reply(
                "saved",
                f"The checkpoint of step {text.count(saved)} is in {text.code(plan.output_repo)}: that much is safe,"
                " whatever happens to the job.",
            )
        )
    news += [_alert(run, m.fingerprint(warning), warning) for warning in run.progress.warnings]
    news += [_alert(run, alert.kind, alert.text) for alert in run.alerts]
    news += [_rerun(event.note) for event in run.events if event.note.startswith(RERUN)]
    if run.cancel_requested_by:
        who = text.mention(run.cancel_requested_by)
        news.append(_reply("cancel", f"{who} asked to stop this run. {_stopping(run)}"))
    return news


def _approved(run: Run, plan: Plan, who: str) -> Message:
    return _reply(
        "approved",
        f"{text.mention(who)} approved plan {run.revision}: at most {text.ceiling(plan.ceiling_usd)} on"
        f" {text.code(plan.flavor.name, 60)}, paid by {text.code(plan.namespace)}. The card above follows the run.",
    )


def _first_value(run: Run) -> Message:
    """Its step is said: the first value that is logged is seldom that of the first step."""
    first = run.progress.points[0]
    good = "It should fall from here." if run.progress.metric == "loss" else "It should rise from here."
    value = f"*{text.number(first.value)}* at step {text.count(first.step)}"
    return _reply("first-loss", f"The {card.metric(run)} is {value}. {good}")


def _alert(run: Run, name: str, words: str) -> Message:
    """Something to look at, with the button that stops the run as long as there is something to stop."""
    said = text.escape(words, 900)
    blocks = [m.section(f"⚠️ {said}")]
    stop = "" if run.is_final or run.cancel_requested_by else "Press Cancel run to stop it; nothing stops by itself."
    if stop:
        moves = act_buttons.moves(run) if name == IN_QUEUE else []
        blocks.append(m.buttons("stop", *moves, act_buttons.stop(run)))
    return m.make_message(f"alert-{name}", [said, stop], blocks)


def _rerun(note: str) -> Message:
    job, _, url = note.removeprefix(RERUN).strip().partition(" ")
    return _reply(
        f"rerun-{m.fingerprint(job)}",
        f"The job of this run was started again on the Hub, not from Slack: {text.link(url, f'job {job}')}. The Hub"
        " does not say by whom. Nobody approved it here and I do not follow it; it writes to the same repository and is"
        " billed to the same account.",
    )


def _reply(key: str, mrkdwn: str) -> Message:
    spoken = mrkdwn.replace("*", "").replace("`", "")
    return m.make_message(key, [spoken], [m.section(mrkdwn)])
