"""The card of a plan that waits for people, and of a question that keeps a plan from being made.

A careful lead must be able to approve from this card alone; whoever asked must see what was understood and what was
chosen for them. Does not compute anything about the plan: all numbers come with it.
"""

from slack_sdk.models.blocks import Block

from bot.models import Estimate, Plan, Run, Tuning
from bot.planning import fit, plan_differences, prediction
from bot.states import RunStatus
from handlers.views import buttons, card, fields, text
from handlers.views import messages as m
from handlers.views.messages import Message

#: Choices that the card tells with their reasons; the most important come first.
_CHOSEN = 10
#: Characters of one warning: what matters stands at its beginning.
_WARNING = 420
#: Characters of why nobody can approve it, with what to do.
_STOP = 900
#: Where the money may be there again before the plan expires: an approval looks at it anew.
_LATER = "Once it fits, write `approve` here: the limits are looked at again then."
#: Of a run that goes on from a checkpoint: that fits only what it was made with.
_FIXED = "Settings stay as they were, since a checkpoint fits no others; for other settings ask for a new run."


def plan_card(run: Run, plan: Plan) -> Message:
    """Show the plan, its price and two buttons; while a change is being planned, no buttons."""
    return m.make_message("card", _sentences(run, plan), _blocks(run, plan))


def _blocks(run: Run, plan: Plan) -> list[Block]:
    blocks = [m.header(card.title(run)), m.section(f"📝 *{_state(run)}*\n{card.asked(run)}")]
    if run.problem:
        intro = "The Hub keeps me waiting" if run.needs_plan else "The last change could not be made"
        blocks.append(
            m.section(f"*{intro}:* {text.escape(run.problem.problem, 900)} {text.escape(run.problem.fix, 900)}")
        )
    if changed := difference(run):
        before = f"run {run.parent.run_id[-8:]}" if run.parent and run.revision == 1 else f"plan {run.revision - 1}"
        blocks.append(m.section(f"*Changed from {text.escape(before)}*\n{text.listing(changed, 2000)}"))
    blocks.append(m.fields(("Cost", _cost(plan)), ("Time", _time(plan)), *card.essentials(plan)))
    if stops := _stops(plan):
        blocks.append(m.section(_lines([f"🚫 *Not possible now:* {text.escape(why, _STOP)}" for why in stops])))
    if warnings := [check for check in plan.checks if check.level == "warning"]:
        blocks.append(m.section(_lines([f"⚠️ *Warning:* {text.escape(check.text, _WARNING)}" for check in warnings])))
    if others := options(plan):
        blocks.append(m.section(f"*Ways to run it*\n{text.listing(others, 2000)}"))
        if not run.needs_plan and (offers := buttons.switches(run, plan)):
            blocks.append(m.buttons("options", *offers))
    if rule := _rule(plan):
        blocks.append(m.context(rule))
    if not run.needs_plan:
        decide = [] if stops else [buttons.approve(run, plan)]
        decide = [buttons.make_run(run)] if plan.request.plan_only else [*decide, buttons.reject(run)]
        change = [] if run.resume else [buttons.edit(run)]
        blocks.append(m.buttons("decision", *decide, *change, buttons.why(run)))
    # what decides stands above the buttons, what explains below
    blocks += [m.context(_next_step(run), card.footer(run)), m.section(_reading(plan))]
    if not run.needs_plan and not stops:
        passed = sum(check.level == "ok" for check in plan.checks)
        checked = f"✓ {text.counted(passed, 'check')} passed. " if passed else ""
        blocks.append(m.context(f"{checked}“Why this plan” shows what was checked, every sum, and what was left out."))
    return blocks


def _stops(plan: Plan) -> list[str]:
    """Why nobody can approve it now."""
    return [check.text for check in plan.checks if check.level == "stop"]


def _state(run: Run) -> str:
    if run.needs_plan:
        return f"Plan {run.revision} is being changed"
    if run.plan is not None and run.plan.request.plan_only:
        return f"Plan {run.revision} is only a plan: nothing can run"
    if run.plan is not None and _stops(run.plan):
        return f"Plan {run.revision} cannot be approved now"
    return f"Plan {run.revision} waits for approval"


def _next_step(run: Run) -> str:
    if run.needs_plan:
        return "The new plan appears here in a moment; nothing runs until it is approved."
    expires = f" The plan expires {text.date(run.next_check_at)}." if run.next_check_at else ""
    later = f" {_LATER}" if run.plan and _stops(run.plan) else ""
    if run.resume:
        return f"{_FIXED}{later}{expires}"
    return f"To change something, press Edit or reply in this thread, for example “use lora, 1 epoch”.{later}{expires}"


