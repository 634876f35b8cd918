"""The App Home tab: drawn anew each time somebody opens it."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.intake.looking import STATUSES, WORTH_LISTING
from bot.models import Examples
from bot.runs import Runs
from bot.states import RunStatus
from handlers.form import Forms
from handlers.views.home import BEGIN, Spent, home
from storage.store import Store

#: Runs that are looked through for each list.
_LOOKED = 30


def register(app: App, runs: Runs, store: Store, examples: Examples, forms: Forms) -> None:
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
        client.views_publish(user_id=user, view=home(mine, to_decide, examples, spent(store, user)))

    @app.action(BEGIN)
    def begin(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        forms.open_empty(client, body["trigger_id"], body["user"]["id"], None)
        ack()


def spent(store: Store, user: str) -> Spent:
    """What this month has cost so far, and what is promised beyond it."""
    now = store.now()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    under_way = store.recent(200, statuses=STATUSES["running"])
    return Spent(
        month=f"{now:%B}",
        mine_usd=store.spent_usd(month, requester=user),
        everybody_usd=store.spent_usd(month),
        promised_usd=sum(run.plan.ceiling_usd for run in under_way if run.plan),
    )
