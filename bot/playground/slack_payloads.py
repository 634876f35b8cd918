"""The payloads that Slack sends to an app, in their real shapes.

Pure: values in, payload out. Sources: docs.slack.dev/reference/interaction-payloads and .../reference/events.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

from bot.playground.slack_state import (
    APP_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Json,
    User,
    Workspace,
    new_id,
)

_TOKEN = "playground-verification"  # noqa: S105
_TEAM = {"id": TEAM_ID, "domain": TEAM_DOMAIN}
_BARE_LINK = re.compile(r"(?<![\w@/.<|])((?:[\w-]+\.)+(?:co|com|org|net|io|ai|dev)(?:/[^\s<>]*)?)(?![\w@.])")
_LINK = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+[^\s<>|.,;:!?)\"'\]]")
_ENTITY = re.compile(r"<(?:[@#!][A-Za-z0-9^_|{}\w .:-]+|https?://[^>\s]+)>")
_CODE = re.compile(r"(```[\s\S]*?```|`[^`\n]+`)")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def typed(text: str, workspace: Workspace) -> str:
    """What Slack makes of words that somebody types: entities escaped, @names and links in angle brackets.

    `<@U...>` and the like that are typed as such stay: the page's own menus insert them.
    """
    parts, at = [], 0
    for match in _ENTITY.finditer(text):
        parts += [_linked(text[at : match.start()], workspace), match.group()]
        at = match.end()
    return "".join([*parts, _linked(text[at:], workspace)])


def _linked(text: str, workspace: Workspace) -> str:
    parts = _CODE.split(text)
    for index in range(0, len(parts), 2):
        words = escape(parts[index])
        words = _LINK.sub(lambda m: f"<{m.group()}>", words)
        words = _BARE_LINK.sub(lambda m: f"<http://{m.group(1)}|{m.group(1)}>", words)
        for user in workspace.users.values():
            words = re.sub(rf"(?<!\w)@{re.escape(user.name)}(?![\w-])", f"<@{user.id}>", words)
        for channel in workspace.channels.values():
            if channel.im_user is None:
                words = re.sub(rf"(?<![\w&])#{channel.name}(?![\w-])", f"<#{channel.id}|{channel.name}>", words)
        parts[index] = words
    for index in range(1, len(parts), 2):
        parts[index] = escape(parts[index])
    return "".join(parts)


def event(payload: Json) -> Json:
    """Wrap an event as the Events API does."""
    return {
        "token": _TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": payload,
        "type": "event_callback",
        "event_id": new_id("Ev0", 10),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": new_id("4-", 24),
    }


def message_event(message: Json, channel: Channel, parent: Json | None) -> Json:
    """A message somebody (or the app) wrote."""
    kind = {"type": "message", "channel": channel.id, "event_ts": message["ts"]}
    kind["channel_type"] = "im" if channel.im_user else "channel"
    if parent is not None:
        kind["parent_user_id"] = parent["user"]
    return {k: v for k, v in message.items() if k != "metadata"} | kind


def mention_event(message: Json, channel: Channel) -> Json:
    keep = ("user", "ts", "client_msg_id", "text", "team", "blocks", "thread_ts", "parent_user_id")
    return {
        "type": "app_mention",
        **{k: message[k] for k in keep if k in message},
        "channel": channel.id,
        "event_ts": message["ts"],
    }


def changed_event(subtype: str, channel: Channel, ts: str, **content: Any) -> Json:
    """`message_changed` (message, previous_message) or `message_deleted` (deleted_ts, previous_message)."""
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "channel_type": "im" if channel.im_user else "channel",
        "ts": ts,
        "event_ts": ts,
        **content,
    }


def home_event(user: str, channel: str, tab: str, view: Json | None) -> Json:
    opened: Json = {"type": "app_home_opened", "user": user, "channel": channel, "tab": tab, "event_ts": _now()}
    return opened | ({"view": view} if view and tab == "home" else {})


def command(name: str, text: str, user: User, channel: Channel, trigger: str, response_url: str) -> dict[str, str]:
    """The form fields of a slash command. There is no thread_ts: commands do not work in threads."""
    return {
        "token": _TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.im_user else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger,
    }


def _interaction(kind: str, user: User, trigger: str | None = None) -> Json:
    payload: Json = {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": _TOKEN,
        "team": dict(_TEAM),
        "enterprise": None,
        "is_enterprise_install": False,
    }
    return payload | ({"trigger_id": trigger} if trigger else {})


def message_place(message: Json, channel: Channel) -> Json:
    """The parts of a payload that say on which message something happened."""
    ephemeral = bool(message.get("is_ephemeral"))
    container = {"type": "message", "message_ts": message["ts"], "channel_id": channel.id, "is_ephemeral": ephemeral}
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    name = "directmessage" if channel.im_user else channel.name
    place: Json = {"container": container, "channel": {"id": channel.id, "name": name}}
    return place if ephemeral else place | {"message": message}


def view_place(view: Json) -> Json:
    return {"container": {"type": "view", "view_id": view["id"]}, "view": view}


def block_actions(
    user: User, trigger: str, place: Json, action: Json, state: Json, response_url: str | None = None
) -> Json:
    payload = _interaction("block_actions", user, trigger) | place | {"actions": [action | {"action_ts": _now()}]}
    if "view" in place:
        return payload
    return payload | {"state": {"values": state}, "response_url": response_url}


def block_suggestion(user: User, place: Json, block_id: str, action_id: str, value: str) -> Json:
    asked = {"block_id": block_id, "action_id": action_id, "value": value}
    return _interaction("block_suggestion", user) | place | asked


def view_submission(user: User, trigger: str, view: Json) -> Json:
    return _interaction("view_submission", user, trigger) | {"view": view, "response_urls": []}


def view_closed(user: User, view: Json, *, is_cleared: bool) -> Json:
    return _interaction("view_closed", user) | {"view": view, "is_cleared": is_cleared}


def global_shortcut(user: User, trigger: str, callback_id: str) -> Json:
    return _interaction("shortcut", user, trigger) | {"callback_id": callback_id, "action_ts": _now()}


def message_shortcut(
    user: User, trigger: str, callback_id: str, message: Json, channel: Channel, response_url: str
) -> Json:
    return _interaction("message_action", user, trigger) | {
        "callback_id": callback_id,
        "action_ts": _now(),
        "message_ts": message["ts"],
        "channel": {"id": channel.id, "name": "directmessage" if channel.im_user else channel.name},
        "message": message,
        "response_url": response_url,
    }


def _now() -> str:
    return f"{time.time():.6f}"


# --- what an input holds ------------------------------------------------------------------------------------------

_TEXT_INPUTS = ("plain_text_input", "number_input", "email_text_input", "url_text_input")


def options_of(element: Json) -> list[Json]:
    """Every option that an element offers by itself."""
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    return [option for group in groups for option in group["options"]]


def _option(element: Json, raw: Any) -> Json | None:
    """The option that `raw` means: its value, its label, or the option itself (external selects)."""
    if isinstance(raw, Mapping):
        return dict(raw)
    known = options_of(element)
    initial = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    for option in [*known, *initial]:
        if raw in (option["value"], option["text"]["text"]):
            return dict(option)
    if element["type"].endswith("external_select") and raw:
        return {"text": {"type": "plain_text", "text": str(raw), "emoji": True}, "value": str(raw)}
    return None


def input_state(element: Json, raw: Any) -> Json:
    """What `state.values[block][action]` says of an element that holds `raw`; None: its initial value."""
    kind = element["type"]
    if kind in _TEXT_INPUTS:
        text = element.get("initial_value") if raw is None else str(raw)
        return {"type": kind, "value": text or None}
    if kind == "checkboxes" or kind.startswith("multi_"):
        if raw is None:
            chosen = element.get("initial_options", [])
        else:
            wanted = raw if isinstance(raw, list) else [raw]
            chosen = [o for o in (_option(element, one) for one in wanted) if o]
        return {"type": kind, "selected_options": chosen}
    if kind in ("datepicker", "timepicker"):
        name = "date" if kind == "datepicker" else "time"
        return {"type": kind, f"selected_{name}": raw if raw is not None else element.get(f"initial_{name}")}
    if kind in ("users_select", "channels_select", "conversations_select"):
        name = kind.removesuffix("s_select")
        return {"type": kind, f"selected_{name}": raw if raw is not None else element.get(f"initial_{name}")}
    chosen = element.get("initial_option") if raw is None else (_option(element, raw) if raw != "" else None)
    return {"type": kind, "selected_option": chosen}


def action(block: Json, element: Json, raw: Any) -> Json:
    """One entry of `actions`: what was clicked or chosen."""
    kind = element["type"]
    base = {"type": kind, "action_id": element["action_id"], "block_id": block["block_id"]}
    if kind == "button":
        base |= {"text": element["text"]}
        return base | {k: element[k] for k in ("value", "style", "url") if k in element}
    if "placeholder" in element:
        base["placeholder"] = element["placeholder"]
    return base | input_state(element, raw)
