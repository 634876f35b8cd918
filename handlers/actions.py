"""Buttons below a card. A button says which plan was shown; who pressed it comes from Slack."""

import re
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.policy import Person
from handlers.desk import Desk
from handlers.form import Forms
from handlers.modals import rejection_form
from handlers.views import buttons
from handlers.views.buttons import Pressed, read_pressed
from handlers.views.why import why_window


def register(app: App, desk: Desk, forms: Forms) -> None:
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

    @app.action(buttons.EDIT)
    def edit(ack: Ack, action: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        forms.open_edit(client, body["trigger_id"], body["user"]["id"], read_pressed(action["value"]))
        ack()

    @app.action(buttons.WHY)
    def why(ack: Ack, action: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        run = desk.runs.find(read_pressed(action["value"]).run, channel="")
        if run.plan is not None:
            client.views_open(trigger_id=body["trigger_id"], view=why_window(run, run.plan))
        ack()

    @app.action(re.compile(rf"^{re.escape(buttons.SWITCH)}\.\d$"))
    def switch(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        desk.switch(read_pressed(action["value"]), _person(desk, body), source_id=f"action:{body['trigger_id']}")
        ack()

    @app.action(buttons.MAKE_RUN)
    def make_run(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        run = desk.runs.find(read_pressed(action["value"]).run, channel="")
        if run.request.plan_only:  # a second click finds it made already
            desk.runs.revise(
                source_id=f"action:{body['trigger_id']}",
                run_id=run.id,
                person=_person(desk, body),
                changes={"plan_only": None},
            )
        desk.wake()
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
        desk.runs.answer(
            source_id=f"action:{body['trigger_id']}",
            run_id=pressed.run,
            person=_person(desk, body),
            field=pressed.field,
            choice=pressed.choice,
        )
        desk.wake()
        ack()


def _person(desk: Desk, body: dict[str, Any]) -> Person:
    return desk.people.person(body["user"]["id"])
