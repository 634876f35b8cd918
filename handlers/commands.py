"""/finetune: read, record, acknowledge with the answer. The row is durable before Slack hears anything."""

from typing import Any

from slack_bolt import Ack, App

from bot.intake import parse
from bot.models import Place
from handlers.desk import Desk, Heard

COMMAND = "/finetune"


def register(app: App, desk: Desk) -> None:
    @app.command(COMMAND)
    def finetune(ack: Ack, command: dict[str, Any]) -> None:
        typed = f"{COMMAND} {command.get('text') or ''}".strip()
        heard = Heard(
            source_id=f"command:{command['trigger_id']}",
            place=Place(team_id=command["team_id"], channel=command["channel_id"]),
            user=command["user_id"],
            typed=typed,
        )
        answer = desk.serve(parse(typed), heard)
        ack({"response_type": "ephemeral", "text": answer} if answer else "")
