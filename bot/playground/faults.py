"""Misbehaviour on demand, for both local servers: what a network and a busy service do to a client.

A test posts faults to `/_faults`; each applies to the next `times` requests that match. Reliability tests rest on
this, so it acts on the wire: a dropped answer is a closed socket, not an exception.
"""

import asyncio
import re
from typing import Literal

from aiohttp import web
from aiohttp.typedefs import Middleware
from pydantic import BaseModel, ConfigDict

from bot.playground.wire import Handler


class Fault(BaseModel):
    """One way to misbehave."""

    model_config = ConfigDict(extra="forbid")

    #: Regular expression, searched in the request's path.
    path: str
    #: HTTP method; "": any.
    method: str = ""
    #: drop_after: do the work, then close the socket without an answer. drop_before: close it at once. status: answer
    #: `status` without doing the work. hang: wait `seconds`, then do the work. html: do the work, answer a web page.
    #: stale: the work is done, and listings do not show what is younger than `seconds` (the Hub's job list only).
    kind: Literal["drop_after", "drop_before", "status", "hang", "html", "stale"]
    times: int = 1
    status: int = 500
    #: Seconds in the Retry-After header of a "status" fault; None: no header.
    retry_after: float | None = None
    seconds: float = 30.0


class Faults:
    """The faults that are switched on now."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add_to(self, app: web.Application) -> None:
        """Serve /_faults on `app` and put the faults before all its other routes."""
        app.router.add_post("/_faults", self._post)
        app.router.add_delete("/_faults", self._delete)
        app.middlewares.append(self._middleware())

    def stale_s(self, path: str) -> float:
        """How many seconds old something must be to be listed under `path`; not counted down."""
        return max((f.seconds for f in self.active if f.kind == "stale" and re.search(f.path, path)), default=0.0)

    def _take(self, request: web.Request) -> Fault | None:
        for fault in self.active:
            if fault.kind == "stale" or (fault.method and fault.method != request.method):
                continue
            if re.search(fault.path, request.path):
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
                return fault
        return None

    async def _post(self, request: web.Request) -> web.Response:
        self.active.append(Fault.model_validate(await request.json()))
        return web.json_response({"active": len(self.active)})

    async def _delete(self, request: web.Request) -> web.Response:
        self.active.clear()
        return web.json_response({"active": 0})

    def _middleware(self) -> Middleware:
        @web.middleware
        async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
            fault = None if request.path.startswith("/_") else self._take(request)
            if fault is None:
                return await handler(request)
            match fault.kind:
                case "drop_before":
                    return _drop(request)
                case "status":
                    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
                    body = {"ok": False, "error": "ratelimited" if fault.status == 429 else "internal_error"}
                    return web.json_response(body, status=fault.status, headers=headers)
                case "hang":
                    await asyncio.sleep(fault.seconds)
                    return await handler(request)
                case "html":
                    await handler(request)
                    return web.Response(text="<html>We are down for maintenance.</html>", content_type="text/html")
                case "drop_after":
                    await handler(request)
                    return _drop(request)
                case "stale":
                    raise AssertionError("stale faults are not taken")

        return misbehave


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