def _time(plan: Plan) -> str:
    expected = plan.estimate
    likely = text.span(expected.hours_low * 3600, expected.hours_high * 3600)
    return (
        f"{text.about(expected.hours * 3600)} ({likely})\n{card.start_up(plan)}"
        f"\nstopped after {text.duration(plan.timeout_s)} at the latest; what was saved by then is kept"
    )


def _cost(plan: Plan) -> str:
    expected = plan.estimate
    likely = text.money_span(expected.cost_low_usd, expected.cost_high_usd)
    return (
        f"*at most {text.ceiling(plan.ceiling_usd)}*\nexpected {text.about_money(expected.cost_usd)}"
        f"{f' ({likely})' if likely else ''}"
        f"\n{prediction(plan)}\ncharged to {text.code(plan.namespace)}"
    )


def _reading(plan: Plan) -> str:
    """What was said, what was chosen for lack of it, and how the rows are read."""
    said = f"*You said*\n{fields.said_line(plan.request) or '_nothing else_'}"
    if unread := fields.unread_line(plan.request):
        said += f"\n{unread}"
    chosen = fields.chosen_lines(plan)
    if len(chosen) > _CHOSEN:
        chosen = [*chosen[:_CHOSEN], f"and {len(chosen) - _CHOSEN} more, which “Why this plan” tells"]
    return f"{said}\n*I chose the rest*\n{text.listing(chosen, 1500)}" if chosen else said


def _lines(lines: list[str], limit: int = 2600) -> str:
    kept: list[str] = []
    room = limit
    for line in lines:
        if (room := room - len(line) - 1) < 0:
            return "\n".join([*kept, f"… and {len(lines) - len(kept)} more"])
        kept.append(line)
    return "\n".join(kept)


def _rule(plan: Plan) -> str:
    may = f" Approvers: {text.mentions(plan.approvers)}." if plan.approvers else ""
    return f"{text.escape(plan.approval_rule, 400)}{may}".strip()


def difference(run: Run) -> list[str]:
    """What changed since the plan before, as lines of mrkdwn: "epochs 1 → 2"."""
    if run.plan is None or run.previous_plan is None:
        return []
    return [
        f"{text.escape(label, 80)} {text.code(old)} → {text.code(new)}"
        for label, old, new in plan_differences(run.previous_plan, run.plan)
    ]


def options(plan: Plan) -> list[str]:
    """Other ways that are possible, as lines of mrkdwn, below this one: price, time, and how full the memory gets."""
    this = _way(plan.flavor.name, plan.tuning, plan.estimate, plan.ceiling_usd)
    lines = [
        f"{text.escape(option.reason, 160)}: "
        + _way(option.flavor, option.tuning, option.estimate, option.ceiling_usd, option.told_work)
        for option in plan.options
        if option.estimate is not None
    ]
    if not lines and plan.dropped:
        return [f"this plan: {this}. Nothing else is clearly cheaper, faster or lower in its maximum"]
    return [f"this plan: {this}", *lines] if lines else []


def _way(flavor: str, tuning: Tuning, needs: Estimate, most_usd: float, work: str = "") -> str:
    what = ", ".join(part for part in (text.code(flavor, 60), tuning.told, work) if part)
    cost = f"{text.about_money(needs.cost_usd)}, at most {text.ceiling(most_usd)}"
    return f"{what} · {cost} · {text.about(needs.hours * 3600)} · {fit(needs.memory_gib, needs.usable_gib)}"


def _sentences(run: Run, plan: Plan) -> list[str]:
    state = f"{_state(run)}: {card.sentence(plan)}"
    trouble = f"{text.escape(run.problem.problem, 300)} {text.escape(run.problem.fix, 300)}" if run.problem else ""
    money = (
        f"It takes {text.about(plan.estimate.hours * 3600)} ({card.start_up(plan)}), costs at most"
        f" {text.ceiling(plan.ceiling_usd)} (expected {text.about_money(plan.estimate.cost_usd)}) and is paid by"
        f" {text.escape(plan.namespace, 120)}."
    )
    visible = "private" if plan.private else "public"
    where = f"The model goes to the {visible} repository {text.escape(plan.output_repo, 200)}."
    stops = [f"Not possible now: {text.escape(why, 400)}" for why in _stops(plan)]
    warnings = [f"Warning: {text.escape(check.text, 200)}" for check in plan.checks if check.level == "warning"][:3]
    what = "Press Approve, Reject or Edit on the card, or reply in the thread to change the plan."
    if run.needs_plan:
        what = "The new plan appears in a moment."
    elif stops:
        what = f"Press Reject{'' if run.resume else ' or Edit'} on the card. {_LATER}"
    elif run.resume:
        what = f"Press Approve or Reject on the card. {_FIXED}"
    elif plan.request.plan_only:
        what = "Press Make it a run on the card, or reply in the thread to change the plan."
    checks = [*stops, *warnings]
    return [state, trouble, money, where, *checks, f"Asked by {text.mention(run.requester)}.", _rule(plan), what]


