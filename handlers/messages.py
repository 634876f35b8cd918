"""Mentions, replies in threads that the bot owns, and direct messages.

Leaves everything else alone at once: what is written in other threads is neither read nor kept.
"""

import re
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from bot.intake import parse
from bot.intake.commands import Nothing
from bot.intake.slack_text import read_slack
from bot.models import Place
from handlers.desk import Desk, Heard, context_of

#: Kinds of message that a person writes; edits, deletions, joins and the like are none.
_WRITTEN = (None, "thread_broadcast", "file_share")


def register(app: App, desk: Desk, *, team_id: str, bot_user_id: str) -> None:
    mention = re.compile(rf"<@{re.escape(bot_user_id)}(\|[^>]*)?>")

    def heard(event: dict[str, Any], client: WebClient) -> None:
        words = event.get("text") or ""
        if event.get("subtype") not in _WRITTEN or event.get("bot_id") or not event.get("user"):
            return
        thread_ts = event.get("thread_ts")
        run = desk.store.by_thread(event["channel"], thread_ts) if thread_ts else None
        direct = event.get("channel_type") == "im"
        called = event["type"] == "app_mention" or mention.search(words) is not None
        if not (run or direct or called):
            return
        # In a direct message everything is said to the bot.
        spoken = f"<@{bot_user_id}> {words}" if direct and not (run or called) else words
        command = parse(spoken, thread=context_of(run) if run else None, bot_user=bot_user_id)
        if isinstance(command, Nothing) and (run or thread_ts):
            return
        answer = desk.serve(
            command,
            Heard(
                source_id=f"message:{event['channel']}:{event['ts']}",
                place=Place(
                    team_id=team_id,
                    channel=event["channel"],
                    # In a direct message the card begins its own thread, elsewhere it answers the message.
                    thread_ts=thread_ts or (None if direct else event["ts"]),
                ),
                user=event["user"],
                ts=event["ts"],
                words=read_slack(words, bot_user=bot_user_id).text,
                run=run,
                quiet=True,
            ),
        )
        if answer:
            client.chat_postMessage(
                channel=event["channel"],
                thread_ts=thread_ts or (None if direct else event["ts"]),
                text=answer,
                unfurl_links=False,
                unfurl_media=False,
            )

    @app.event("app_mention")
    def mentioned(event: dict[str, Any], client: WebClient) -> None:
        heard(event, client)

    @app.event("message")
    def message_written(event: dict[str, Any], client: WebClient) -> None:
        heard(event, client)
