"""The Web API under /api/: encodings, tokens, scopes, rate limits, and which function answers which method.

Speaks to an unmodified slack_sdk WebClient. Does not know what the methods do.
"""

import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable

from aiohttp import web

from bot.playground import slack_chat, slack_directory, slack_files, slack_views
from bot.playground.slack_call import Call, Slack
from bot.playground.slack_state import APP_TOKEN, BOT_TOKEN, Json, SlackError

Method = Callable[[Call], Json]

#: Method -> function and the scopes of which one is needed; "" needs none, "app" the app-level token.
METHODS: dict[str, tuple[Method, str]] = {
    "auth.test": (slack_directory.auth_test, ""),
    "apps.connections.open": (slack_directory.open_connection, "app"),
    "assistant.threads.setStatus": (slack_chat.set_status, "assistant:write chat:write"),
    "chat.delete": (slack_chat.delete, "chat:write"),
    "chat.getPermalink": (slack_chat.get_permalink, ""),
    "chat.postEphemeral": (slack_chat.post_ephemeral, "chat:write"),
    "chat.postMessage": (slack_chat.post_message, "chat:write chat:write.public"),
    "chat.update": (slack_chat.update, "chat:write"),
    "conversations.history": (slack_directory.conversations_history, "channels:history groups:history im:history"),
    "conversations.info": (slack_directory.conversations_info, "channels:read groups:read im:read"),
    "conversations.list": (slack_directory.conversations_list, "channels:read groups:read im:read"),
    "conversations.members": (slack_directory.conversations_members, "channels:read groups:read im:read"),
    "conversations.open": (slack_directory.conversations_open, "im:write mpim:write"),
    "conversations.replies": (slack_directory.conversations_replies, "channels:history groups:history im:history"),
    "files.completeUploadExternal": (slack_files.complete_upload, "files:write"),
    "files.getUploadURLExternal": (slack_files.get_upload_url, "files:write"),
    "reactions.add": (slack_chat.add_reaction, "reactions:write"),
    "usergroups.list": (slack_directory.usergroups_list, "usergroups:read"),
    "usergroups.users.list": (slack_directory.usergroup_users, "usergroups:read"),
    "users.info": (slack_directory.users_info, "users:read"),
    "users.list": (slack_directory.users_list, "users:read"),
    "views.open": (slack_views.open_, ""),
    "views.publish": (slack_views.publish, ""),
    "views.push": (slack_views.push, ""),
    "views.update": (slack_views.update, ""),
}

#: Updates a minute in the whole workspace (tier 3); posts a second in one channel.
UPDATES_PER_MINUTE = 50
POSTS_PER_SECOND = 1


class Api:
    """The Web API's front door."""

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        #: "chat.postMessage" -> how often it was called; refused calls count too.
        self.calls: Counter[str] = Counter()
        self.errors: deque[Json] = deque(maxlen=200)
        self._used: dict[str, deque[float]] = defaultdict(deque)

    def add_to(self, app: web.Application) -> None:
        app.router.add_route("*", "/api/{method}", self._serve)
        app.router.add_get("/link/", self.slack.delivery.sockets.serve)
        slack_files.add_to(app, self.slack)

    async def _serve(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls[method] += 1
        headers = {"x-slack-req-id": f"{time.time_ns():x}"}
        if scopes := self.slack.manifest.scopes:
            headers["x-oauth-scopes"] = ",".join(sorted(scopes))
        try:
            arguments = await _arguments(request)
            answer = self._call(method, arguments, _token(request, arguments), f"{request.scheme}://{request.host}")
        except SlackError as error:
            self.errors.append({"method": method, "error": error.error, **error.extra})
            if error.error == "ratelimited":
                headers["Retry-After"] = str(error.extra.pop("retry_after"))
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
            return web.json_response({"ok": False, "error": error.error} | error.extra, headers=headers)
        return web.json_response({"ok": True} | answer, headers=headers)

    def _call(self, method: str, arguments: Json, token: str, base_url: str) -> Json:
        if method not in METHODS:
            raise SlackError("unknown_method", req_method=method)
        function, scopes = METHODS[method]
        if not token:
            raise SlackError("not_authed")
        wanted = APP_TOKEN if scopes == "app" else BOT_TOKEN
        if token not in (APP_TOKEN, BOT_TOKEN):
            raise SlackError("invalid_auth")
        if token != wanted:
            raise SlackError("not_allowed_token_type")
        granted = self.slack.manifest.scopes
        if granted is not None and scopes not in ("", "app") and not granted & set(scopes.split()):
            raise SlackError("missing_scope", needed=scopes.split()[0], provided=",".join(sorted(granted)))
        call = Call(self.slack, arguments, base_url)
        if self.slack.settings.rate_limits:
            self._limit(method, call)
        return function(call)

    def _limit(self, method: str, call: Call) -> None:
        match method:
            case "chat.postMessage" | "chat.postEphemeral":
                name, most, seconds = f"post {call.text('channel')}", POSTS_PER_SECOND, 1.0
            case "chat.update":
                name, most, seconds = method, UPDATES_PER_MINUTE, 60.0
            case _:
                return
        used, now = self._used[name], time.monotonic() * self.slack.settings.rate_speed
        while used and now - used[0] >= seconds:
            used.popleft()
        if len(used) >= most:
            raise SlackError("ratelimited", retry_after=max(1, round(seconds - (now - used[0]))))
        used.append(now)


async def _arguments(request: web.Request) -> Json:
    """Query, form fields and JSON body together.

    Raises:
        SlackError: `invalid_json`, `json_not_object`.
    """
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        text = await request.text()
        try:
            body = json.loads(text or "{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return arguments | body
    return arguments | dict(await request.post())


def _token(request: web.Request, arguments: Json) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() or str(arguments.get("token", ""))
