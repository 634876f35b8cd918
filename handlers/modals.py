"""The form that asks why a plan is rejected."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk.models.blocks import InputBlock, PlainTextInputElement, PlainTextObject
from slack_sdk.models.views import View

from handlers.desk import Desk
from handlers.views import buttons
from handlers.views.buttons import Pressed, read_pressed

REASON = "reason"
#: Characters; the reason is shown on the card.
_MAX_REASON = 1000


def register(app: App, desk: Desk) -> None:
    @app.view(buttons.REJECT_FORM)
    def rejected(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        pressed = read_pressed(view["private_metadata"])
        reason = view["state"]["values"][REASON][REASON].get("value") or ""
        desk.runs.reject(
            run_id=pressed.run,
            revision=pressed.revision,
            person=desk.people.person(body["user"]["id"]),
            reason=reason.strip()[:_MAX_REASON],
        )
        desk.wake()
        ack()


def rejection_form(pressed: Pressed) -> View:
    """Ask for the reason of a rejection; sending it empty is allowed."""
    return View(
        type="modal",
        callback_id=buttons.REJECT_FORM,
        private_metadata=pressed.model_dump_json(),
        title=PlainTextObject(text=f"Reject plan {pressed.revision}"),
        submit=PlainTextObject(text="Reject"),
        close=PlainTextObject(text="Keep it"),
        blocks=[
            InputBlock(
                block_id=REASON,
                label=PlainTextObject(text="What should change?"),
                hint=PlainTextObject(text="Whoever asked reads this in the thread. Nothing will run."),
                optional=True,
                element=PlainTextInputElement(
                    action_id=REASON,
                    multiline=True,
                    max_length=_MAX_REASON,
                    focus_on_load=True,
                    placeholder=PlainTextObject(text="for example: use LoRA on a T4 first"),
                ),
            )
        ],
    )
