"""The buttons, the names by which Slack reports them, and what they carry.

A button's value names what was shown; it proves nothing: who pressed and what is true now are looked up on the click.
"""

from pydantic import ValidationError
from slack_sdk.models.blocks import ButtonElement, ConfirmObject, PlainTextObject

from bot.errors import UserError
from bot.models import Plan, Run, Value
from handlers.views import card, fields, text

APPROVE, REJECT, CANCEL, ANSWER = "finetune.approve", "finetune.reject", "finetune.cancel", "finetune.answer"
REJECT_FORM = "finetune.reject_form"
#: Opens the form of the plan.
EDIT = "finetune.edit"
#: Explains the plan; plans it on other hardware; makes a run of what was only a plan.
WHY, SWITCH, MAKE_RUN = "finetune.why", "finetune.switch", "finetune.make_run"

#: docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
_CONFIRM_TEXT, _CONFIRM_TITLE, _CONFIRM_BUTTON, _BUTTON_TEXT = 300, 100, 30, 75


class Pressed(Value):
    """What a button carries: the plan that its message showed."""

    run: str
    revision: int
    #: Of the plan; "" on buttons that do not decide on a plan.
    digest: str = ""
    #: The offered answer, on the buttons of a question.
    field: str = ""
    choice: str = ""


def carried(run: Run, *, choice: str = "") -> str:
    """The value of a button below this run's plan."""
    digest = run.plan.digest if run.plan else ""
    return Pressed(run=run.id, revision=run.revision, digest=digest, choice=choice).model_dump_json()


def read_pressed(value: str) -> Pressed:
    """Read a button's value.

    Raises:
        UserError: it is not one of ours.
    """
    try:
        return Pressed.model_validate_json(value)
    except ValidationError:
        raise UserError("I cannot read this button any more.", "Ask for the run again with `/finetune`.") from None


def approve(run: Run, plan: Plan) -> ButtonElement:
    """The green button; its dialog repeats the ceiling, the hardware and the wallet."""
    at_most = text.ceiling(plan.ceiling_usd)
    return ButtonElement(
        text=_label(f"Approve · up to {at_most}"),
        action_id=APPROVE,
        value=carried(run),
        style="primary",
        accessibility_label=text.plain(f"Approve plan {run.revision}, up to {at_most}", _BUTTON_TEXT),
        confirm=_confirm(
            f"Start plan {run.revision}?",
            f"{fields.method_name(plan.method)} of {text.shorten(plan.model.repo_id, 60)} on"
            f" {text.shorten(plan.dataset.repo_id, 60)}. It costs at most {at_most}"
            f" (expected {text.about_money(plan.estimate.cost_usd)}),"
            f" paid by {text.shorten(plan.namespace, 60)}. It runs on {plan.flavor.name} and is stopped after"
            f" {text.duration(plan.timeout_s)} at the latest.",
            "Start training",
            "Not now",
            style="primary",
        ),
    )


def edit(run: Run) -> ButtonElement:
    """Opens the form with the plan filled in; sending it makes a new plan."""
    return ButtonElement(
        text=_label("Edit"),
        action_id=EDIT,
        value=carried(run),
        accessibility_label=f"Edit plan {run.revision} in a form",
    )


def why(run: Run) -> ButtonElement:
    """Opens the window with the sums behind the plan."""
    return ButtonElement(
        text=_label("Why this plan"),
        action_id=WHY,
        value=carried(run),
        accessibility_label=f"Why plan {run.revision}: numbers, formulas and what was left out",
    )


def make_run(run: Run) -> ButtonElement:
    """Plans the same as a run, which somebody can approve then."""
    return ButtonElement(
        text=_label("Make it a run"),
        action_id=MAKE_RUN,
        value=carried(run),
        style="primary",
        accessibility_label="Make it a run: a new plan that waits for approval",
    )


def switches(run: Run, plan: Plan) -> list[ButtonElement]:
    """One button for each other way that is possible; pressing it makes a new plan and starts nothing."""
    found = []
    for index, option in enumerate(plan.options):
        if option.estimate is None:
            continue
        where = option.told_work or option.flavor
        if option.tuning is not plan.tuning:
            where += f" with {option.tuning.told}"
        at_most = f"at most {text.ceiling(option.ceiling_usd)}"
        label = f"Switch to {where} · {text.about_money(option.estimate.cost_usd)}, {at_most}"
        if len(label) > _BUTTON_TEXT:
            label = f"{where} · {at_most}"
        found.append(
            ButtonElement(
                text=_label(label),
                action_id=f"{SWITCH}.{index}",
                value=carried(run, choice=str(index)),
                accessibility_label=text.plain(f"{label}: a new plan", _BUTTON_TEXT),
            )
        )
    return found[:5]


def reject(run: Run) -> ButtonElement:
    """Opens the form that asks for the reason."""
    return ButtonElement(
        text=_label("Reject"),
        action_id=REJECT,
        value=carried(run),
        style="danger",
        accessibility_label=f"Reject plan {run.revision}",
    )


def cancel(run: Run, words: str = "") -> ButtonElement:
    """Stops the run; `words`: what its dialog says instead of how the run stands now."""
    return ButtonElement(
        text=_label("Cancel run"),
        action_id=CANCEL,
        value=carried(run),
        style="danger",
        accessibility_label=f"Cancel run {run.short_id}",
        confirm=_confirm(
            "Stop this run?",
            words or _stopping(run),
            "Stop it",
            "Keep running",
            style="danger",
        ),
    )


def _stopping(run: Run) -> str:
    if run.job is None:
        return "The job is not started yet, so it costs nothing or nearly nothing."
    if run.job.started_at is None:
        return "It still waits for hardware, which costs nothing. The job is taken out of the queue."
    saved, lost = card.saved_step(run), card.lost(run)
    after = f"; {lost}" if lost else ""
    if saved:
        return f"You pay for the time so far. The checkpoint of step {text.count(saved)} stays on the Hub{after}."
    return f"You pay for the time so far. Nothing was saved to the Hub yet{after}."


def answers(run: Run) -> list[ButtonElement]:
    """One button for each likely answer to the open question; five at most."""
    if run.question is None:
        return []
    return [
        ButtonElement(
            text=_label(choice),
            action_id=f"{ANSWER}.{index}",
            value=Pressed(run=run.id, revision=run.revision, field=run.question.field, choice=choice).model_dump_json(),
        )
        for index, choice in enumerate(run.question.choices[:5])
        if len(choice) <= 200
    ]


def _label(words: str) -> PlainTextObject:
    return PlainTextObject(text=text.plain(words, _BUTTON_TEXT) or "—", emoji=False)


def _confirm(title: str, words: str, yes: str, no: str, *, style: str) -> ConfirmObject:
    return ConfirmObject(
        title=PlainTextObject(text=text.plain(title, _CONFIRM_TITLE), emoji=False),
        text=PlainTextObject(text=text.plain(words, _CONFIRM_TEXT), emoji=False),
        confirm=PlainTextObject(text=text.plain(yes, _CONFIRM_BUTTON), emoji=False),
        deny=PlainTextObject(text=text.plain(no, _CONFIRM_BUTTON), emoji=False),
        style=style,
    )
