"""Answers to questions about runs, and to requests that get no card: mrkdwn for one short message.

Pure. Everything foreign is escaped here.
"""

from collections.abc import Sequence

from bot.errors import UserError
from bot.intake.help import ask_for
from bot.models import Examples, Run
from bot.states import RunStatus
from handlers.views import card, facts, text
from handlers.views.thread import thread

_S = RunStatus


def on_it() -> str:
    return "On it: the plan comes in a moment. Nothing runs until somebody approves it."


def problem_text(error: UserError) -> str:
    """A UserError for people: what happened, what to do, who can help."""
    parts = [text.escape(error.problem, 1500)]
    if error.fix:
        parts.append(f"*What to do:* {text.escape(error.fix, 1500)}")
    if error.who:
        parts.append(f"Who can: {text.mentions(error.who)}.")
    return "\n".join(parts)


def unforeseen_text(reference: str) -> str:
    """The one line for what nobody foresaw; the log has the rest under the same reference."""
    return (
        f"Something went wrong on my side, and I do not know whether your request was recorded. Reference"
        f" {text.code(reference)}: whoever runs Tunesmith finds it in the log. You can try again."
    )


def status_text(run: Run) -> str:
    """One run in a few sentences."""
    messages = thread(run)
    if not messages:
        return f"Run {text.code(run.short_id)}: the plan is being made."
    return f"Run {text.code(run.short_id)} · *{run.status}*\n{messages[0].text}"


def status_list(runs: Sequence[Run]) -> str:
    """The newest runs, one line each."""
    if not runs:
        return f"No runs here yet. Ask for one: {text.code(f'/finetune {Examples().request}')}"
    lines = [line(run) for run in runs]
    return f"*The newest runs*\n{text.listing(lines)}\nMore about one: {text.code('/finetune status RUN')}"


def line(run: Run) -> str:
    """One run in one line of mrkdwn."""
    extra = ""
    if run.status is _S.RUNNING and run.progress.max_steps:
        extra = f" {run.progress.step / run.progress.max_steps:.0%}"
    elif run.status is _S.PROPOSED and run.plan:
        extra = f", at most {text.ceiling(run.plan.ceiling_usd)}"
    elif run.report:
        extra = f", {text.link(run.report.landed.url, 'model')}"
    title = text.escape(card.title(run).removeprefix("Fine-tune "), 150)
    return f"{text.code(run.short_id)} *{run.status}*{extra} · {title} · {text.mention(run.requester)}"


def logs_text(run: Run) -> str:
    """The end of the job's log."""
    tail = run.log_tail or (run.diagnosis.tail if run.diagnosis else ())
    if not tail:
        why = "the job prints nothing yet" if run.job else "it has no job yet"
        return f"Run {text.code(run.short_id)} is {run.status}: there is no log, because {why}."
    more = f" The whole log: {text.link(run.job.url, 'job on the Hub')}" if run.job else ""
    return (
        f"The end of the log of run {text.code(run.short_id)}, which is {run.status}:\n{text.fence(tail, 2800)}{more}"
    )


def log_comes(run: Run) -> str:
    return f"I am reading the log of run {text.code(run.short_id)}; it comes into the run's thread as a file."


def canceled_text(run: Run) -> str:
    if run.status is _S.CANCELED:
        return f"Run {text.code(run.short_id)} is canceled. Nothing ran."
    return f"I am stopping run {text.code(run.short_id)}. Its card shows when it has stopped and what it cost."


def explain_text(run: Run) -> str:
    """Why it failed, and what to do."""
    if run.diagnosis:
        cause, fix = run.diagnosis.cause, run.diagnosis.fix
    elif run.problem:
        cause, fix = run.problem.problem, run.problem.fix
    else:
        return f"Run {text.code(run.short_id)} is {run.status}; nothing has failed."
    return f"Run {text.code(run.short_id)}: {text.escape(cause, 1500)}\n*What to do:* {text.escape(fix, 1500)}"


def not_understood(run: Run | None) -> str:
    """For words to the bot that are no request: what would be one, here."""
    if run is not None and not run.is_final:
        change = "change it (“2 epochs, use lora”), " if run.status in (_S.DRAFTING, _S.PROPOSED) else ""
        decide = "decide (“approve”)" if run.status is _S.PROPOSED else "stop it (“cancel”)"
        return f"I did not understand that. About this run you can {change}ask (“how long will it take?”) or {decide}."
    return (
        f"I did not understand that as a request. {text.code('/finetune help')} shows what I can do;"
        " a plan needs a model and a dataset, for example"
        f" {text.code(f'/finetune {Examples().request}')}."
    )


def ask_for_plan() -> str:
    return (
        "Ask for the run itself: the plan shows the expected price and the most it can cost, and nothing runs until"
        " somebody approves it."
    )


def what_to_change(field: str | None = None) -> str:
    if field is not None:
        return f"{text.escape(ask_for(field), 400)} Until then the plan stays as it is."
    return "What shall I change? Say it like “2 epochs” or “use lora”; until then the plan stays as it is."


def only_in_thread() -> str:
    return "I cannot tell which run you mean. Write it as a reply in the run's thread, or use the buttons on its card."


def edit_taken() -> str:
    """The one reply to an edit that counts."""
    return (
        "I read your edit and take it as what you meant. The plan follows it; buttons of an older plan no longer work."
    )


def request_deleted(run: Run) -> str:
    """The words that asked for a run are gone, and the run is not."""
    if run.status in (_S.RECEIVED, _S.DRAFTING, _S.PROPOSED):
        others = text.mentions(sorted(run.authors - {run.requester}))
        return (
            f"The message that asked for this run was deleted. {others} changed the request since, so it"
            " stays. To drop it, write `reject` here."
        )
    return f"The message that asked for this run was deleted. The run goes on. {facts.stopping(run)}"


def change_deleted(run: Run) -> str:
    """The words that changed a plan are gone; what they changed is not."""
    if run.status in (_S.RECEIVED, _S.DRAFTING, _S.PROPOSED):
        return (
            "The reply that changed the request was deleted; its change stays. To take it back, say here"
            " how it should be."
        )
    return f"A reply that changed this plan was deleted. The run goes on as approved. {facts.stopping(run)}"
