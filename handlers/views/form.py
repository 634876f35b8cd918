"""The form as a modal: for a new run, for a change of a plan that waits, and the windows that stand in for it.

Pure. What the fields are is in form_fields.py; what they mean in form_values.py.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    ConversationFilter,
    ConversationSelectElement,
    ExternalDataSelectElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.errors import UserError
from bot.models import Place, Value
from handlers.views import answers, form_fields, text
from handlers.views import messages as m
from handlers.views.buttons import Pressed
from handlers.views.form_fields import CHANNEL, FIELDS, Field, Kind
from handlers.views.form_values import Values

FORM = "finetune.form"
#: Elements; the first one is followed by the field's name.
ELEMENT, ADVANCED = "finetune.form.field", "finetune.form.advanced"
#: docs.slack.dev/reference/block-kit/composition-objects/option-object
OPTION_TEXT, OPTION_VALUE = 75, 150
#: docs.slack.dev/reference/views
_TITLE, _CARRIED = 24, 3000


class Carried(Value):
    """What a form keeps beside its fields. It comes back from Slack as it was sent."""

    #: Where the new run goes; None: the form asks.
    place: Place | None = None
    #: The plan that is changed; None: a new run.
    edits: Pressed | None = None
    #: What was understood of a message and stands in no field, as JSON of TrainingRequest.
    beyond: dict[str, Any] = {}
    #: Values of the fields that are not shown.
    hidden: Values = {}
    #: mrkdwn above the fields.
    note: str = ""


class Form(Value):
    """All that a form shows."""

    carried: Carried
    values: Values = {}
    #: What is chosen where a field is left open; shown in the empty field.
    chosen: Values = {}
    is_open: bool = False


def read_carried(view: Mapping[str, Any]) -> Carried:
    """What the view carries.

    Raises:
        UserError: another version of Tunesmith opened it.
    """
    try:
        return Carried.model_validate_json(view["private_metadata"])
    except ValidationError:
        raise UserError("I cannot read this form any more.", "Close it and open it again.") from None


def read_view(view: Mapping[str, Any]) -> Form:
    """A form as it stands on somebody's screen, with what is kept of the fields that are not shown."""
    carried = read_carried(view)
    state: Mapping[str, Mapping[str, Mapping[str, Any]]] = view["state"]["values"]
    shown = {name: _entered(next(iter(held.values()), {})) for name, held in state.items()}
    return Form(
        carried=carried,
        values=carried.hidden | shown,
        is_open=any(field.name in shown for field in FIELDS if field.advanced),
    )


def _entered(held: Mapping[str, Any]) -> str:
    option = (held.get("selected_option") or {}).get("value")
    entered = held.get("value") or held.get("selected_conversation") or (option if option != _OPEN else None)
    return str(entered or "")


def form_view(form: Form) -> dict[str, Any]:
    """Build the modal."""
    edits = form.carried.edits
    advanced = [field for field in FIELDS if field.advanced]
    hidden = {} if form.is_open else {f.name: form.values[f.name] for f in advanced if form.values.get(f.name)}
    blocks: list[Block] = []
    if form.carried.note:
        blocks.append(m.section(form.carried.note))
    if form.carried.place is None and edits is None:
        blocks.append(_channel())
    blocks += [_block(field, form) for field in FIELDS if not field.advanced]
    blocks.append(m.buttons("advanced", _toggle(form, len(hidden))))
    if form.is_open:
        blocks += [_block(field, form) for field in advanced]
    blocks.append(m.context("Sending this makes a plan with its price. Nothing runs until somebody approves the plan."))
    carried = form.carried.model_copy(update={"hidden": hidden}).model_dump_json(exclude_defaults=True)
    assert len(carried) <= _CARRIED, len(carried)
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=carried,
        title=_plain(f"Change plan {edits.revision}" if edits else "Fine-tune a model", _TITLE),
        submit=_plain("Change the plan" if edits else "Make a plan", _TITLE),
        close=_plain("Cancel", _TITLE),
        blocks=blocks,
    ).to_dict()


def refusal_view(error: UserError) -> dict[str, Any]:
    """Stands in the form's place for somebody who cannot use it."""
    return View(
        type="modal",
        title=_plain("Fine-tune a model", _TITLE),
        close=_plain("Close", _TITLE),
        blocks=[m.section(answers.problem_text(error))],
    ).to_dict()


# --- the fields ---------------------------------------------------------------------------------------------------

#: The value of an option that leaves the field open: Slack takes no empty ones, and no name begins like this.
_OPEN = "_open"


def _block(field: Field, form: Form) -> Block:
    value, chosen = form.values.get(field.name, ""), form.chosen.get(field.name, "")
    return InputBlock(
        block_id=field.name,
        label=_plain(field.label, 100),
        hint=_plain(field.hint, 300) if field.hint else None,
        optional=not field.required,
        element=_element(field, value, chosen),
    )


def _element(field: Field, value: str, chosen: str) -> InputInteractiveElement:
    action_id = f"{ELEMENT}.{field.name}"
    match field.kind:
        case Kind.NAME:
            return ExternalDataSelectElement(
                action_id=action_id,
                placeholder=_plain(field.example, 100),
                # 0: asked as soon as it opens, when what was used lately is offered
                min_query_length=0,
                initial_option=name_option(value) if value else None,
            )
        case Kind.CHOICE:
            options = [_choice(field, key, words, chosen) for key, words in field.choices.items()]
            known = list(field.choices)
            if value not in known:
                options.append(_choice(field, value, value, ""))
                known.append(value)
            return StaticSelectElement(action_id=action_id, options=options, initial_option=options[known.index(value)])
        case Kind.TEXT:
            example = f"{chosen} (chosen for you)" if chosen else field.example
            return PlainTextInputElement(
                action_id=action_id,
                initial_value=value or None,
                placeholder=_plain(example, 100) if example else None,
                max_length=form_fields.LONGEST,
            )


def _choice(field: Field, key: str, words: str, chosen: str) -> Option:
    if not key and chosen and chosen in field.choices:
        words = f"Automatic: {field.choices[chosen].partition(':')[0]} is chosen for you"
    return Option(value=key or _OPEN, text=_plain(words, OPTION_TEXT))


def name_option(name: str, words: str = "") -> Option:
    """A name on the Hub as an option; `words` is what is read, by default the name."""
    return Option(value=name[:OPTION_VALUE], text=_plain(words or name, OPTION_TEXT))


def _channel() -> Block:
    return InputBlock(
        block_id=CHANNEL,
        label=_plain("Channel", 100),
        hint=_plain("The plan and the result are posted there. I must be a member of it.", 300),
        element=ConversationSelectElement(
            action_id=f"{ELEMENT}.{CHANNEL}",
            placeholder=_plain("Choose a channel", 100),
            default_to_current_conversation=True,
            filter=ConversationFilter(include=["public", "private", "im"], exclude_external_shared_channels=True),
        ),
    )


def _toggle(form: Form, hidden: int) -> ButtonElement:
    words = "Hide advanced settings" if form.is_open else "Show advanced settings"
    if hidden:
        words = f"{words} ({hidden} set)"
    return ButtonElement(
        action_id=ADVANCED,
        text=_plain(words, OPTION_TEXT),
        accessibility_label=_plain(f"{words}: hardware, epochs, learning rate and the like", OPTION_TEXT).text,
    )


def _plain(words: str, limit: int) -> PlainTextObject:
    return PlainTextObject(text=text.plain(words, limit) or "—", emoji=False)
