"""A local Slack for tests: the playground's Slack in a thread of its own, and a toy app written with real Bolt."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.playground.driver import Visitor
from bot.playground.slack import SLACK, make_slack, start
from bot.playground.slack_settings import SlackSettings
from bot.playground.slack_state import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

MANIFEST = {
    "features": {
        "slash_commands": [
            {"command": "/train", "description": "Train a toy", "usage_hint": "[WHAT]", "should_escape": True}
        ],
        "shortcuts": [
            {"name": "Train this", "type": "message", "callback_id": "train_message", "description": "From a message"},
            {"name": "Train something", "type": "global", "callback_id": "train_form", "description": "With a form"},
        ],
    }
}


class LocalSlack:
    """Use in a `with` block. `manifest` None: the project's own."""

    def __init__(self, manifest: dict[str, Any] | None = MANIFEST, **settings: Any) -> None:
        self.url = ""
        self._manifest = manifest
        self._settings = SlackSettings(**settings)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "LocalSlack":
        self._thread.start()
        assert self._ready.wait(20)
        self.visitor = Visitor(self.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(20)

    def client(self, token: str = BOT_TOKEN) -> WebClient:
        """The unmodified client."""
        return WebClient(token, base_url=f"{self.url}/api/", timeout=10)

    def forget_views(self) -> None:
        """Lose every open modal without telling anybody, as a restart does."""
        workspace = self._app[SLACK].workspace
        workspace.views.clear()
        workspace.modals = {user: [] for user in workspace.modals}

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        self._app = make_slack(self._manifest, settings=self._settings)
        runner, port = await start(self._app, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{port}"
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()
        await asyncio.sleep(0.05)  # connections that came while it stopped are closed in the loop's next turns


def text(words: str, kind: str = "plain_text") -> dict[str, str]:
    return {"type": kind, "text": words}


def button(action_id: str, label: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": text(label), **more}


PLAN: list[dict[str, Any]] = [
    {"type": "header", "text": text("Train a toy")},
    {"type": "section", "text": text("*tiny* on `toys`, at most $1", "mrkdwn")},
    {"type": "actions", "elements": [button("yes", "Approve", style="primary", value="7"), button("no", "Reject")]},
]
FORM = {
    "type": "modal",
    "callback_id": "why",
    "title": text("Reject"),
    "submit": text("Send"),
    "notify_on_close": True,
    "private_metadata": "7",
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": text("Why?"),
            "element": {"type": "plain_text_input", "action_id": "why"},
        },
        {
            "type": "input",
            "block_id": "model",
            "label": text("Rather train"),
            "optional": True,
            "element": {"type": "external_select", "action_id": "model", "min_query_length": 1},
        },
    ],
}


class Toy:
    """An app that asks, listens and remembers what it was sent."""

    def __init__(self, slack: LocalSlack, **options: Any) -> None:
        self.app = App(
            client=slack.client(), signing_secret=SIGNING_SECRET, raise_error_for_unhandled_request=False, **options
        )
        self.seen: list[dict[str, Any]] = []
        #: Seconds before an event is acknowledged; used up one by one.
        self.delays: list[float] = []
        self.app.use(self._remember)
        self._listen()

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [body for body in self.seen if body.get("event", body).get("type") == kind]

    def _remember(self, body: dict[str, Any], request: Any, next: Any) -> None:
        self.seen.append(body | {"retry": request.headers.get("x-slack-retry-num", [""])[0]})
        if self.delays:
            time.sleep(self.delays.pop(0))
        next()

    def _listen(self) -> None:
        app = self.app

        @app.command("/train")
        def train(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
            if command["text"] == "help":
                ack("Say *what* to train.")
                return
            ack()
            client.chat_postMessage(channel=command["channel_id"], text="A plan", blocks=PLAN)

        @app.action("yes")
        def yes(ack: Ack, body: dict[str, Any], client: WebClient, respond: Any) -> None:
            ack()
            said = f":tada: approved by <@{body['user']['id']}>"
            client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=said)
            respond(text="Thank you.", replace_original=False, response_type="ephemeral")

        @app.action("no")
        def no(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=FORM)

        @app.view("why")
        def why(ack: Ack, view: dict[str, Any], client: WebClient) -> None:
            values = view["state"]["values"]
            if len(values["why"]["why"]["value"]) < 5:
                ack(response_action="errors", errors={"why": "At least five letters, please."})
                return
            ack()
            model = values["model"]["model"]["selected_option"]
            said = f"Rejected: {values['why']['why']['value']}" + (f", rather {model['value']}" if model else "")
            client.chat_postMessage(channel="C0FINETUNE", text=said)

        @app.options("model")
        def models(ack: Ack, payload: dict[str, Any]) -> None:
            ack(options=[{"text": text(f"{payload['value']}-{size}"), "value": f"m{size}"} for size in (1, 2)])

        @app.event("app_home_opened")
        def home(event: dict[str, Any], client: WebClient) -> None:
            blocks = [{"type": "section", "text": text("No runs yet.", "mrkdwn")}]
            client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

        app.view_closed("why")(_ack)
        app.event("app_mention")(_ack)
        app.event("message")(_ack)
        app.shortcut("train_form")(_ack)
        app.shortcut("train_message")(_ack)

    @contextmanager
    def over_socket(self) -> Iterator["Toy"]:
        """Listen over Socket Mode."""
        # slack_sdk gives a dead socket up after five failed pings: every second instead of every ten
        handler = SocketModeHandler(self.app, APP_TOKEN, ping_interval=1)
        handler.connect()
        try:
            yield self
        finally:
            handler.close()

    @contextmanager
    def over_http(self) -> Iterator[str]:
        """Listen for signed requests; gives the request URL."""
        server = make_server(
            "127.0.0.1", 0, SlackRequestHandler(self.app), server_class=_Threading, handler_class=_Quiet
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/slack/events"
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        return


def _ack(ack: Ack) -> None:
    ack()
