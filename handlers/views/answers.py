"""Answers to questions about runs, and to requests that get no card: mrkdwn for one short message.

Pure. Everything foreign is escaped here.
"""

from collections.abc import Sequence
from typing import assert_never

from bot.errors import UserError
from bot.intake import phrases
from bot.intake.help import ask_for
from bot.models import Examples, Run, Verbosity
from bot.states import RunStatus
from handlers.views import card, facts, text
from handlers.views.thread import thread

_S = RunStatus
#: Channels that are a conversation with the bot begin like this; there is no name to show of one.
_ALONE = "D"


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
    return f"Run {text.code(run.short_id)} · *{_stands(run)}*\n{messages[0].text}"


def status_list(runs: Sequence[Run], workspace_url: str = "") -> str:
    """The newest runs, one line each, with the way to their threads as in `line`."""
    if not runs:
        return f"No runs here yet. Ask for one: {text.code(f'/finetune {Examples().request}')}"
    lines = [line(run, workspace_url=workspace_url) for run in runs]
    return f"*The newest runs*\n{text.listing(lines, 3600)}\nMore about one: {text.code('/finetune status RUN')}"


def line(run: Run, *, reader: str = "", workspace_url: str = "") -> str:
    """One run in one line of mrkdwn: how it stands, what tells it from its like, when it was asked for, where it is.

    Who asked for it is said to everybody but themselves, `reader`. `workspace_url`: what auth.test names; "": there is
    no way to its thread.
    """
    title = text.escape(card.title(run).removeprefix("Fine-tune "), 150)
    parts = [f"{text.code(run.short_id)} *{_stands(run)}*{_so_far(run)}", title]
    if run.plan:
        epochs, _, _ = card.length(run.plan).partition(" · ")
        parts.append(f"{card.tuning(run.plan)}, {epochs}, {text.escape(run.plan.flavor.name, 60)}")
    parts.append(text.date(run.created_at))
    if run.requester != reader:
        parts.append(text.mention(run.requester))
    parts.append(_where(run, workspace_url))
    return " · ".join(parts)


def _stands(run: Run) -> str:
    """The card's own words: of an end its name, of what goes on what it waits for or does."""
    if run.status is _S.PROPOSED and run.request.plan_only:
        return "is only a plan"
    return run.status.value if run.is_final else run.status.told


def _so_far(run: Run) -> str:
    """How far, for how much, and the model."""
    said = ""
    if run.status is _S.RUNNING and run.progress.max_steps:
        said = f" {run.progress.step / run.progress.max_steps:.0%}"
    spent = card.spent_usd(run)
    if not run.is_final and run.plan:
        so_far = f", {text.about_money(spent)} of" if spent else ", at most"
        said += f"{so_far} {text.ceiling(run.plan.ceiling_usd)}"
    elif spent:
        said += f", {text.about_money(spent)}"
    return f"{said}, {text.link(run.report.landed.url, 'model')}" if run.report else said


def _where(run: Run, workspace_url: str) -> str:
    where = "a direct message" if run.place.channel.startswith(_ALONE) else f"<#{run.place.channel}>"
    url = text.permalink(workspace_url, run.place.channel, run.place.thread_ts)
    return f"{text.link(url, 'thread')} in {where}" if url else where


def logs_text(run: Run) -> str:
    """The end of the job's log."""
    tail = run.log_tail or (run.diagnosis.tail if run.diagnosis else ())
    if not tail:
        why = "the job prints nothing yet" if run.job else "it has no job yet"
        return f"Run {text.code(run.short_id)} {run.status.told}: there is no log, because {why}."
    more = f" The whole log: {text.link(run.job.url, 'job on the Hub')}" if run.job else ""
    return (
        f"The end of the log of run {text.code(run.short_id)}, which {run.status.told}:\n{text.fence(tail, 2800)}{more}"
    )


def log_comes(run: Run) -> str:
    return f"I am reading the log of run {text.code(run.short_id)}; it comes into the run's thread as a file."


