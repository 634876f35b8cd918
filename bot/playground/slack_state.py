"""The workspace in memory: people, channels, messages, ephemerals, views, files.

Knows what Slack stores and tells whoever listens what changed. Does not know HTTP, tokens, or how an app is reached.
"""

import asyncio
import secrets
import string
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TEAM_ID = "T0TUNE"
TEAM_NAME = "Tunesmith Lab"
TEAM_DOMAIN = "tunesmith-lab"
APP_ID = "A0TUNE"
BOT_ID = "B0FTBOT"
BOT_USER = "U0FTBOT"
SLACKBOT = "USLACKBOT"
BOT_TOKEN = "xoxb-playground"  # noqa: S105 - opens nothing but this playground
APP_TOKEN = "xapp-playground"  # noqa: S105
SIGNING_SECRET = "playground-signing-secret"  # noqa: S105

#: Seconds after which an assistant status disappears by itself.
STATUS_S = 120.0


class SlackError(Exception):
    """A refusal in Slack's own words, such as `channel_not_found`; `extra` goes into the answer beside it."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


@dataclass
class User:
    """A member of the workspace."""

    id: str
    name: str
    real_name: str
    is_bot: bool = False
    #: A guest of several channels.
    is_restricted: bool = False
    is_admin: bool = False
    title: str = ""


@dataclass
class Channel:
    """A channel, or the conversation of one person with the app."""

    id: str
    name: str
    members: set[str]
    topic: str = ""
    #: Of a direct message: the person who talks with the app; None: a channel.
    im_user: str | None = None


@dataclass
class View:
    """A modal or a Home tab that is open."""

    id: str
    user: str
    wire: Json
    root_id: str
    previous_id: str | None = None
    hash: str = field(default_factory=lambda: new_hash())


def new_id(prefix: str, length: int = 9) -> str:
    """Make an id that looks like Slack's."""
    return prefix + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(length))


def new_hash() -> str:
    return f"{int(time.time())}.{secrets.token_hex(4)}"


