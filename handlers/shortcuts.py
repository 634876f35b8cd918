"""The two shortcuts: a form from anywhere, and a form from what somebody wrote."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.models import Place, TrainingRequest
from handlers.desk import Desk
from handlers.form import Forms
from handlers.form_reading import fill_in
from handlers.views import text

ANYWHERE, FROM_MESSAGE = "finetune.shortcut", "finetune.message_shortcut"
#: Ids of direct messages begin like this.
_DIRECT = "D"


def register(app: App, forms: Forms, *, bot_user_id: str) -> None:
    @app.global_shortcut(ANYWHERE)
    def anywhere(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        forms.open_empty(client, body["trigger_id"], body["user"]["id"], None)
        ack()

    @app.message_shortcut(FROM_MESSAGE)
    def from_message(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        message, channel = body["message"], body["channel"]["id"]
        place = Place(team_id=forms.team_id, channel=channel, thread_ts=_thread(forms.desk, channel, message))
        request, note = _understood(forms.desk, channel, message, bot_user_id)
        forms.open_filled(client, body["trigger_id"], body["user"]["id"], place, request, note)
        ack()


def _thread(desk: Desk, channel: str, message: dict[str, Any]) -> str | None:
    """The thread that the run can live in; None: it begins its own, because another run needs that thread."""
    ts = str(message.get("thread_ts") or message["ts"])
    run = desk.store.by_thread(channel, ts)
    return None if channel.startswith(_DIRECT) or (run is not None and not run.is_final) else ts


def _understood(desk: Desk, channel: str, message: dict[str, Any], bot: str) -> tuple[TrainingRequest, str]:
    """The request in a message, and what to say above the form; mrkdwn."""
    if message.get("user") == bot:
        run = desk.store.by_thread(channel, str(message.get("thread_ts") or message["ts"]))
        if run is not None:
            asked = run.plan.request if run.plan else run.request
            note = f"Filled in with what run {text.code(run.short_id)} was asked for. Sending this makes a new run."
            return asked.model_copy(update={"plan_only": None}), note
    return fill_in(str(message.get("text") or ""), whose="The message says", bot_user=bot)
