"""Web API: chat.*, reactions.add and assistant.threads.setStatus.

Sources: the method pages of docs.slack.dev/reference/methods; what they leave open is Slack's observed behaviour.
"""

from typing import Any

from bot.playground.slack_call import Call
from bot.playground.slack_hooks import content_of, from_app
from bot.playground.slack_payloads import changed_event, message_event
from bot.playground.slack_state import BOT_USER, Channel, Json, SlackError

#: Characters; longer texts are cut off when posted and refused when updated.
MAX_POSTED = 40_000
MAX_UPDATED = 4_000


def _content(call: Call) -> Json:
    blocks = call.json("blocks")
    if not call.slack.settings.charts and any(block.get("type") == "data_visualization" for block in blocks or ()):
        problem = "[ERROR] unsupported type: data_visualization [json-pointer:/blocks]"
        raise SlackError("invalid_blocks", errors=[problem], response_metadata={"messages": [problem]})
    return content_of({"text": call.text("text"), "blocks": blocks, "attachments": call.json("attachments")})


def _metadata(call: Call) -> Json | None:
    metadata = call.json("metadata")
    if metadata in (None, {}, ""):
        return metadata or None
    if not isinstance(metadata, dict) or not {"event_type", "event_payload"} <= metadata.keys():
        raise SlackError("invalid_metadata_format")
    return metadata


def _place(call: Call) -> Channel:
    scopes = call.slack.manifest.scopes
    return call.channel(member=scopes is None or "chat:write.public" not in scopes)


def _thread(call: Call, place: Channel) -> Json | None:
    """The parent of the thread that is written to."""
    if not (ts := call.text("thread_ts")):
        return None
    try:
        parent = call.slack.workspace.message(place.id, ts)
    except SlackError:
        raise SlackError("thread_not_found") from None
    if parent.get("thread_ts", ts) != ts:
        raise SlackError("cannot_reply_to_message")
    return parent


def post_message(call: Call) -> Json:
    place = _place(call)
    content = _content(call)
    content["text"] = content["text"][:MAX_POSTED]
    parent = _thread(call, place)
    if parent is not None:
        content["thread_ts"] = parent["ts"]
        if call.flag("reply_broadcast"):
            content["subtype"] = "thread_broadcast"
    if metadata := _metadata(call):
        content["metadata"] = metadata
    workspace = call.slack.workspace
    message = workspace.add_message(place.id, from_app(content))
    call.slack.people.tell_app(place, message_event(message, place, parent))
    return {"channel": place.id, "ts": message["ts"], "message": workspace.shown(place.id, message, metadata=True)}


def update(call: Call) -> Json:
    place, workspace = call.channel(), call.slack.workspace
    message = workspace.message(place.id, call.need("ts"))
    if message.get("user") != BOT_USER:
        raise SlackError("cant_update_message")
    if len(call.text("text")) > MAX_UPDATED:
        raise SlackError("msg_too_long")
    # Without blocks the old ones go; metadata stays unless new metadata, or {}, is given.
    changes: Json = {"blocks": None, "attachments": None, **_content(call)}
    changes["edited"] = {"user": BOT_USER, "ts": workspace.next_ts()}
    if call.json("metadata") is not None:
        changes["metadata"] = _metadata(call)
    if call.flag("reply_broadcast") and message.get("thread_ts"):
        changes["subtype"] = "thread_broadcast"
    before = workspace.shown(place.id, message)
    message = workspace.change_message(place.id, message["ts"], changes)
    after = workspace.shown(place.id, message)
    event = changed_event("message_changed", place, changes["edited"]["ts"], message=after, previous_message=before)
    call.slack.people.tell_app(place, event)
    return {"channel": place.id, "ts": message["ts"], "text": message["text"], "message": after}


def delete(call: Call) -> Json:
    place, workspace = call.channel(), call.slack.workspace
    message = workspace.message(place.id, call.need("ts"))
    if message.get("user") != BOT_USER:
        raise SlackError("cant_delete_message")
    workspace.delete_message(place.id, message["ts"])
    event = changed_event(
        "message_deleted", place, workspace.next_ts(), deleted_ts=message["ts"], previous_message=message
    )
    call.slack.people.tell_app(place, event)
    return {"channel": place.id, "ts": message["ts"]}


def post_ephemeral(call: Call) -> Json:
    """Show one person a message; in a thread that has no reply yet nobody sees it.

    Source: https://docs.slack.dev/reference/methods/chat.postEphemeral, thread_ts: "Ephemeral messages in threads are
    only shown if there is already an active thread."
    """
    place = call.channel()
    user = call.need("user")
    if user not in place.members:
        raise SlackError("user_not_in_channel")
    content = _content(call)
    workspace = call.slack.workspace
    if thread_ts := call.text("thread_ts"):
        if not workspace.replies(place.id, thread_ts):
            # Slack answers as ever and shows it to nobody
            return {"message_ts": workspace.next_ts()}
        content["thread_ts"] = thread_ts
    message = workspace.add_message(place.id, from_app(content), ephemeral_to=user)
    return {"message_ts": message["ts"]}


def get_permalink(call: Call) -> Json:
    place = call.channel(member=False)
    message = call.slack.workspace.message(place.id, call.need("message_ts"))
    address = f"{call.base_url}/archives/{place.id}/p{message['ts'].replace('.', '')}"
    parent = message.get("thread_ts")
    if parent and parent != message["ts"]:
        address += f"?thread_ts={parent}&cid={place.id}"
    return {"channel": place.id, "permalink": address}


def add_reaction(call: Call) -> Json:
    place, workspace = call.channel(), call.slack.workspace
    message = workspace.message(place.id, call.need("timestamp"))
    name = call.need("name").strip(":")
    reactions: list[dict[str, Any]] = [dict(r) for r in message.get("reactions", [])]
    known = next((r for r in reactions if r["name"] == name), None)
    if known is None:
        reactions.append({"name": name, "users": [BOT_USER], "count": 1})
    elif BOT_USER in known["users"]:
        raise SlackError("already_reacted")
    else:
        known |= {"users": [*known["users"], BOT_USER], "count": known["count"] + 1}
    workspace.change_message(place.id, message["ts"], {"reactions": reactions})
    return {}


def set_status(call: Call) -> Json:
    place = call.channel("channel_id")
    call.slack.workspace.set_status(place.id, call.need("thread_ts"), call.text("status"))
    return {}
