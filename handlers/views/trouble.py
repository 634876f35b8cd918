"""How a run ended without a model: refused, rejected, expired, canceled, failed. What happened, then what to do."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from slack_sdk.models.blocks import Block

from bot.models import Plan, Run
from bot.models.run import FOLLOWED, ITSELF
from bot.states import RunStatus
from bot.ways import checkpoint, ways_out
from handlers.views import act_buttons, card, chart, fields, progress, text
from handlers.views import messages as m
from handlers.views.chart import Chart
from handlers.views.messages import Message

_S = RunStatus
#: A refusal that came later than this after the question changes a card that people have already read.
_LATE = timedelta(minutes=2)
#: Lines of the log below a failure.
_TOLD_LINES = 6
#: How Python begins the account of an error, and each call in it with its source; the error begins at the margin.
_TRACEBACK, _CALL = "Traceback (most recent call last)", "  "


def waiting_card(run: Run) -> Message:
    """A request that cannot be planned yet: the Hub does not answer, or the job that it replaces has to stop first."""
    problem = _problem(run)
    replaces = run.parent is not None and run.parent.replaces
    what = f"run {text.code(run.parent.run_id[-8:])} to stop" if run.parent and replaces else "the Hugging Face Hub"
    blocks = [
        m.header(card.title(run)),
        m.section(f"⏳ *Waiting for {what}*\n{card.asked(run)}"),
        m.section(problem),
        m.context("" if replaces else "The plan appears here as soon as the Hub answers.", card.footer(run)),
    ]
    return m.make_message(
        "card", ["The plan has to wait.", problem, f"Asked by {text.mention(run.requester)}."], blocks
    )


def trouble_card(run: Run) -> Message:
    """The card's last face when there is no model."""
    emoji, headline, story, advice = _ending(run)
    blocks: list[Block | Chart] = [
        m.header(card.title(run)),
        m.section(f"{emoji} *{headline}*\n{card.asked(run)}"),
        m.section(f"{story}\n*What to do:* {advice}" if advice else story),
    ]
    if run.plan and card.passed(run, _S.APPROVED):
        blocks.append(m.fields(*_numbers(run, run.plan)))
        if drawn := chart.curve(run):
            blocks.append(drawn)
    if run.plan:
        blocks.append(m.fields(*card.essentials(run.plan)))
    elif understood := fields.said_line(run.request):
        blocks.append(m.section(f"*You said*\n{understood}"))
    blocks.append(m.context(card.approver(run), card.footer(run)))
    spoken = [f"{headline}.", _spoken(story), f"What to do: {_spoken(advice)}" if advice else ""]
    if run.plan:
        spoken.append(card.sentence(run.plan))
    return m.make_message("card", [*spoken, card.people(run)], blocks)


def trouble_reply(run: Run) -> Message | None:
    """The end of the thread; None when the card alone says it, as for a request that was refused at once."""
    if run.status is _S.REFUSED and run.updated_at - run.created_at < _LATE and not ways_out(run):
        return None
    emoji, headline, story, advice = _ending(run)
    people = " ".join(text.mention(user) for user in _concerned(run))
    has_log = run.job is not None and run.job.started_at is not None
    blocks: list[Block] = [m.section(f"{people} {emoji} *{headline}.* {story}")]
    if run.diagnosis and run.diagnosis.tail:
        more = " (“Log” below has the rest)" if has_log else ""
        blocks.append(m.section(f"*The end of the log*{more}\n{text.fence(_telling(run.diagnosis.tail))}"))
    if advice:
        blocks.append(m.section(f"*What to do:* {advice}"))
    if run.plan and run.job and run.status is _S.FAILED:
        blocks.append(m.context(f"{_spent(run)} · {_kept(run, run.plan)}"))
    spoken = [people, f"{headline}.", _spoken(story), f"What to do: {_spoken(advice)}" if advice else ""]
    if run.diagnosis and run.diagnosis.tail:
        spoken.append(f"The log ends with: {text.escape(run.diagnosis.tail[-1], 300)}")
    if ways := act_buttons.ways(run):
        blocks.append(m.section(_ways(run)))
        spoken.append(f"Buttons: {'; '.join(text.escape(way.label, 80) for way in ways_out(run))}.")
    pressed = [*ways, act_buttons.duplicate(run)]
    if has_log:
        pressed.append(act_buttons.logs(run))
    blocks.append(m.buttons("ways", *pressed))
    return m.make_message("end", spoken, blocks, broadcast=run.job is not None)


