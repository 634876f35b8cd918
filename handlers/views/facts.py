"""One short answer to one question about a run, from the run's own facts: mrkdwn for one message.

Pure. Does not read the question: bot.intake.about does. Says "not known yet" rather than guess.
"""

from collections.abc import Callable

from bot.intake.about import About
from bot.intake.wonders import WONDERS
from bot.models import Plan, Run, TrainingRequest, Tuning
from bot.states import RunStatus
from handlers.views import card, fields, text
from handlers.views.text import code, escape
from handlers.views.wonders import wonder_text

_S = RunStatus
#: The job is over, or there never will be one.
_UNPLANNED = "There is no plan yet, so I cannot say."


def fact_text(run: Run, about: About) -> str:
    """Answer what `asked_about` found in a message of this run's thread."""
    known = _FACTS.get(about.topic)
    if known is not None:
        return known(run)
    return wonder_text(about.topic, run) if about.topic in WONDERS else _field(run, about)


# --- facts that are no field of the request -------------------------------------------------------------------------


def cost(run: Run) -> str:
    """What it costs: expected and at most while it is a plan, so far while it runs, in the end when it is over."""
    spent = card.spent_usd(run)
    plan = run.plan
    if run.is_final:
        if spent is not None:
            return f"It cost {text.about_money(spent)}." if spent else "It cost nothing."
        return "It cost nothing: no job ran." if run.job is None else "The Hub does not say yet what it cost."
    if plan is None:
        return f"{_UNPLANNED} The plan shows the price, and nothing is spent before somebody approves it."
    most = f"at most {text.ceiling(plan.ceiling_usd)}, paid by {code(plan.namespace)}"
    if spent is not None:
        return f"It has cost {text.about_money(spent)} so far. It costs {most}."
    return f"Expected {text.about_money(plan.estimate.cost_usd)}, {most}."


def cost_elsewhere(run: Run, wanted: TrainingRequest) -> str:
    """What it would cost with other hardware or other settings; the plan itself stays as it is."""
    said = fields.said_line(wanted, 300)
    options = run.plan.options if run.plan and len(fields.said(wanted)) == 1 else ()
    option = next((each for each in options if each.is_same_work and each.flavor == wanted.hardware), None)
    if option is not None and option.estimate is not None:
        return (
            f"On {code(option.flavor)}: expected {text.about_money(option.estimate.cost_usd)}, in"
            f" {text.about(option.estimate.hours * 3600)}. As planned: {_lowered(cost(run))}"
        )
    way = "Say it as a change" if run.status in (_S.PROPOSED, _S.DRAFTING, _S.RECEIVED) else "Ask for it as a new run"
    return f"{cost(run)} That is for the plan as it stands. {way} to see the price with {said}; a plan costs nothing."


def _time(run: Run) -> str:
    plan, job = run.plan, run.job
    if run.is_final:
        if job is None or job.running_s is None:
            return "It never ran." if job is None else "The Hub does not say how long it ran."
        return f"It ran for {text.duration(job.running_s)}."
    if plan is None:
        return _UNPLANNED
    limit = f"It is stopped after {text.duration(plan.timeout_s)} at the latest."
    if run.status is _S.RUNNING and run.progress.eta_s is not None:
        done = f", {text.duration(job.running_s)} done" if job and job.running_s else ""
        return f"{text.about(run.progress.eta_s).capitalize()} to go{done}. {limit}"
    expected = plan.estimate
    likely = text.span(expected.hours_low * 3600, expected.hours_high * 3600)
    waits = " It waits for a machine now." if run.status is _S.QUEUED else ""
    return (
        f"{text.about(expected.hours * 3600).capitalize()} ({likely}) on {code(plan.flavor.name)},"
        f" {card.start_up(plan)}.{waits} {limit}"
    )


def _approval(run: Run) -> str:
    if run.status in (_S.RECEIVED, _S.DRAFTING):
        return "There is no plan yet. It will say who has to approve it."
    if run.status is not _S.PROPOSED:
        return f"No plan waits for approval. {_approver(run)}"
    assert run.plan is not None
    who = f" Approvers: {text.mentions(run.plan.approvers)}." if run.plan.approvers else ""
    return f"{escape(run.plan.approval_rule, 400)}{who}".strip() or "Whoever runs Tunesmith has named no approvers."


def _approver(run: Run) -> str:
    if run.decided_by is None:
        return "Nobody approved it."
    at = card.when(run, _S.REJECTED if run.status is _S.REJECTED else _S.APPROVED)
    did = "rejected" if run.status is _S.REJECTED else "approved"
    return f"{text.mention(run.decided_by)} {did} plan {run.revision}{f' {text.date(at)}' if at else ''}."


def _requester(run: Run) -> str:
    others = sorted(run.authors - {run.requester})
    also = f" {text.mentions(others)} changed the request since." if others else ""
    return f"{text.mention(run.requester)} asked for it {text.date(run.created_at)}.{also}"


