"""The short-lived things in a payload: trigger ids (3 s, one use) and response URLs (30 min, five uses).

Knows their rules. Source: docs.slack.dev/interactivity/handling-user-interaction.
"""

import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from bot.playground.slack_blocks import check_blocks, with_ids
from bot.playground.slack_settings import SlackSettings
from bot.playground.slack_state import APP_ID, BOT_ID, BOT_USER, TEAM_ID, Json, SlackError, Workspace

_USES = 5
_LIFE_S = 30 * 60.0


class Triggers:
    """Permits to open a modal, each for one person."""

    def __init__(self, settings: SlackSettings) -> None:
        self._settings = settings
        #: trigger -> person, when; None: used
        self._made: dict[str, tuple[str, float] | None] = {}

    def make(self, user: str) -> str:
        trigger = f"{time.time_ns() // 1000}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._made[trigger] = (user, time.monotonic())
        return trigger

    def exchange(self, trigger: str) -> str:
        """Use a trigger up; returns whose it is.

        Raises:
            SlackError: `invalid_trigger_id`, `exchanged_trigger_id`, `expired_trigger_id`.
        """
        if trigger not in self._made:
            raise SlackError("invalid_trigger_id")
        made = self._made[trigger]
        if made is None:
            raise SlackError("exchanged_trigger_id")
        user, at = made
        if time.monotonic() - at > self._settings.trigger_s:
            raise SlackError("expired_trigger_id")
        self._made[trigger] = None
        return user


@dataclass
class _Hook:
    user: str
    channel: str
    #: The message that was clicked; None: a slash command.
    ts: str | None
    thread_ts: str | None
    ephemeral: bool
    made: float
    uses: int = 0


class Hooks:
    """The response URLs that were handed out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._hooks: dict[str, _Hook] = {}

    def make(
        self,
        base_url: str,
        *,
        user: str,
        channel: str,
        ts: str | None = None,
        thread_ts: str | None = None,
        ephemeral: bool = False,
    ) -> str:
        """Make a response URL for a command, or for a click on the message `ts`."""
        key = secrets.token_urlsafe(18)
        self._hooks[key] = _Hook(user, channel, ts, thread_ts, ephemeral, time.monotonic())
        return f"{base_url}/hooks/{'actions' if ts else 'commands'}/{TEAM_ID}/{key}"

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/hooks/{kind}/{team}/{key}", self._post)

    async def _post(self, request: web.Request) -> web.Response:
        hook = self._hooks.get(request.match_info["key"])
        if hook is None:
            return web.json_response({"ok": False, "error": "invalid_url"}, status=404)
        if time.monotonic() - hook.made > _LIFE_S:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if hook.uses >= _USES:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        try:
            body = json.loads(await request.text())
            hook.uses += 1
            self._answer(hook, body)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        except SlackError as error:
            return web.json_response({"ok": False, "error": error.error} | error.extra, status=500)
        return web.json_response({"ok": True})

    def _answer(self, hook: _Hook, body: Json) -> None:
        if body.get("delete_original") in (True, "true"):
            if hook.ts and hook.ephemeral:
                self._workspace.change_ephemeral(hook.user, hook.ts, None)
            elif hook.ts:
                self._workspace.delete_message(hook.channel, hook.ts)
            return
        content = content_of(body)
        if hook.ts and body.get("replace_original") in (True, "true"):
            if hook.ephemeral:
                self._workspace.change_ephemeral(hook.user, hook.ts, content)
            else:
                changes = {"blocks": None, "attachments": None, **content}
                self._workspace.change_message(hook.channel, hook.ts, changes)
            return
        in_channel = body.get("response_type") == "in_channel"
        if thread_ts := body.get("thread_ts") or (None if in_channel else hook.thread_ts):
            content["thread_ts"] = thread_ts
        self._workspace.add_message(hook.channel, from_app(content), ephemeral_to=None if in_channel else hook.user)


def from_app(content: Json) -> Json:
    """A message as the app's bot user sends it."""
    profile = {"id": BOT_ID, "app_id": APP_ID, "name": "tunesmith", "deleted": False, "team_id": TEAM_ID}
    return {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID, "team": TEAM_ID} | {
        "bot_profile": profile,
        **content,
    }


def content_of(body: Json) -> Json:
    """Text, blocks and attachments of what an app wants to say, checked.

    Raises:
        SlackError: `no_text`, `invalid_blocks`.
    """
    blocks = body.get("blocks")
    if not body.get("text") and not blocks and not body.get("attachments"):
        raise SlackError("no_text")
    content: Json = {"text": str(body.get("text") or "")}
    if blocks:
        if problems := check_blocks(blocks, "message"):
            raise SlackError("invalid_blocks", errors=problems, response_metadata={"messages": problems})
        content["blocks"] = with_ids(blocks)
    if body.get("attachments"):
        content["attachments"] = body["attachments"]
    return content
