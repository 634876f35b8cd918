"""How payloads reach the app: Socket Mode over a real websocket, or HTTP with valid signatures; acks and retries.

Knows envelopes, signatures, deadlines and Slack's retry rules. Does not know what the payloads mean.
Sources: docs.slack.dev/apis/events-api and .../apis/events-api/using-socket-mode.
"""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.playground.slack_settings import SlackSettings
from bot.playground.slack_state import APP_ID, SIGNING_SECRET, Json, SlackError

MAX_CONNECTIONS = 10
#: Seconds a connection lives on after it was told to reconnect; the real Slack grants about ten.
_GRACE_S = 10.0
_PATHS = {"events_api": "application/json", "slash_commands": "form", "interactive": "payload"}


@dataclass
class Reply:
    """What the app answered."""

    acked: bool
    #: The ack's own content, such as a response_action; None: an empty ack.
    payload: Json | None = None
    #: Why it was not acknowledged: Slack's word, "" when it was.
    error: str = ""
    #: The app asked for no further tries (X-Slack-No-Retry).
    no_retry: bool = False


@dataclass
class Sent:
    """One line of the delivery log."""

    kind: str
    #: "message", "app_mention", "block_actions", ...
    type: str
    attempt: int
    reason: str
    acked: bool
    error: str
    ms: float
    at: float = field(default_factory=time.time)


@dataclass(eq=False)
class _Connection:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    #: Whether new envelopes may still go there.
    ready: bool = True


