"""A Web API that answers by a script: for error codes that the local Slack has no reason to give, and as a sink."""

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class ScriptedSlack:
    """Answers each method with the next of its error codes, then with ok; remembers the calls."""

    def __init__(self) -> None:
        self.errors: dict[str, list[str]] = defaultdict(list)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                scripted.serve(self)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        method = handler.path.strip("/").partition("?")[0]
        is_json = "json" in handler.headers.get("Content-Type", "")
        self.calls.append((method, json.loads(raw) if is_json else {k: v[0] for k, v in parse_qs(raw).items()}))
        error = self.errors[method].pop(0) if self.errors[method] else ""
        # as conversations.open and chat.postMessage answer
        answer = {"ok": True, "ts": f"{len(self.calls)}.000100", "channel": {"id": "D0SCRIPT"}}
        if error:
            answer = {"ok": False, "error": error}
        body = json.dumps(answer).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def __enter__(self) -> "ScriptedSlack":
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]