def log_is_there(run: Run) -> str:
    return f"The log of run {text.code(run.short_id)} is in the run's thread already; nothing was printed since."


def planned_already(run: Run, url: str) -> str:
    """Somebody asked for the same before: one run is enough. `url` is that of its card; "": Slack has not said."""
    named = text.link(url, f"run {run.short_id}") if url else f"run {text.code(run.short_id)}"
    return f"{named.capitalize() if not url else named} plans it already: {text.mention(run.requester)} asked for it."


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
        return f"Run {text.code(run.short_id)} {run.status.told}; nothing went wrong with it."
    return f"Run {text.code(run.short_id)}: {text.escape(cause, 1500)}\n*What to do:* {text.escape(fix, 1500)}"


def not_understood(run: Run | None, words: str = "") -> str:
    """For words to the bot that are neither a request nor a question it knows: what it can do and tell, here."""
    if run is None and phrases.is_greeting(words):
        return greeting()
    if run is None:
        return (
            "I did not understand that as a request, and I have no answer to it as a question."
            f" {text.code('/finetune help')} shows what I can do; a plan needs a model and a dataset, for example"
            f" {text.code(f'/finetune {Examples().request}')}."
        )
    ask = (
        "Ask me about its cost, time, hardware or data, how good it gets, what can go wrong, any setting (“why this"
        " learning rate?”) or the meaning of a word."
    )
    return f"I did not understand that. The run {run.status.told}. {facts.cost(run)} {ask} {_where_and_what(run)}"


def _where_and_what(run: Run) -> str:
    """Where the numbers are, and what can be done by words."""
    match run.status:
        case _S.RECEIVED | _S.DRAFTING:
            return "Or change it (“2 epochs, use lora”) or stop it (“cancel”)."
        case _S.PROPOSED:
            return (
                "The card has the numbers and “Why this plan” every sum. Or change it (“2 epochs, use lora”) or decide"
                " (“approve”)."
            )
        case _S.APPROVED | _S.SUBMITTING | _S.QUEUED | _S.RUNNING:
            return "The card has the numbers and “logs” what the job prints. Or stop it (“cancel”)."
        case _S.SUCCEEDED:
            return "The card has the numbers, and the end of this thread how to use the model."
        case _:
            return "The end of this thread says what to do. Or ask for it again (“retry with lora”)."


def waits_here(run: Run) -> str:
    """Somebody wants an older run again, while a newer one of the thread is not over."""
    named = f"Run {text.code(run.short_id)} {run.status.told} in this thread: {text.escape(card.title(run), 200)}."
    match run.status:
        case _S.PROPOSED:
            return f"{named} Change it here (“lr 1e-5”), approve it, or write {text.code('reject')} and then ask again."
        case _S.RECEIVED | _S.DRAFTING:
            return f"{named} Answer what it asks, or write {text.code('reject')} and then ask again."
        case _:
            return f"{named} To ask again, wait for its end or write {text.code('cancel')} first."


def greeting() -> str:
    example = text.code(f"/finetune {Examples().request}")
    return (
        f"Hello! Tell me which model to train on which dataset, such as {example}: I plan it with its price, and"
        f" nothing runs before somebody approves it. {text.code('/finetune help')} shows more."
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


def says_how_much(run: Run) -> str:
    """What the thread says from now on."""
    always = "Questions, plans, alerts and the end always come."
    match run.verbosity:
        case Verbosity.QUIET:
            return f"Quiet from now on: the card shows how far it is. {always}"
        case Verbosity.MILESTONES:
            return f"This thread tells the milestones again: the start, the first value, the first checkpoint. {always}"
        case Verbosity.ALL:
            return f"This thread tells each tenth of the way, each checkpoint and each evaluation from now on. {always}"
        case _:
            assert_never(run.verbosity)


def say_how_much_where() -> str:
    return (
        "Mention me with that in the thread of a run, to change what that thread tells."
        f" {text.code('/finetune settings')} sets it for the runs that you ask for from now on."
    )


def settings_where() -> str:
    return f"Type {text.code('/finetune settings')}, or press “Message settings” on my Home tab."
