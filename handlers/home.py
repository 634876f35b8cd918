"""The App Home tab: drawn anew each time somebody opens it."""

from contextlib import suppress
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.errors import UserError
from bot.intake.looking import WORTH_LISTING
from bot.models import Examples
from bot.runs import Runs
from bot.states import RunStatus
from handlers.form import Forms
from handlers.looks import Looks
from handlers.views.home import BEGIN, home
from storage.store import Store

#: Runs that are looked through for each list.
_LOOKED = 30


def register(
    app: App, runs: Runs, store: Store, examples: Examples, forms: Forms, looks: Looks, *, workspace_url: str
) -> None:
    @app.event("app_home_opened")
    def home_opened(event: dict[str, Any], client: WebClient) -> None:
        if event.get("tab") != "home":
            return
        user = event["user"]
        to_decide = []
        if user in runs.policy.approvers:
            waiting = store.recent(_LOOKED, statuses={RunStatus.PROPOSED})
            to_decide = [run for run in waiting if run.requester != user and not run.request.plan_only]
        mine = store.recent(_LOOKED, requester=user, statuses=WORTH_LISTING)
        spending = None
        with suppress(UserError):  # a guest, or Slack does not say who it is
            spending = looks.spending(user)
        view = home(mine, to_decide, examples, spending, reader=user, workspace_url=workspace_url)
        client.views_publish(user_id=user, view=view)

    @app.action(BEGIN)
    def begin(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        forms.open_empty(client, body["trigger_id"], body["user"]["id"], None)
        ack()
