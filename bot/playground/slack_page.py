"""The page's own API under /_slack/, and the page itself.

Knows what the browser asks for. Everything that people do goes through `People`; everything that changes comes back
as server-sent events.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from bot.playground.slack_api import Api
from bot.playground.slack_call import Slack
from bot.playground.slack_directory import user_wire
from bot.playground.slack_settings import SlackSettings
from bot.playground.slack_state import APP_ID, BOT_USER, SLACKBOT, TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Json, SlackError
from bot.playground.wire import Handler

_FILES = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
#: Nothing comes from elsewhere but pictures that a message names.
_POLICY = "default-src 'self'; img-src 'self' data: http: https:; base-uri 'none'; frame-ancestors 'none'"
_HEARTBEAT_S = 15.0

Act = Callable[[Json, str], Awaitable[Json] | Json]


class Page:
    """What the browser, and the driver, talk to."""

    def __init__(self, slack: Slack, api: Api) -> None:
        self.slack = slack
        self.api = api
        self._streams: set[asyncio.Queue[Json]] = set()
        people = slack.people
        slack.delivery.sockets.on_change = lambda: slack.workspace.tell("connected", connected=self._connected())
        self._acts: dict[str, Act] = {
            "say": lambda a, _: people.say(a["user"], a["channel"], a["text"], a.get("thread_ts")),
            "edit": lambda a, _: people.edit(**a),
            "unfurl": lambda a, _: people.unfurl(**a),
            "delete": lambda a, _: people.delete(**a),
            "command": lambda a, url: people.command(a["user"], a["channel"], a["command"], a.get("text", ""), url),
            "click": lambda a, url: people.click(base_url=url, **a),
            "options": lambda a, _: people.options(**a),
            "submit": lambda a, _: people.submit(a["user"], a["view_id"], a.get("values") or {}),
            "close": lambda a, _: people.close(a["user"], a["view_id"], a.get("values")),
            "shortcut": lambda a, url: people.shortcut(base_url=url, **a),
            "home": lambda a, _: people.open_home(a["user"], a.get("tab", "home")),
            "dismiss": lambda a, _: self._dismiss(a["user"], a["ts"]),
            "settings": lambda a, _: self._change(a),
            "verify": lambda _a, _: self._verify(),
            "disconnect": lambda a, _: self._disconnect(a.get("reason", "refresh_requested")),
        }

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/", self._file)
        app.router.add_get("/archives/{channel}", self._file)
        app.router.add_get("/archives/{channel}/{ts}", self._file)
        app.router.add_get("/page/{file}", self._file)
        app.router.add_get("/favicon.ico", self._file)
        app.router.add_get("/_slack/bootstrap", self._bootstrap)
        app.router.add_get("/_slack/events", self._events)
        app.router.add_get("/_slack/messages", self._messages)
        app.router.add_get("/_slack/deliveries", self._deliveries)
        app.router.add_get("/_slack/settings", self._settings)
        app.router.add_post("/_slack/{act}", self._act)
        app.middlewares.append(_same_origin)
        app.on_shutdown.append(self._end_streams)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("file", "index.html")
        if request.path == "/favicon.ico":
            name = "icon.svg"
        path = _FILES / name
        if path.parent != _FILES or path.suffix not in _TYPES or not path.is_file():
            return web.Response(status=404, text="no such page")
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return web.Response(text=path.read_text("utf-8"), content_type=_TYPES[path.suffix], headers=headers)

    async def _act(self, request: web.Request) -> web.Response:
        act = self._acts.get(request.match_info["act"])
        if act is None:
            return web.json_response({"ok": False, "error": "unknown_act"}, status=404)
        base_url = f"{request.scheme}://{request.host}"
        try:
            result = act(await request.json(), base_url)
            answer = result if isinstance(result, dict) else await result
        except SlackError as error:
            answer = {"ok": False, "error": error.error} | error.extra
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"ok": False, "error": "bad_request", "detail": str(error)}, status=400)
        return web.json_response(answer)

    # --- what there is ----------------------------------------------------------------------------------------

    def _channels(self, user: str) -> list[Json]:
        return [
            {
                "id": channel.id,
                "name": channel.name,
                "topic": channel.topic,
                "is_im": channel.im_user is not None,
                "members": sorted(channel.members),
            }
            for channel in self.slack.workspace.channels.values()
            if user in channel.members
        ]

    async def _bootstrap(self, request: web.Request) -> web.Response:
        user = request.query.get("user", "U0ASKER")
        workspace, manifest = self.slack.workspace, self.slack.manifest
        channels = self._channels(user)
        home = workspace.homes.get(user)
        return web.json_response(
            {
                "team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN},
                "app": {
                    "id": APP_ID,
                    "bot": BOT_USER,
                    "name": manifest.name,
                    "description": manifest.description,
                    "home_tab": manifest.home_tab,
                    "messages_tab": manifest.messages_tab,
                },
                "users": [user_wire(u) for u in workspace.users.values()],
                "people": [u.id for u in workspace.users.values() if not u.is_bot],
                "slackbot": SLACKBOT,
                "channels": channels,
                "commands": [c.model_dump() for c in manifest.commands],
                "shortcuts": [s.model_dump() for s in manifest.shortcuts],
                "messages": {
                    c["id"]: [workspace.shown(c["id"], m) for m in workspace.messages[c["id"]].values()]
                    for c in channels
                },
                "ephemerals": workspace.ephemerals.get(user, []),
                "statuses": [[c, ts, words] for (c, ts), (words, _) in workspace.statuses.items()],
                "modals": workspace.modal_wires(user) if user in workspace.modals else [],
                "home": workspace.view_wire(home) if home else None,
                "connected": self._connected(),
            }
        )

    def _connected(self) -> bool:
        settings = self.slack.settings
        return bool(settings.request_url) if settings.delivery == "http" else len(self.slack.delivery.sockets) > 0

    async def _messages(self, request: web.Request) -> web.Response:
        workspace = self.slack.workspace
        try:
            channel = workspace.channel(request.query["channel"])
        except SlackError as error:
            return web.json_response({"ok": False, "error": error.error}, status=404)
        if ts := request.query.get("thread_ts"):
            parent = workspace.messages[channel.id].get(ts)
            found = [*([parent] if parent else []), *workspace.replies(channel.id, ts)]
        else:
            found = workspace.top(channel.id)
        return web.json_response({"ok": True, "messages": [workspace.shown(channel.id, m) for m in found]})

    async def _deliveries(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "deliveries": [asdict(sent) for sent in self.slack.delivery.log],
                "calls": dict(self.api.calls),
                "errors": list(self.api.errors),
                "connections": len(self.slack.delivery.sockets),
                "under_way": self.slack.delivery.under_way,
            }
        )

    async def _settings(self, request: web.Request) -> web.Response:
        return web.json_response(self.slack.settings.model_dump(mode="json"))

    # --- switches ---------------------------------------------------------------------------------------------

    def _change(self, changes: Json) -> Json:
        settings = self.slack.settings
        try:
            checked = SlackSettings.model_validate(settings.model_dump() | changes)
        except ValidationError as error:
            raise SlackError("invalid_settings", detail=str(error)) from None
        for name in changes:
            setattr(settings, name, getattr(checked, name))
        return {"ok": True, "settings": settings.model_dump(mode="json")}

    async def _verify(self) -> Json:
        await self.slack.delivery.verify()
        return {"ok": True}

    async def _disconnect(self, reason: str) -> Json:
        return {"ok": True, "connections": await self.slack.delivery.sockets.disconnect(reason)}

    def _dismiss(self, user: str, ts: str) -> Json:
        self.slack.workspace.change_ephemeral(user, ts, None)
        return {"ok": True}

    # --- what changes -----------------------------------------------------------------------------------------

    async def _events(self, request: web.Request) -> web.StreamResponse:
        user = request.query.get("user", "U0ASKER")
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        queue = self.slack.workspace.listen()
        self._streams.add(queue)
        try:
            await stream.write(b"retry: 1000\n\n")
            while True:
                try:
                    change = await asyncio.wait_for(queue.get(), _HEARTBEAT_S)
                except TimeoutError:
                    await stream.write(b": still here\n\n")
                    continue
                if change["kind"] == "end":
                    break
                if self._is_for(user, change):
                    await stream.write(f"data: {json.dumps(change)}\n\n".encode())
        except ConnectionError:
            pass
        finally:
            self.slack.workspace.stop_listening(queue)
            self._streams.discard(queue)
        return stream

    def _is_for(self, user: str, change: Json) -> bool:
        if change["for"] is not None:
            return bool(change["for"] == user)
        channel = self.slack.workspace.channels.get(change.get("channel", ""))
        return channel is None or user in channel.members

    async def _end_streams(self, _: Any) -> None:
        for queue in self._streams:
            queue.put_nowait({"kind": "end", "for": None})
        await self.slack.delivery.close()


@web.middleware
async def _same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep other web sites from acting through a visitor's browser."""
    origin = request.headers.get("Origin")
    if origin and request.method != "GET" and origin.split("://")[-1] != request.host:
        return web.json_response({"ok": False, "error": "foreign_origin"}, status=403)
    return await handler(request)
