"""What people do in Slack: write, use commands, click, choose, submit, open the Home tab.

Knows what each act sends to the app and what Slack itself answers when the app does not. Does not know HTTP. Every act
returns a small dict for whoever did it: `ok`, and `error` in the words that Slack shows.
"""

import re
import uuid
from typing import Any

from bot.playground import slack_payloads as payloads
from bot.playground.slack_blocks import check_options, check_view, elements, with_ids
from bot.playground.slack_delivery import Delivery, Reply
from bot.playground.slack_hooks import Hooks, Triggers, content_of, from_app
from bot.playground.slack_manifest import Manifest
from bot.playground.slack_state import BOT_USER, SLACKBOT, TEAM_ID, Channel, Json, SlackError, View, Workspace

_TROUBLE = "We had some trouble connecting. Try again?"


class People:
    """The acts of the people in a workspace, as their Slack client carries them out."""

    def __init__(
        self, workspace: Workspace, delivery: Delivery, manifest: Manifest, triggers: Triggers, hooks: Hooks
    ) -> None:
        self.workspace = workspace
        self.delivery = delivery
        self.manifest = manifest
        self.triggers = triggers
        self.hooks = hooks

    def _place(self, user: str, channel: str) -> Channel:
        found = self.workspace.channel(channel)
        if user not in found.members:
            raise SlackError("not_in_channel")
        return found

    # --- messages ---------------------------------------------------------------------------------------------

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Write a message. A mention of the app reaches it as `message` and as `app_mention`, as in the real one."""
        place = self._place(user, channel)
        words = payloads.typed(text, self.workspace)
        message: Json = {
            "type": "message",
            "user": user,
            "client_msg_id": str(uuid.uuid4()),
            "text": words,
            "team": TEAM_ID,
            "blocks": with_ids(
                [
                    {
                        "type": "rich_text",
                        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
                    }
                ]
            ),
        }
        parent = None
        if thread_ts:
            parent = self.workspace.message(place.id, thread_ts)
            thread_ts = parent.get("thread_ts", thread_ts)
            parent = self.workspace.message(place.id, thread_ts)
            message["thread_ts"] = thread_ts
        self.workspace.add_message(place.id, message)
        self.tell_app(place, payloads.message_event(message, place, parent))
        if f"<@{BOT_USER}>" in words and place.im_user is None:
            if BOT_USER in place.members:
                if self.manifest.wants("app_mention"):
                    self.delivery.post_event(payloads.event(payloads.mention_event(message, place)))
            else:
                self._whisper(
                    user,
                    place.id,
                    f"<@{BOT_USER}> is not in this channel and has not seen this. Add it with `/invite @tunesmith`.",
                    thread_ts,
                )
        return {"ok": True, "ts": message["ts"]}

    def edit(self, user: str, channel: str, ts: str, text: str) -> Json:
        """Change one's own message. The app hears of it as message_changed only, also where it is mentioned."""
        place, before = self._own(user, channel, ts)
        edited = {"user": user, "ts": self.workspace.next_ts()}
        words = payloads.typed(text, self.workspace)
        after = self.workspace.change_message(place.id, ts, {"text": words, "edited": edited})
        self.tell_app(
            place,
            payloads.changed_event(
                "message_changed", place, edited["ts"], message=dict(after), previous_message=before
            ),
        )
        return {"ok": True, "ts": ts}

    def unfurl(self, user: str, channel: str, ts: str) -> Json:
        """Let Slack put a preview below a link of a message: message_changed, with the same text and no `edited`."""
        place, before = self._own(user, channel, ts)
        preview = [{"id": 1, "title": "Preview", "from_url": "https://example.org/"}]
        after = self.workspace.change_message(place.id, ts, {"attachments": preview})
        event = payloads.changed_event(
            "message_changed", place, self.workspace.next_ts(), message=dict(after), previous_message=before
        )
        self.tell_app(place, event)
        return {"ok": True, "ts": ts}

    def delete(self, user: str, channel: str, ts: str) -> Json:
        """Delete one's own message; where replies stand below it, a tombstone stays and message_changed is sent."""
        place, before = self._own(user, channel, ts)
        if self.workspace.replies(place.id, ts):
            tombstone: Json = {
                "subtype": "tombstone",
                "user": SLACKBOT,
                "text": "This message was deleted.",
                "blocks": None,
            }
            after = self.workspace.change_message(place.id, ts, tombstone)
            event = payloads.changed_event(
                "message_changed", place, self.workspace.next_ts(), message=dict(after), previous_message=before
            )
        else:
            self.workspace.delete_message(place.id, ts)
            event = payloads.changed_event(
                "message_deleted", place, self.workspace.next_ts(), deleted_ts=ts, previous_message=before
            )
        self.tell_app(place, event)
        return {"ok": True}

    def _own(self, user: str, channel: str, ts: str) -> tuple[Channel, Json]:
        place = self._place(user, channel)
        message = self.workspace.message(place.id, ts)
        if message.get("user") != user:
            raise SlackError("cant_update_message")
        return place, dict(message)

    def tell_app(self, place: Channel, event: Json) -> None:
        """Send a message event, if the app is there and subscribed to it."""
        if BOT_USER in place.members and self.manifest.wants("message.im" if place.im_user else "message.channels"):
            self.delivery.post_event(payloads.event(event))

    def _whisper(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Let Slackbot tell one person something."""
        message: Json = {"type": "message", "user": SLACKBOT, "text": text}
        if thread_ts:
            message["thread_ts"] = thread_ts
        return self.workspace.add_message(channel, message, ephemeral_to=user)

    # --- commands ---------------------------------------------------------------------------------------------

    async def command(self, user: str, channel: str, name: str, text: str, base_url: str) -> Json:
        """Use a slash command. The ack's message, if any, is in `message`."""
        place = self._place(user, channel)
        if name == "/invite":
            return self._invite(user, place)
        known = self.manifest.command(name)
        if known is None:
            said = f"`{name}` is not a valid command. In Slack, all messages that start with / are commands."
            return {"ok": False, "error": "unknown_command", "message": self._whisper(user, place.id, said)}
        words = payloads.typed(text, self.workspace) if known.should_escape else payloads.escape(text)
        if known.should_escape:
            words = re.sub(r"<@(\w+)>", lambda m: f"<@{m[1]}|{self._name(m[1])}>", words)
        url = self.hooks.make(base_url, user=user, channel=place.id)
        form = payloads.command(name, words, self.workspace.user(user), place, self.triggers.make(user), url)
        reply = await self.delivery.ask("slash_commands", dict(form))
        if not reply.acked:
            said = f"{name} failed with the error `{reply.error}`"
            return {"ok": False, "error": reply.error, "message": self._whisper(user, place.id, said)}
        payload = reply.payload or {}
        if not payload.get("text") and not payload.get("blocks"):
            return {"ok": True, "message": None}
        try:
            content = from_app(content_of(payload))
        except SlackError as error:
            said = f"{name} failed with the error `{error.error}`"
            return {"ok": False, "error": error.error, "message": self._whisper(user, place.id, said)}
        in_channel = payload.get("response_type") == "in_channel"
        return {
            "ok": True,
            "message": self.workspace.add_message(place.id, content, ephemeral_to=None if in_channel else user),
        }

    def _name(self, user_id: str) -> str:
        user = self.workspace.users.get(user_id)
        return user.name if user else ""

    def _invite(self, user: str, place: Channel) -> Json:
        if place.im_user is None and BOT_USER not in place.members:
            place.members.add(BOT_USER)
            joined: Json = {"type": "message", "subtype": "channel_join", "user": BOT_USER, "inviter": user}
            joined["text"] = f"<@{BOT_USER}> was added to #{place.name} by <@{user}>."
            self.workspace.add_message(place.id, joined)
            self.workspace.tell("channels")
        return {"ok": True, "message": None}

    # --- clicks -----------------------------------------------------------------------------------------------

    async def click(
        self,
        user: str,
        action_id: str,
        *,
        base_url: str,
        channel: str = "",
        ts: str = "",
        view_id: str = "",
        block_id: str = "",
        value: Any = None,
        values: Json | None = None,
    ) -> Json:
        """Click a button or choose an option, on the message `ts` or in the view `view_id`."""
        person = self.workspace.user(user)
        place, blocks, message, found = self._scene(user, channel, ts, view_id)
        block, element = _element(blocks, action_id, block_id, value)
        state = _state(blocks, (values or {}) | ({} if element["type"] == "button" else {action_id: value}))
        action = payloads.action(block, element, value)
        if found is not None:
            place["view"]["state"] = {"values": state}
            url = None
        else:
            assert message is not None
            url = self.hooks.make(
                base_url,
                user=user,
                channel=place["channel"]["id"],
                ts=message["ts"],
                thread_ts=message.get("thread_ts"),
                ephemeral=bool(message.get("is_ephemeral")),
            )
        trigger = self.triggers.make(user)
        payload = payloads.block_actions(person, trigger, place, action, state, url)
        return _answer(await self.delivery.ask("interactive", payload))

    async def options(
        self, user: str, action_id: str, value: str, *, channel: str = "", ts: str = "", view_id: str = ""
    ) -> Json:
        """Ask the app for the options of an external select."""
        place, blocks, _, _ = self._scene(user, channel, ts, view_id)
        block, _ = _element(blocks, action_id, "", None)
        payload = payloads.block_suggestion(self.workspace.user(user), place, block["block_id"], action_id, value)
        reply = await self.delivery.ask("interactive", payload)
        content = reply.payload or {}
        groups = content.get("option_groups") or ([{"options": content["options"]}] if content.get("options") else [])
        if problems := check_options(groups):
            return {"ok": False, "error": "invalid_options", "problems": problems}
        return _answer(reply) | {"option_groups": groups}

    def _scene(
        self, user: str, channel: str, ts: str, view_id: str
    ) -> tuple[Json, list[Json], Json | None, View | None]:
        """Where something happens: the payload's parts about it, its blocks, the message or the view."""
        if view_id:
            view = self._view(user, view_id)
            wire = self.workspace.view_wire(view)
            return payloads.view_place(wire), wire["blocks"], None, view
        message = self.workspace.ephemeral(user, ts)
        if message is not None:
            place = self.workspace.channel(message["channel"])
        else:
            place = self._place(user, channel)
            message = self.workspace.shown(place.id, self.workspace.message(place.id, ts))
        return payloads.message_place(message, place), message.get("blocks", []), message, None

    def _view(self, user: str, view_id: str) -> View:
        view = self.workspace.views.get(view_id)
        if view is None or view.user != user:
            raise SlackError("view_not_found")
        return view

    # --- shortcuts and the Home tab ---------------------------------------------------------------------------

    async def shortcut(self, user: str, callback_id: str, *, base_url: str, channel: str = "", ts: str = "") -> Json:
        """Use a global shortcut, or with `ts` a shortcut of that message."""
        person, trigger = self.workspace.user(user), self.triggers.make(user)
        if not ts:
            return _answer(
                await self.delivery.ask("interactive", payloads.global_shortcut(person, trigger, callback_id))
            )
        place = self._place(user, channel)
        message = self.workspace.shown(place.id, self.workspace.message(place.id, ts))
        url = self.hooks.make(base_url, user=user, channel=place.id, ts=ts, thread_ts=message.get("thread_ts"))
        payload = payloads.message_shortcut(person, trigger, callback_id, message, place, url)
        return _answer(await self.delivery.ask("interactive", payload))

    def open_home(self, user: str, tab: str = "home") -> Json:
        """Open the app's Home or Messages tab."""
        if self.manifest.wants("app_home_opened"):
            view = self.workspace.homes.get(user)
            wire = self.workspace.view_wire(view) if view else None
            event = payloads.home_event(user, self.workspace.channel(user).id, tab, wire)
            self.delivery.post_event(payloads.event(event))
        return {"ok": True}

    # --- modals -----------------------------------------------------------------------------------------------

    async def submit(self, user: str, view_id: str, values: Json) -> Json:
        """Submit a modal. `values`: by action_id or block_id, or nested as in state.values. `errors`: by block_id."""
        view = self._view(user, view_id)
        state = _state(view.wire["blocks"], values)
        if errors := _missing(view.wire["blocks"], state):
            return {"ok": False, "error": "incomplete", "errors": errors}
        wire = self.workspace.view_wire(view, state)
        payload = payloads.view_submission(self.workspace.user(user), self.triggers.make(user), wire)
        reply = await self.delivery.ask("interactive", payload)
        if not reply.acked:
            return {"ok": False, "error": reply.error, "said": _TROUBLE}
        answer = reply.payload or {}
        match answer.get("response_action"):
            case "errors":
                return {"ok": False, "error": "refused", "errors": answer.get("errors", {})}
            case "update" | "push":
                if check_view(answer.get("view")):
                    return {"ok": False, "error": "invalid_view", "said": _TROUBLE}
                new = answer["view"] | {"blocks": with_ids(answer["view"]["blocks"])}
                if answer["response_action"] == "update":
                    self.workspace.replace_view(view, new)
                else:
                    self.workspace.open_view(user, new, previous=view)
            case "clear":
                self.workspace.close_views(user, self.workspace.modals[user])
            case _:
                self.workspace.close_views(user, [view_id])
        return {"ok": True}

    async def close(self, user: str, view_id: str, values: Json | None = None) -> Json:
        """Close a modal; the app hears of it when the view asked to."""
        view = self._view(user, view_id)
        cleared = bool(view.wire.get("clear_on_close"))
        closing = self.workspace.modals[user] if cleared else [view_id]
        wire = self.workspace.view_wire(view, _state(view.wire["blocks"], values or {}))
        self.workspace.close_views(user, closing)
        if not view.wire.get("notify_on_close"):
            return {"ok": True}
        payload = payloads.view_closed(self.workspace.user(user), wire, is_cleared=cleared)
        return _answer(await self.delivery.ask("interactive", payload))


def _answer(reply: Reply) -> Json:
    return {"ok": True} if reply.acked else {"ok": False, "error": reply.error, "said": _TROUBLE}


def _element(blocks: list[Json], action_id: str, block_id: str, value: Any) -> tuple[Json, Json]:
    """Raises SlackError `no_such_element`; a button with another value than `value` is not meant."""
    for block, element in elements(blocks):
        if element["action_id"] != action_id or (block_id and block["block_id"] != block_id):
            continue
        if element["type"] == "button" and value is not None and element.get("value") != value:
            continue
        return block, element
    raise SlackError("no_such_element", action_id=action_id)


def _state(blocks: list[Json], values: Json) -> Json:
    """`state.values` of these blocks, given what was entered."""
    state: Json = {}
    for block, element in elements(blocks):
        if element["type"] in ("button", "overflow", "workflow_button"):
            continue
        action_id = element["action_id"]
        nested = values.get(block["block_id"])
        if isinstance(nested, dict) and action_id in nested:
            raw = nested[action_id]
        else:
            # block and element may have one name: what a block holds is no answer, but a whole option is
            flat = values.get(action_id, nested)
            raw = None if isinstance(flat, dict) and "value" not in flat else flat
        state.setdefault(block["block_id"], {})[action_id] = payloads.input_state(element, raw)
    return state


def _missing(blocks: list[Json], state: Json) -> dict[str, str]:
    """What Slack itself refuses before the app sees it, by block_id."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element, held = block["element"], state[block["block_id"]][block["element"]["action_id"]]
        entered = next((v for k, v in held.items() if k != "type"), None)
        if not entered:
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif problem := _unfit(element, entered):
            errors[block["block_id"]] = problem
    return errors


def _unfit(element: Json, entered: Any) -> str:
    match element["type"]:
        case "plain_text_input":
            if len(entered) < element.get("min_length", 0):
                return f"Please enter at least {element['min_length']} characters."
            if len(entered) > element.get("max_length", 3000):
                return f"Please enter at most {element.get('max_length', 3000)} characters."
        case "number_input":
            decimal = element.get("is_decimal_allowed")
            if not re.fullmatch(r"-?\d+(\.\d+)?" if decimal else r"-?\d+", entered):
                return "Please enter a number." if decimal else "Please enter a whole number."
            if "min_value" in element and float(entered) < float(element["min_value"]):
                return f"Please enter a number that is at least {element['min_value']}."
            if "max_value" in element and float(entered) > float(element["max_value"]):
                return f"Please enter a number that is at most {element['max_value']}."
    return ""
