"""/finetune: read, record, acknowledge with the answer. The row is durable before Slack hears anything.

The command alone opens the form.
"""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.intake import parse
from bot.intake.commands import Refusal
from bot.intake.looking import Settings, read_looking
from bot.models import Place
from handlers.desk import Desk
from handlers.form import Forms
from handlers.heard import Heard
from handlers.looks import Looks
from handlers.settings import open_settings

COMMAND = "/finetune"


def register(app: App, desk: Desk, forms: Forms, looks: Looks) -> None:
    @app.command(COMMAND)
    def finetune(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
        if not (command.get("text") or "").strip():
            forms.open_empty(client, command["trigger_id"], command["user_id"], command["channel_id"])
            ack()
            return
        typed = f"{COMMAND} {command.get('text') or ''}".strip()
        wanted = read_looking(typed)
        if isinstance(wanted, Settings):
            open_settings(desk.store, client, command["trigger_id"], command["team_id"], command["user_id"])
            ack()
            return
        if wanted is not None:
            told = looks.typed(wanted, command["user_id"], command["channel_id"])
            ack({"response_type": "ephemeral", "text": told} if told else "")
            return
        heard = Heard(
            source_id=f"command:{command['trigger_id']}",
            place=Place(team_id=command["team_id"], channel=command["channel_id"]),
            user=command["user_id"],
            typed=typed,
        )
        asked = parse(typed)
        if isinstance(asked, Refusal):
            forms.note_refused(command["user_id"], typed)
        answer = desk.serve(asked, heard)
        ack({"response_type": "ephemeral", "text": answer} if answer else "")
