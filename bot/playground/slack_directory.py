"""Web API: who and where. auth.*, apps.connections.open, conversations.*, users.*, usergroups.*.

Sources: the method pages of docs.slack.dev/reference/methods.
"""

from bot.playground.slack_call import Call
from bot.playground.slack_state import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_ID,
    TEAM_NAME,
    Channel,
    Json,
    SlackError,
    User,
)

_GROUP = {"id": "S0APPROVERS", "handle": "approvers", "name": "Approvers", "users": ["U0LEAD"]}


def auth_test(call: Call) -> Json:
    return {
        "url": f"{call.base_url}/",
        "team": TEAM_NAME,
        "user": "tunesmith",
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


def open_connection(call: Call) -> Json:
    ticket = call.slack.delivery.sockets.ticket()
    address = call.base_url.replace("http", "ws", 1)
    return {"url": f"{address}/link/?ticket={ticket}&app_id={APP_ID}"}


# --- conversations ------------------------------------------------------------------------------------------------


def _channel(channel: Channel) -> Json:
    direct = channel.im_user is not None
    wire: Json = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_im": direct,
        "is_archived": False,
        "is_org_shared": False,
        "context_team_id": TEAM_ID,
    }
    if direct:
        return wire | {"user": channel.im_user, "is_open": True}
    return wire | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_private": False,
        "is_general": channel.id == "C0GENERAL",
        "is_shared": False,
        "is_ext_shared": False,
        "is_member": BOT_USER in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": "U0LEAD", "last_set": 1_700_000_000},
        "purpose": {"value": channel.topic, "creator": "U0LEAD", "last_set": 1_700_000_000},
    }


def conversations_info(call: Call) -> Json:
    return {"channel": _channel(call.channel(member=False))}


def conversations_list(call: Call) -> Json:
    kinds = call.text("types", "public_channel").split(",")
    wanted = [
        channel
        for channel in call.slack.workspace.channels.values()
        if ("im" if channel.im_user else "public_channel") in kinds
    ]
    return {"channels": [_channel(c) for c in wanted], "response_metadata": {"next_cursor": ""}}


def conversations_members(call: Call) -> Json:
    return {"members": sorted(call.channel(member=False).members), "response_metadata": {"next_cursor": ""}}


def conversations_open(call: Call) -> Json:
    users = [user for user in call.text("users").split(",") if user]
    if len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "method_not_supported_for_channel_type")
    call.slack.workspace.user(users[0])
    channel = call.slack.workspace.channel(users[0])
    return {"channel": _channel(channel) if call.flag("return_im") else {"id": channel.id}, "already_open": True}


def conversations_history(call: Call) -> Json:
    channel = call.channel()
    messages = list(reversed(call.slack.workspace.top(channel.id)))
    return _page(call, channel, messages, 100)


def conversations_replies(call: Call) -> Json:
    channel, ts = call.channel(), call.need("ts")
    workspace = call.slack.workspace
    try:
        message = workspace.message(channel.id, ts)
        parent = workspace.message(channel.id, message.get("thread_ts", ts))
    except SlackError:
        raise SlackError("thread_not_found") from None
    answer = _page(call, channel, workspace.replies(channel.id, parent["ts"]), 1000)
    metadata = call.flag("include_all_metadata")
    answer["messages"].insert(0, workspace.shown(channel.id, parent, metadata=metadata))
    return answer


def _page(call: Call, channel: Channel, messages: list[Json], most: int) -> Json:
    oldest, latest, inclusive = call.text("oldest"), call.text("latest"), call.flag("inclusive")

    def inside(ts: str) -> bool:
        at = float(ts)
        if oldest and (at < float(oldest) or (at == float(oldest) and not inclusive)):
            return False
        return not (latest and (at > float(latest) or (at == float(latest) and not inclusive)))

    messages = [m for m in messages if inside(m["ts"])]
    start = call.number("cursor", 0)
    limit = min(max(call.number("limit", most), 1), 1000)
    page, rest = messages[start : start + limit], messages[start + limit :]
    metadata = call.flag("include_all_metadata")
    answer: Json = {
        "messages": [call.slack.workspace.shown(channel.id, m, metadata=metadata) for m in page],
        "has_more": bool(rest),
    }
    if rest:
        answer["response_metadata"] = {"next_cursor": str(start + limit)}
    return answer


# --- people -------------------------------------------------------------------------------------------------------


def user_wire(user: User) -> Json:
    return {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.name,
        "deleted": False,
        "real_name": user.real_name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": {
            "title": user.title,
            "real_name": user.real_name,
            "display_name": user.name if user.is_bot else user.real_name,
            "email": f"{user.name}@example.com",
            "team": TEAM_ID,
        },
        "is_admin": user.is_admin,
        "is_owner": user.is_admin,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_stranger": False,
        "updated": 1_700_000_000,
    }


def users_info(call: Call) -> Json:
    return {"user": user_wire(call.slack.workspace.user(call.need("user")))}


def users_list(call: Call) -> Json:
    members = [user_wire(user) for user in call.slack.workspace.users.values()]
    return {"members": members, "cache_ts": 1_700_000_000, "response_metadata": {"next_cursor": ""}}


def usergroup_users(call: Call) -> Json:
    if call.need("usergroup") != _GROUP["id"]:
        raise SlackError("no_such_subteam")
    return {"users": _GROUP["users"]}


def usergroups_list(call: Call) -> Json:  # noqa: ARG001 - every method takes its call
    return {"usergroups": [{k: v for k, v in _GROUP.items() if k != "users"} | {"team_id": TEAM_ID}]}
