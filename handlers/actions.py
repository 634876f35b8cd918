"""Buttons: approve, reject, cancel, answer. A button says which plan was shown; who pressed it comes from Slack."""

import re
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.policy import Person
from handlers.desk import Desk
from handlers.modals import rejection_form
from handlers.views import buttons
from handlers.views.buttons import Pressed, read_pressed


def register(app: App, desk: Desk) -> None:
    @app.action(buttons.APPROVE)
    def approve(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        pressed = read_pressed(action["value"])
        desk.runs.approve(
            run_id=pressed.run, revision=pressed.revision, digest=pressed.digest, person=_person(desk, body)
        )
        desk.wake()
        ack()

    @app.action(buttons.REJECT)
    def reject(ack: Ack, action: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        pressed = read_pressed(action["value"])
        desk.check_rejection(pressed, _person(desk, body))
        client.views_open(trigger_id=body["trigger_id"], view=rejection_form(pressed))
        ack()

    @app.action(buttons.CANCEL)
    def cancel(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        pressed = read_pressed(action["value"])
        desk.runs.cancel(run_id=pressed.run, person=_person(desk, body))
        desk.wake()
        ack()

    @app.action(re.compile(rf"^{re.escape(buttons.ANSWER)}\.\d$"))
    def answer(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        pressed: Pressed = read_pressed(action["value"])
        desk.runs.revise(
            source_id=f"action:{body['trigger_id']}",
            run_id=pressed.run,
            person=_person(desk, body),
            changes={pressed.field: pressed.choice},
            words=pressed.choice,
        )
        desk.wake()
        ack()


def _person(desk: Desk, body: dict[str, Any]) -> Person:
    return desk.people.person(body["user"]["id"])
