"""A server of prepared answers: for what the local Hub never says."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Documents:
    """Path -> (status, headers, body). Use in a `with` block; remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.queries: list[dict[str, list[str]]] = []
        self.tokens: list[str | None] = []
        documents = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                documents.asked.append(path)
                documents.queries.append(parse_qs(urlsplit(self.path).query))
                documents.tokens.append(self.headers.get("Authorization"))
                status, headers, body = documents.answers.get(path, (404, {"X-Error-Code": "RepoNotFound"}, b"{}"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Documents":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, body: Any, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
