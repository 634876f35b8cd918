"""The bot's own little web server: Slack's requests in HTTP mode, and /healthz in both modes.

Looks at every request before Bolt does: what is too large or cannot be Slack's is refused in one line, since Bolt
would log the whole body of an unsigned request and answer some malformed ones with a traceback.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler

EVENTS_PATH = "/slack/events"
#: Slack's largest payloads are far below this. Bytes.
MAX_BODY = 1_000_000

_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"\d{10}")


def make_web(app: App | None, healthy: Callable[[], bool]) -> WSGIApplication:
    """Make the WSGI application. `app` None: Socket Mode, only /healthz is served."""
    slack: Any = SlackRequestHandler(app, path=EVENTS_PATH) if app else None

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            return _answer(
                start, *(("200 OK", "ok") if healthy() else ("503 Service Unavailable", "the watcher stands"))
            )
        if slack is None or path != EVENTS_PATH or environ.get("REQUEST_METHOD") != "POST":
            return _answer(start, "404 Not Found", "nothing here")
        if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            return _answer(start, "413 Content Too Large", "too large")
        if not _SIGNATURE.fullmatch(environ.get("HTTP_X_SLACK_SIGNATURE", "")) or not _TIMESTAMP.fullmatch(
            environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "")
        ):
            return _answer(start, "401 Unauthorized", "not signed by Slack")
        answer: Iterable[bytes] = slack(environ, start)
        return answer

    return serve


def _answer(start: StartResponse, status: str, text: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))])
    return [text.encode()]