class Sockets:
    """The app's websockets. Each envelope goes to one of them, in turn."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._open: list[_Connection] = []
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}
        self._turn = 0
        #: Called when the number of connections changed.
        self.on_change: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return sum(connection.ready for connection in self._open)

    def ticket(self) -> str:
        """Permit one connection."""
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Keep one connection until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="this ticket is unknown or was used")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        if len(self._open) >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        connection = _Connection(socket, request.transport)
        self._open.append(connection)
        self.on_change()
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self),
                "debug_info": {"host": "playground", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": APP_ID},
            }
        )
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._read(message.data)
        finally:
            self._open.remove(connection)
            self.on_change()
        return socket

    def _read(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return
        future = self._waiting.get(answer.get("envelope_id", ""))
        if future is not None and not future.done():
            future.set_result(answer.get("payload"))

    async def send(self, kind: str, payload: Json, attempt: int, reason: str, timeout_s: float) -> Reply:
        ready = [connection.socket for connection in self._open if connection.ready]
        if not ready:
            return Reply(False, error="dispatch_failed")
        self._turn += 1
        envelope_id = str(uuid.uuid4())
        envelope: Json = {"envelope_id": envelope_id, "payload": payload, "type": kind}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        future = self._waiting[envelope_id] = asyncio.get_running_loop().create_future()
        try:
            await ready[self._turn % len(ready)].send_json(envelope)
            return Reply(True, await asyncio.wait_for(future, timeout_s))
        except TimeoutError:
            return Reply(False, error="operation_timeout")
        except ConnectionError:
            return Reply(False, error="dispatch_failed")
        finally:
            del self._waiting[envelope_id]

    async def disconnect(self, reason: str) -> int:
        """Tell every connection to reconnect ("refresh_requested", "warning", "link_disabled"); "drop": cut them off.

        Returns how many there were.
        """
        told = list(self._open)
        for connection in told:
            if reason == "drop":
                connection.ready = False
                if connection.transport is not None:
                    connection.transport.abort()
                continue
            goodbye = {"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}}
            with suppress(ConnectionError):
                await connection.socket.send_json(goodbye)
            if reason != "warning":
                connection.ready = False
                asyncio.get_running_loop().call_later(_GRACE_S, _close_later, connection.socket)
        return len(told)

    async def close(self) -> None:
        for connection in list(self._open):
            await connection.socket.close()


def _close_later(socket: web.WebSocketResponse) -> None:
    if not socket.closed:
        task = asyncio.ensure_future(socket.close())
        task.add_done_callback(lambda _: None)


class Signed:
    """Signed requests to the app's request URL."""

    def __init__(self, settings: SlackSettings) -> None:
        self._settings = settings
        self._client: aiohttp.ClientSession | None = None

    async def send(self, kind: str, payload: Json, attempt: int, reason: str, timeout_s: float) -> Reply:
        if not self._settings.request_url:
            return Reply(False, error="dispatch_failed")
        match _PATHS[kind]:
            case "form":
                body, content_type = urlencode(payload), "application/x-www-form-urlencoded"
            case "payload":
                body = urlencode({"payload": json.dumps(payload)})
                content_type = "application/x-www-form-urlencoded"
            case _:
                body, content_type = json.dumps(payload), "application/json"
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= signature(body, str(int(time.time())))
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        if self._client is None:
            # No connection is kept: a server that was restarted must not cost the next event.
            self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        try:
            async with self._client.post(
                self._settings.request_url,
                data=body.encode(),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                max_redirects=2,
            ) as response:
                text = await response.text()
                if not 200 <= response.status < 300:
                    error = "http_client_error" if response.status < 500 else "http_service_error"
                    return Reply(False, error=error, no_retry=response.headers.get("X-Slack-No-Retry") == "1")
                if not text.strip():
                    return Reply(True)
                if response.content_type == "application/json":
                    return Reply(True, json.loads(text))
                return Reply(True, {"text": text})
        except TimeoutError:
            return Reply(False, error="operation_timeout")
        except aiohttp.TooManyRedirects:
            return Reply(False, error="too_many_redirects")
        except (aiohttp.ClientError, ValueError):
            return Reply(False, error="dispatch_failed")

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def signature(body: str, timestamp: str) -> dict[str, str]:
    """The headers that prove a request comes from Slack (scheme v0)."""
    digest = hmac.new(SIGNING_SECRET.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


#: Slack's words for an event that did not arrive, over HTTP.
_REASONS = {"operation_timeout": "http_timeout", "dispatch_failed": "connection_failed"}


class Delivery:
    """One way out for everything that people do."""

    def __init__(self, settings: SlackSettings) -> None:
        self.settings = settings
        self.sockets = Sockets()
        self.signed = Signed(settings)
        self.log: deque[Sent] = deque(maxlen=1000)
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, kind: str, payload: Json) -> Reply:
        """Deliver once and wait for the ack: commands and interactivity are never sent twice."""
        return await self._send(kind, payload, 0, "")

    def post_event(self, payload: Json) -> None:
        """Deliver an event in the background, again when it is not acknowledged."""
        task = asyncio.get_running_loop().create_task(self._deliver(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def under_way(self) -> int:
        """How many events are being delivered, or wait for their next try."""
        return len(self._tasks)

    async def verify(self) -> None:
        """Do Slack's URL verification handshake with the request URL.

        Raises:
            SlackError: `url_verification_failed`.
        """
        payload = {"token": "playground", "challenge": uuid.uuid4().hex, "type": "url_verification"}
        reply = await self.signed.send("events_api", payload, 0, "", self.settings.ack_timeout_s)
        answer = (reply.payload or {}).get("challenge") or (reply.payload or {}).get("text")
        if answer != payload["challenge"]:
            raise SlackError("url_verification_failed", detail=reply.error or "another challenge came back")

    async def _deliver(self, payload: Json) -> None:
        reason = ""
        for attempt, delay in enumerate((0.0, *self.settings.retry_delays_s)):
            await asyncio.sleep(delay)
            reply = await self._send("events_api", payload, attempt, reason)
            if reply.acked and self.settings.redeliver_every_event and attempt == 0:
                await self._send("events_api", payload, 1, "http_timeout")
            if reply.acked or reply.no_retry:
                return
            reason = _REASONS.get(reply.error, "http_error")

    async def _send(self, kind: str, payload: Json, attempt: int, reason: str) -> Reply:
        way = self.sockets if self.settings.delivery == "socket" else self.signed
        began = time.perf_counter()
        reply = await way.send(kind, payload, attempt, reason, self.settings.ack_timeout_s)
        kind_of = payload.get("event", payload).get("type") or payload.get("command", "")
        ms = (time.perf_counter() - began) * 1000
        self.log.append(Sent(kind, kind_of, attempt, reason, reply.acked, reply.error, round(ms, 1)))
        return reply

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sockets.close()
        await self.signed.close()
