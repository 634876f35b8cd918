"""The form with what a person wants to hear of their runs. Pure."""

from typing import Any

from slack_sdk.models.blocks import (
    ButtonElement,
    CheckboxesElement,
    InputBlock,
    Option,
    PlainTextObject,
    RadioButtonsElement,
)
from slack_sdk.models.views import View

from bot.models import Preferences, Verbosity
from handlers.views import messages as m

#: Opens the form; the form.
SETTINGS, SETTINGS_FORM = "finetune.settings", "finetune.settings_form"
_VERBOSITY, _DIRECT = "verbosity", "direct"
#: What each says in a thread: what is chosen, and what it means.
SAYS = {
    Verbosity.QUIET: ("Quiet", "The card and the end. Questions, plans and alerts always come."),
    Verbosity.MILESTONES: ("Milestones", "Also: approved, started, first loss, first checkpoint."),
    Verbosity.ALL: ("All messages", "Also each tenth of the way, each checkpoint and each evaluation."),
}


def settings_button() -> ButtonElement:
    return ButtonElement(
        text=PlainTextObject(text="Message settings", emoji=False),
        action_id=SETTINGS,
        accessibility_label="Set how much the threads of your runs say",
    )


def settings_form(now: Preferences) -> View:
    """Show what is set."""
    choices = {word: _option(word.value, *said) for word, said in SAYS.items()}
    direct = _option(_DIRECT, "Message me directly when a run of mine ends", "Once, with a link to its thread.")
    return View(
        type="modal",
        callback_id=SETTINGS_FORM,
        title=PlainTextObject(text="Message settings"),
        submit=PlainTextObject(text="Save"),
        close=PlainTextObject(text="Cancel"),
        blocks=[
            InputBlock(
                block_id=_VERBOSITY,
                label=PlainTextObject(text="What the threads of my runs say"),
                hint=PlainTextObject(
                    text="For runs that you ask for from now on. In the thread of one run, mention me with quiet,"
                    " milestones or all messages."
                ),
                element=RadioButtonsElement(
                    action_id=_VERBOSITY,
                    options=list(choices.values()),
                    initial_option=choices[now.verbosity],
                ),
            ),
            InputBlock(
                block_id=_DIRECT,
                label=PlainTextObject(text="Direct messages"),
                optional=True,
                element=CheckboxesElement(
                    action_id=_DIRECT, options=[direct], initial_options=[direct] if now.direct else None
                ),
            ),
        ],
    )


def settings_saved(now: Preferences) -> View:
    """Say what is saved, where it was chosen."""
    says, means = SAYS[now.verbosity]
    ends = "I message you directly when a run of yours ends." if now.direct else "You get no direct messages."
    return View(
        type="modal",
        title=PlainTextObject(text="Message settings"),
        close=PlainTextObject(text="Done"),
        blocks=[m.section(f"✅ *Saved.* The threads of your next runs say: *{says}*. {means}\n{ends}")],
    )


def read_settings_form(view: dict[str, Any]) -> Preferences:
    """What the form holds that was sent."""
    values = view["state"]["values"]
    chosen = values[_VERBOSITY][_VERBOSITY]["selected_option"]["value"]
    return Preferences(verbosity=Verbosity(chosen), direct=bool(values[_DIRECT][_DIRECT].get("selected_options") or []))


def _option(value: str, words: str, more: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=words), description=PlainTextObject(text=more))