# --- the question -----------------------------------------------------------------------------------------------


def question_card(run: Run) -> Message:
    """Show what was understood so far and the one thing that is missing."""
    understood = fields.said_line(run.request)
    blocks = [
        m.header(card.title(run)),
        m.section(f"💬 *{_question(run)}*\n{card.asked(run)}"),
        m.section(f"*Understood so far*\n{understood}" if understood else "Nothing else is known about this run yet."),
    ]
    if unread := fields.unread_line(run.request):
        blocks.append(m.section(unread))
    # the thread asks it in full, with what can be pressed: here it would stand twice
    blocks.append(m.context("Answer in the thread, where I ask it.", card.footer(run)))
    if run.problem:
        told = f"{text.escape(run.problem.problem, 900)} {text.escape(run.problem.fix, 900)}"
        blocks.insert(2, m.section(told))
    return m.make_message("card", [*_question_sentences(run), f"Asked by {text.mention(run.requester)}."], blocks)


def question_reply(run: Run) -> Message | None:
    """Ask in the thread, where the answer belongs; one message for each question."""
    if run.question is None:
        return None
    words = f"{text.mention(run.requester)} {_question(run)} {text.escape(run.question.hint, 400)}"
    blocks = [m.section(words)]
    if (offered := buttons.answers(run)) and run.status in (RunStatus.DRAFTING, RunStatus.PROPOSED):
        blocks.append(m.buttons("answers", *offered))
    offers = fields.joined((text.escape(choice, 200) for choice in run.question.choices), 600)
    return m.make_message(_question_key(run.question.text), [words, offers], blocks)


def answered_replies(run: Run) -> list[Message]:
    """The questions that kept the run from its plan and wait no longer: without what could be pressed."""
    now = run.question.text if run.question else None
    replies = {}
    for asked in run.events:
        if asked.status is not RunStatus.DRAFTING or asked.note == now or not asked.note:
            continue
        by = next((change.actor for change in run.changes if change.at >= asked.at), None)
        end = f"✓ {text.mention(by)} answered." if by else "Nobody answered; it is asked no longer."
        if by or run.is_final:
            words = f"{text.mention(run.requester)} {text.escape(asked.note, 400)} {end}"
            replies[asked.note] = m.make_message(_question_key(asked.note), [words], [m.section(words)])
    return list(replies.values())


def _question_key(asked: str) -> str:
    return f"question-{m.fingerprint(asked)}"


def _question(run: Run) -> str:
    return text.escape(run.question.text, 400) if run.question else "Working out what you need"


def _question_sentences(run: Run) -> list[str]:
    if run.question is None:
        return ["Your answer is being worked in."]
    trouble = text.escape(run.problem.problem, 300) if run.problem else ""
    return ["One thing is missing.", trouble, _question(run), "Answer in the thread."]


def plan_reply(run: Run, plan: Plan) -> Message:
    """Tell the thread that the card above holds a new plan."""
    changed = difference(run)
    what = f"\n{text.listing(changed, 2000)}" if changed else ""
    money = f"at most {text.ceiling(plan.ceiling_usd)}, expected {text.about_money(plan.estimate.cost_usd)}"
    lead = f"{text.mention(run.requester)} *Plan {run.revision}* is on the card above: {money}."
    spoken = [
        f"{text.mention(run.requester)} Plan {run.revision} is on the card above: {money}.",
        f"Changed: {fields.joined((line.replace('`', '') for line in changed), 800)}." if changed else "",
        "Older buttons no longer work." if run.revision > 1 else "",
        _rule(plan),
    ]
    old = "\nOlder buttons no longer work." if run.revision > 1 else ""
    blocks = [m.section(f"{lead}{what}{old}")]
    if rule := _rule(plan):
        blocks.append(m.context(rule))
    return m.make_message(run.announcement, spoken, blocks)