def _telling(tail: Sequence[str]) -> list[str]:
    """The last lines without the calls that led to an error: its own words are what people can use."""
    began = any(line.lstrip().startswith(_TRACEBACK) for line in tail)
    kept = [line for line in tail if not (began and line.startswith((_CALL, _TRACEBACK)))]
    return (kept or list(tail))[-_TOLD_LINES:]


def _ways(run: Run) -> str:
    if run.diagnosis and run.diagnosis.remedies and run.plan:
        arguments = run.plan.arguments
        effective = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps * run.plan.processes
        same = f" The batch of {effective} rows for each step stays." if _has(run, "batch") else ""
        return (
            "*With one click* I make a new plan with only this difference, to be approved like any other. The amount is"
            f" what all of it would cost.{same}"
        )
    return "*With one click* I make the plan; it has to be approved like any other."


def _has(run: Run, key: str) -> bool:
    return any(way.key == key for way in ways_out(run))


def followed_replies(run: Run) -> list[Message]:
    """Say which runs grew from this one, and who chose that."""
    replies = []
    for event in run.followers:
        short_id, _, how = event.note.removeprefix(FOLLOWED).strip().partition(": ")
        words = f"{text.mention(event.actor)} chose “{text.escape(how, 200)}”: run {text.code(short_id)} plans it."
        replies.append(m.make_message(f"followed-{short_id}", [_spoken(words)], [m.section(words)]))
    return replies


def problem_reply(run: Run) -> Message | None:
    """Answer whoever asked for a change that cannot be made; the plan stays as it is."""
    if run.problem is None or run.needs_plan or run.status not in (_S.DRAFTING, _S.PROPOSED):
        return None
    words = _problem(run)
    stays = "The plan on the card stays as it is." if run.plan else ""
    key = f"problem-{m.fingerprint(run.problem.problem, run.problem.fix)}"
    return m.make_message(key, [words, stays], [m.section(f"{words} {stays}".strip())])


def _concerned(run: Run) -> list[str]:
    """Who asked, and who approved: the people whose plans this changes."""
    people = [run.requester]
    if run.decided_by and run.status is not _S.REJECTED:
        people.append(run.decided_by)
    return list(dict.fromkeys(people))


# --- the five endings: emoji, headline, story, advice; story and advice are mrkdwn ----------------------------------

_Ending = tuple[str, str, str, str]
#: What a job's description does not tell: https://huggingface.co/docs/hub/audit-logs
_AUDIT = ", but the audit log of an organization on a Team or Enterprise plan may"


def _refused(run: Run) -> _Ending:
    problem = run.problem
    story = text.escape(problem.problem, 1200) if problem else "The request could not be planned."
    return "⚠️", "This cannot be trained as asked", story, text.escape(problem.fix, 1200) if problem else ""


def _rejected(run: Run) -> _Ending:
    who = text.mention(run.decided_by) if run.decided_by else "Somebody"
    reason = f" Reason: {text.quote(run.reason, 1200)}" if run.reason else " No reason was given."
    return "🚫", "Rejected", f"{who} rejected plan {run.revision}.{reason} Nothing ran.", _ask_again(run)


def _expired(run: Run) -> _Ending:
    since = card.when(run, _S.PROPOSED) or card.when(run, _S.DRAFTING) or run.created_at
    waited = text.duration((run.updated_at - since).total_seconds())
    story = "Nobody answered the question" if run.plan is None else f"Nobody decided on plan {run.revision}"
    return "⌛", "Expired", f"{story} within {waited}. Nothing ran and nothing was charged.", _ask_again(run)