def stopping(run: Run) -> str:
    """How this run is stopped, and what that costs."""
    if run.is_final:
        return f"Run {code(run.short_id)} {run.status.told}: there is nothing left to stop."
    if run.status in (_S.RECEIVED, _S.DRAFTING, _S.PROPOSED):
        return "Nothing runs yet. Write `reject` here to drop the plan; left alone, it expires."
    costs = "You pay for the time so far." if run.job else "Nothing ran yet, so it costs nothing or nearly nothing."
    return (
        "Write `cancel` here or press Cancel run on the card. Whoever asked for it, whoever approved it and the"
        f" approvers can. {costs}"
    )


def _expiry(run: Run) -> str:
    if run.status not in (_S.DRAFTING, _S.PROPOSED) or run.next_check_at is None or run.needs_plan:
        return f"Nothing expires: the run {run.status.told}."
    what = "The plan" if run.status is _S.PROPOSED else "The question"
    return f"{what} expires {text.date(run.next_check_at)}; nothing is charged then."


def _next(run: Run) -> str:
    match run.status:
        case _S.RECEIVED:
            return "The plan with its price comes in a moment. Nothing runs until somebody approves it."
        case _S.DRAFTING:
            return f"I wait for an answer: {escape(run.question.text, 300) if run.question else 'see the card.'}"
        case _S.PROPOSED:
            return (
                "Once the plan is approved, I rent the machine, train, and keep the card up to date. At the end this"
                " thread"
                f" gets the link to the model. {_time(run)}"
            )
        case _S.APPROVED | _S.SUBMITTING | _S.QUEUED | _S.RUNNING:
            return (
                f"Nothing to do: the card shows how far it is, and this thread gets the link to the model. {_time(run)}"
            )
        case _S.SUCCEEDED:
            return _result(run)
        case _:
            return f"The run {run.status.told}. Ask for a new run, or say `retry` here, with changes if you like."


def _result(run: Run) -> str:
    if run.report:
        return f"The model is here: {text.link(run.report.landed.url, run.report.landed.url)}"
    if run.plan is None:
        return _UNPLANNED
    if run.is_final:
        return f"There is no model: the run {run.status.told}."
    visible = "only its owners can read it" if run.plan.private else "everybody can read it"
    return f"In {code(run.plan.output_repo)} on the Hub ({visible}), once the training is done."


_FACTS: dict[str, Callable[[Run], str]] = {
    "cost": cost,
    "budget_usd": cost,
    "time": _time,
    "max_hours": _time,
    "approval": _approval,
    "approver": _approver,
    "requester": _requester,
    "stopping": stopping,
    "expiry": _expiry,
    "next": _next,
    "result": _result,
    "output_repo": _result,
}

# --- fields ---------------------------------------------------------------------------------------------------------


def _tuning(plan: Plan) -> str:
    return "No LoRA, all weights are trained" if plan.tuning is Tuning.FULL else card.tuning(plan)


_SHOWN: dict[str, Callable[[Plan], str]] = {
    "model": card.model,
    "dataset": card.dataset,
    "dataset_config": card.dataset,
    "split": card.dataset,
    "max_samples": card.dataset,
    "method": card.method,
    "lora": _tuning,
    "load_in_4bit": _tuning,
    "epochs": card.length,
    "max_steps": card.length,
    "hardware": card.hardware,
    "private": card.output,
}


def _field(run: Run, about: About) -> str:
    """A field's value and where it comes from: whoever asked, or the planner with its reason."""
    label = fields.LABELS[about.topic]
    if run.plan is None:
        said = getattr(run.request, about.topic)
        return (
            f"You said {label} {code(fields.value_text(about.topic, said))}. The plan comes next."
            if said is not None
            else _UNPLANNED
        )
    open_to_change = run.status is _S.PROPOSED and run.resume is None
    return f"{_shown(run.plan, about.topic)}.{_reason(run.plan, about, open_to_change=open_to_change)}"


def _shown(plan: Plan, field: str) -> str:
    shown = _SHOWN.get(field)
    if shown is not None:
        return shown(plan).replace("\n", " · ").replace("*", "")
    value = getattr(fields.settled(plan), field)
    label = fields.LABELS[field]
    label = label[:1].upper() + label[1:]
    return f"{label}: {code(fields.value_text(field, value))}" if value is not None else f"{label}: not set"


def _reason(plan: Plan, about: About, *, open_to_change: bool) -> str:
    if getattr(plan.request, about.topic) is not None:
        return " It was asked for." if about.why else ""
    reason = plan.defaulted.get(about.topic)
    if reason:
        change = " To change it, say so here." if open_to_change else ""
        return f" I chose it: {escape(reason, 200)}.{change}"
    return " Nobody asked for another." if about.why else ""


def uses(run: Run, field: str) -> str:
    """What this run has of a thing that was explained; "" when that says nothing."""
    if field == "budget_usd":
        return f" {cost(run)}"
    return f" In this run: {_shown(run.plan, field)}." if run.plan and field else ""


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]
