"""The buttons of a run that is under way or over: its log, the ways on from an end, sharing what came out.

What a button carries and how it is read is `buttons`; who pressed it and what is true now are looked up on the click.
"""

from slack_sdk.models.blocks import ButtonElement, ConfirmObject, PlainTextObject

from bot.alerts import difference_usd, instead_of_waiting, where
from bot.models import Option, Plan, Remedy, Run
from bot.ways import ways_out
from handlers.views import buttons, text

#: Uploads the log; asks for a new run; opens the form that shares a finished run.
LOGS, AGAIN, SHARE, SHARE_FORM = "finetune.logs", "finetune.again", "finetune.share", "finetune.share_form"
#: Opens the form with what the run was asked for.
DUPLICATE = "finetune.duplicate"
#: Stops a job that waits and asks for a plan on other hardware.
MOVE = "finetune.move"
_BUTTON_TEXT = 75


def logs(run: Run) -> ButtonElement:
    """Puts the end of the log into the thread, and all of it as a file."""
    return ButtonElement(
        text=_label("Log"),
        action_id=LOGS,
        value=buttons.carried(run),
        accessibility_label=f"Log of run {run.short_id}: its end, and all of it as a file",
    )


def stop(run: Run) -> ButtonElement:
    """The button that stops the run, below an alert: with words that stay true, so that the alert need not change."""
    words = "You pay only for the time that it ran. Checkpoints that were pushed stay on the Hub."
    return buttons.cancel(run, words)


def moves(run: Run) -> list[ButtonElement]:
    """One button for each hardware that a job in the queue is offered instead; none once it waits no longer."""
    if run.plan is None:
        return []
    return [_move(run, run.plan, index, option) for index, option in enumerate(instead_of_waiting(run))]


def _move(run: Run, plan: Plan, index: int, option: Option) -> ButtonElement:
    to = where(plan, option)
    words = (
        f"The job that waits for {plan.flavor.name} is stopped first; it is not paid for unless it starts before."
        f" Then I plan the run on {to}, {difference_usd(plan, option)} than planned. Nothing runs until somebody"
        " approves that plan."
    )
    return ButtonElement(
        text=_label(f"Switch to {to} · {difference_usd(plan, option)}"),
        action_id=f"{MOVE}.{index}",
        value=buttons.carried(run, choice=option.flavor),
        accessibility_label=text.plain(f"Stop this job and plan the run on {to}", _BUTTON_TEXT),
        confirm=ConfirmObject(
            title=PlainTextObject(text=text.plain(f"Switch to {to}?", 100), emoji=False),
            text=PlainTextObject(text=text.plain(words, 300), emoji=False),
            confirm=PlainTextObject(text="Stop it and plan", emoji=False),
            deny=PlainTextObject(text="Keep waiting", emoji=False),
        ),
    )


def share(run: Run) -> ButtonElement:
    """Opens the form that asks for the channel."""
    return ButtonElement(
        text=_label("Share"),
        action_id=SHARE,
        value=buttons.carried(run),
        accessibility_label=f"Share run {run.short_id} in another channel",
    )


def private_note(plan: Plan) -> str:
    """Who cannot open what is shared, in mrkdwn."""
    return (
        f"⚠️ {text.code(plan.output_repo)} was made *private*: whoever has no access to it on the Hub sees the numbers"
        " there, but cannot open the model."
    )


def duplicate(run: Run) -> ButtonElement:
    """Opens the form for a new run, filled in with this one's plan."""
    return ButtonElement(
        text=_label("Change and ask again"),
        action_id=DUPLICATE,
        value=buttons.carried(run),
        accessibility_label=f"Open the form with the plan of run {run.short_id}, for a new run",
    )


def ways(run: Run) -> list[ButtonElement]:
    """One button for each way on; pressing one makes a plan and starts nothing. None once somebody chose one."""
    if run.followers:
        return []
    return [_way(run, index, way) for index, way in enumerate(ways_out(run)[:6])]


def _way(run: Run, index: int, way: Remedy) -> ButtonElement:
    price = f" · {text.about_money(way.cost_usd)}" if way.cost_usd is not None else ""
    return ButtonElement(
        text=_label(f"{way.label}{price}"),
        action_id=f"{AGAIN}.{index}",
        value=buttons.carried(run, choice=way.key),
        style="primary" if index == 0 else None,
        accessibility_label=text.plain(f"{way.label}{price}: makes a new plan, starts nothing", _BUTTON_TEXT),
    )


def _label(words: str) -> PlainTextObject:
    return PlainTextObject(text=text.plain(words, _BUTTON_TEXT) or "—", emoji=False)
