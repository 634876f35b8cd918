"""The local Slack with our own app installed: the client that the bot uses, faults on demand, and what was called."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from waitress.server import create_server

from bot.playground.slack_state import APP_TOKEN, BOT_TOKEN
from handlers.web import make_web
from handlers.wire import make_client
from tests.local_slack import LocalSlack


class BotSlack(LocalSlack):
    """Use in a `with` block; `visitor` acts as people."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(manifest=None, **settings)

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def client(self, token: str = BOT_TOKEN) -> WebClient:
        """The bot's own kind of client, which repeats nothing."""
        return make_client(token, self.api_url, 2)

    def fault(self, **fault: Any) -> None:
        """Misbehave; see bot.playground.faults."""
        body = json.dumps(fault).encode()
        with urlopen(Request(f"{self.url}/_faults", body, {"Content-Type": "application/json"}, method="POST")) as it:
            it.read()

    def calls(self, method: str) -> int:
        """How often the bot called a Web API method."""
        return int(self.visitor.deliveries()["calls"].get(method, 0))

    @contextmanager
    def listening(self, app: App, how: str) -> Iterator[None]:
        """Deliver to this app over Socket Mode ("socket"), or by signed requests to its own web server ("http")."""
        if how == "socket":
            handler = SocketModeHandler(app, APP_TOKEN)
            handler.connect()
            try:
                yield
            finally:
                handler.close()
            return
        server = create_server(make_web(app, lambda: True), host="127.0.0.1", port=0, threads=4)
        thread = threading.Thread(target=_run, args=(server,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.effective_port}/slack/events"
        self.visitor.settings(delivery="http", request_url=url)
        try:
            yield
        finally:
            for channel in list(server.active_channels.values()):
                channel.handle_close()  # kept alive by Slack; the server's loop waits for them
            server.close()
            server.task_dispatcher.shutdown()
            server.trigger.close()
            thread.join(10)


def _run(server: Any) -> None:
    try:
        server.run()
    except (OSError, ValueError):
        return  # its socket was closed: the test is over