class Workspace:
    """Everything that the local Slack remembers. Of one event loop: not thread safe."""

    def __init__(self) -> None:
        people = [
            User("U0ASKER", "engineer", "Research engineer", title="Trains the models"),
            User("U0LEAD", "lead", "Team lead", is_admin=True, title="Holds the budget"),
            User("U0GUEST", "guest", "Guest", is_restricted=True, title="Visiting from another team"),
            User(BOT_USER, "tunesmith", "tunesmith", is_bot=True),
            User(SLACKBOT, "slackbot", "Slackbot", is_bot=True),
        ]
        self.users = {user.id: user for user in people}
        everyone = {"U0ASKER", "U0LEAD", "U0GUEST"}
        finetuning = Channel("C0FINETUNE", "finetuning", {*everyone, BOT_USER}, "Fine-tuning runs, plans and results")
        general = Channel("C0GENERAL", "general", everyone - {"U0GUEST"}, "Company-wide announcements")
        self.channels = {channel.id: channel for channel in (finetuning, general)}
        for user in sorted(everyone):
            im = Channel(f"D{user[1:]}", user, {user, BOT_USER}, im_user=user)
            self.channels[im.id] = im
        #: channel -> ts -> message, oldest first.
        self.messages: dict[str, dict[str, Json]] = {channel: {} for channel in self.channels}
        #: What only one person sees, by that person; `channel` and `message_ts` inside.
        self.ephemerals: dict[str, list[Json]] = {user: [] for user in everyone}
        self.views: dict[str, View] = {}
        #: The open modals of a person, the top one last.
        self.modals: dict[str, list[str]] = {user: [] for user in everyone}
        self.homes: dict[str, View] = {}
        self.files: dict[str, Json] = {}
        #: (channel, thread) -> words, time
        self.statuses: dict[tuple[str, str], tuple[str, float]] = {}
        self._listeners: set[asyncio.Queue[Json]] = set()
        self._last_ts = 0

    # --- who and where ----------------------------------------------------------------------------------------

    def user(self, user_id: str) -> User:
        """Raises SlackError `user_not_found`."""
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def channel(self, name: str) -> Channel:
        """Find a channel by id, #name, or the id of a person (their conversation with the app).

        Raises:
            SlackError: `channel_not_found`.
        """
        if name in self.channels:
            return self.channels[name]
        for channel in self.channels.values():
            if channel.im_user == name or (channel.im_user is None and channel.name == name.removeprefix("#")):
                return channel
        raise SlackError("channel_not_found")

    def next_ts(self) -> str:
        """A time stamp that no message has; later ones sort after earlier ones."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    # --- messages ---------------------------------------------------------------------------------------------

    def add_message(self, channel: str, message: Json, *, ephemeral_to: str | None = None) -> Json:
        """Store a message and show it; gives it its `ts` when it has none."""
        message.setdefault("ts", self.next_ts())
        if ephemeral_to is None:
            self.messages[channel][message["ts"]] = message
            if message.get("user") == BOT_USER:
                self.set_status(channel, message.get("thread_ts", ""), "")
            self._show(channel, message)
        else:
            message = message | {"channel": channel, "is_ephemeral": True}
            self.ephemerals[ephemeral_to].append(message)
            self.tell("ephemeral", user=ephemeral_to, message=message)
        return message

    def change_message(self, channel: str, ts: str, changes: Json) -> Json:
        """Replace fields of a message; a value of None removes the field."""
        message = self.message(channel, ts)
        for name, value in changes.items():
            if value is None:
                message.pop(name, None)
            else:
                message[name] = value
        self._show(channel, message)
        return message

    def delete_message(self, channel: str, ts: str) -> Json:
        message = self.message(channel, ts)
        del self.messages[channel][ts]
        self.tell("deleted", channel=channel, ts=ts)
        if (parent := message.get("thread_ts")) and parent in self.messages[channel]:
            self._show(channel, self.messages[channel][parent])
        return message

    def message(self, channel: str, ts: str) -> Json:
        """Raises SlackError `message_not_found`."""
        found = self.messages.get(channel, {}).get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def ephemeral(self, user: str, ts: str) -> Json | None:
        return next((m for m in self.ephemerals.get(user, ()) if m["ts"] == ts), None)

    def change_ephemeral(self, user: str, ts: str, changes: Json | None) -> None:
        """Replace what one person sees; None: it disappears."""
        message = self.ephemeral(user, ts)
        if message is None:
            return
        if changes is None:
            self.ephemerals[user].remove(message)
            self.tell("ephemeral_deleted", user=user, ts=ts)
            return
        message.pop("blocks", None)
        message.update(changes)
        self.tell("ephemeral", user=user, message=message)

    def replies(self, channel: str, ts: str) -> list[Json]:
        """The answers below a message, oldest first; the message itself is not among them."""
        return [m for m in self.messages[channel].values() if m.get("thread_ts") == ts and m["ts"] != ts]

    def top(self, channel: str) -> list[Json]:
        """What the channel itself shows, oldest first: no thread replies but those that were broadcast."""
        return [
            m
            for m in self.messages[channel].values()
            if m.get("thread_ts", m["ts"]) == m["ts"] or m.get("subtype") == "thread_broadcast"
        ]

    def shown(self, channel: str, message: Json, *, metadata: bool = False) -> Json:
        """A message as Slack's API tells it: with its reply counts; metadata only when asked for."""
        wire = {k: v for k, v in message.items() if metadata or k != "metadata"}
        replies = self.replies(channel, message["ts"])
        if replies:
            users = list(dict.fromkeys(m["user"] for m in replies))
            wire |= {
                "thread_ts": message["ts"],
                "reply_count": len(replies),
                "reply_users_count": len(users),
                "latest_reply": replies[-1]["ts"],
                "reply_users": users,
                "is_locked": False,
                "subscribed": True,
            }
        return wire

    def _show(self, channel: str, message: Json) -> None:
        self.tell("message", channel=channel, message=self.shown(channel, message))
        parent = message.get("thread_ts")
        if parent and parent != message["ts"] and parent in self.messages[channel]:
            self.tell("message", channel=channel, message=self.shown(channel, self.messages[channel][parent]))

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Show "tunesmith is ..." below a thread; "" takes it away."""
        if status:
            self.statuses[channel, thread_ts] = (status, time.monotonic())
        elif self.statuses.pop((channel, thread_ts), None) is None:
            return
        self.tell("status", channel=channel, thread_ts=thread_ts, status=status, seconds=STATUS_S)

    # --- views ------------------------------------------------------------------------------------------------

    def open_view(self, user: str, wire: Json, *, previous: View | None = None) -> View:
        view_id = new_id("V0")
        view = View(view_id, user, wire, previous.root_id if previous else view_id, previous.id if previous else None)
        self.views[view_id] = view
        self.modals[user].append(view_id)
        self.tell("modals", user=user, modals=self.modal_wires(user))
        return view

    def replace_view(self, view: View, wire: Json) -> None:
        view.wire, view.hash = wire, new_hash()
        if view.wire["type"] == "home":
            self.tell("home", user=view.user, view=self.view_wire(view))
        else:
            self.tell("modals", user=view.user, modals=self.modal_wires(view.user))

    def close_views(self, user: str, view_ids: Iterable[str]) -> None:
        for view_id in list(view_ids):
            self.views.pop(view_id, None)
            if view_id in self.modals[user]:
                self.modals[user].remove(view_id)
        self.tell("modals", user=user, modals=self.modal_wires(user))

    def publish_home(self, user: str, wire: Json) -> View:
        if (view := self.homes.get(user)) is None:
            view_id = new_id("V0")
            view = self.homes[user] = self.views[view_id] = View(view_id, user, wire, view_id)
        self.replace_view(view, wire)
        return view

    def view_wire(self, view: View, state: Json | None = None) -> Json:
        """A view as payloads and answers carry it."""
        wire: Json = {
            "private_metadata": "",
            "callback_id": "",
            "title": None,
            "submit": None,
            "close": None,
            "clear_on_close": False,
            "notify_on_close": False,
            "external_id": "",
        }
        return (
            wire
            | view.wire
            | {
                "id": view.id,
                "team_id": TEAM_ID,
                "state": {"values": state or {}},
                "hash": view.hash,
                "root_view_id": view.root_id,
                "previous_view_id": view.previous_id,
                "app_id": APP_ID,
                "app_installed_team_id": TEAM_ID,
                "bot_id": BOT_ID,
            }
        )

    def modal_wires(self, user: str) -> list[Json]:
        return [self.view_wire(self.views[view_id]) for view_id in self.modals[user]]

    # --- changes ----------------------------------------------------------------------------------------------

    def listen(self) -> asyncio.Queue[Json]:
        """Every change from now on. Give the queue back with `stop_listening`."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._listeners.add(queue)
        return queue

    def stop_listening(self, queue: asyncio.Queue[Json]) -> None:
        self._listeners.discard(queue)

    def tell(self, kind: str, *, user: str | None = None, **content: Any) -> None:
        """Tell the pages; `user` None: everybody's."""
        for queue in self._listeners:
            queue.put_nowait({"kind": kind, "for": user, **content})