def _canceled(run: Run) -> _Ending:
    last = next((event for event in reversed(run.events) if event.status is _S.CANCELED), None)
    who = run.cancel_requested_by or (last.actor if last and last.actor != ITSELF else None)
    if run.problem:
        return "⏹️", "Canceled", text.escape(run.problem.problem, 1200), text.escape(run.problem.fix, 1200)
    if who:
        by = f"{text.mention(who)} stopped this run."
    else:
        said = f" The Hub says: {text.quote(run.job.message, 300)}." if run.job and run.job.message else ""
        by = f"The job was stopped on the Hub, not from Slack; the Hub does not name who did it{_AUDIT}.{said}"
    if run.job is None or run.plan is None:
        kept = f" {_kept(run, run.plan)}." if run.plan and run.resume else ""
        return "⏹️", "Canceled", f"{by} Nothing ran and nothing was charged.{kept}", _ask_again(run)
    return "⏹️", "Canceled", f"{by} {_spent(run)}. {_kept(run, run.plan)}.", _ask_again(run)


def _failed(run: Run) -> _Ending:
    diagnosis = run.diagnosis
    if diagnosis is None:
        return "❌", "Failed", "The job ended without a model, and the Hub does not say why.", _ask_again(run)
    return "❌", "Failed", text.escape(diagnosis.cause, 1200), text.escape(diagnosis.fix, 1200)


_ENDINGS: dict[RunStatus, Callable[[Run], _Ending]] = {
    _S.REFUSED: _refused,
    _S.REJECTED: _rejected,
    _S.EXPIRED: _expired,
    _S.CANCELED: _canceled,
    _S.FAILED: _failed,
}


def _ending(run: Run) -> _Ending:
    return _ENDINGS[run.status](run)


def _ask_again(run: Run) -> str:
    if run.grown:
        return (
            f"A plan to go on waits below: run {text.code(run.grown[-1])}. Nothing runs until it is approved; its own"
            " card says how it stands. To try another way, write `retry` here."
        )
    if (left := checkpoint(run)) is not None:
        label = f"Resume from step {text.count(left.step)}"
        return f"To go on from its checkpoint, press “{label}” at the end of the thread, or write `resume` there."
    words = text.one_line(run.request.text).removeprefix("/finetune").strip()
    again = text.code(f"/finetune {words}", 300) if words and len(words) < 280 else "`/finetune`"
    return f"To run it after all, ask again with {again}."


def _problem(run: Run) -> str:
    assert run.problem is not None
    return f"{text.escape(run.problem.problem, 1200)} {text.escape(run.problem.fix, 1200)}".strip()


def _spent(run: Run) -> str:
    spent = card.spent_usd(run)
    if spent is not None:
        return f"It cost {text.about_money(spent)}" if spent else "It cost nothing"
    if run.job is None or run.job.started_at is None:
        return "The job never started, so it cost nothing"
    return "The Hub does not say yet what it cost"


def _kept(run: Run, plan: Plan) -> str:
    """Which checkpoint is there: the newest of this run, or else the one that it went on from."""
    step = card.saved_step(run)
    lost = card.lost(run)
    if step:
        kept = f"The checkpoint of step {text.count(step)} is kept in {text.code(plan.output_repo)}"
        return f"{kept}; {lost}" if lost else kept
    return f"Nothing was saved to the Hub; {lost}" if lost else "Nothing was saved to the Hub"


def _numbers(run: Run, plan: Plan) -> tuple[tuple[str, str], ...]:
    step = run.progress.step
    reached = f"step {text.count(step)}" if step else "before the first step"
    of = f" of {text.count(run.progress.max_steps)}" if step and run.progress.max_steps else ""
    return (
        ("Reached", f"{reached}{of}"),
        (card.metric(run).capitalize(), progress.curve(run)),
        ("Cost", f"{_spent(run)}\nceiling {text.ceiling(plan.ceiling_usd)}"),
        ("Saved", _kept(run, plan)),
    )


def _spoken(mrkdwn: str) -> str:
    return mrkdwn.replace("*", "").replace("`", "")
