"""What people set: how much the threads of their runs say, and whether their end comes as a direct message."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from handlers.views.settings import SETTINGS, SETTINGS_FORM, read_settings_form, settings_form, settings_saved
from storage.store import Store


def open_settings(store: Store, client: WebClient, trigger_id: str, team_id: str, user: str) -> None:
    """Open the form with what this person set."""
    client.views_open(trigger_id=trigger_id, view=settings_form(store.preferences(team_id, user)))


def register(app: App, store: Store, *, team_id: str) -> None:
    @app.action(SETTINGS)
    def asked(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        open_settings(store, client, body["trigger_id"], team_id, body["user"]["id"])
        ack()

    @app.view(SETTINGS_FORM)
    def sent(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        wanted = read_settings_form(view)
        store.set_preferences(team_id, body["user"]["id"], wanted)
        ack(response_action="update", view=settings_saved(wanted))
