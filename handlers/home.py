"""The App Home tab: drawn anew each time somebody opens it."""

from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from bot.runs import Runs
from bot.states import RunStatus
from handlers.views.home import home
from storage.store import Store


def register(app: App, runs: Runs, store: Store) -> None:
    @app.event("app_home_opened")
    def home_opened(event: dict[str, Any], client: WebClient) -> None:
        if event.get("tab") != "home":
            return
        user = event["user"]
        to_decide = []
        if user in runs.policy.approvers:
            waiting = store.recent(30, statuses={RunStatus.PROPOSED})
            to_decide = [run for run in waiting if run.requester != user]
        client.views_publish(user_id=user, view=home(store.recent(30, requester=user), to_decide))
