"""Chat completions of the local Hub: answers that a test scripted, or else those of a small rule.

The rule stands in for a language model that reads by a schema: it finds the repositories of this Hub that the message
names. Wire format: https://huggingface.co/docs/inference-providers/tasks/chat-completion
"""

import asyncio
import json
import re
import time
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from bot.playground.hub_access import caller_of
from bot.playground.hub_store import Kind, RepoStore


class Scripted(BaseModel):
    """One answer, given once."""

    model_config = ConfigDict(extra="forbid")

    #: The message's text: JSON by the schema, or whatever a hostile or broken model writes.
    content: str = ""
    status: int = 200
    #: Seconds before the first byte.
    wait_s: float = 0.0
    #: Seconds between the bytes of the answer; 0: all at once.
    drip_s: float = 0.0


class ChatRoutes:
    """POST /v1/chat/completions; a test scripts it at /_chat and reads there what was asked."""

    def __init__(self, store: RepoStore) -> None:
        self._store = store
        self._script: list[Scripted] = []
        self._asked: list[dict[str, Any]] = []

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/_chat", self._add)
        app.router.add_get("/_chat", self._tell)

    async def _add(self, request: web.Request) -> web.Response:
        self._script += [Scripted.model_validate(answer) for answer in await request.json()]
        return web.json_response({"waiting": len(self._script)})

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response(self._asked)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        caller_of(request)
        body = await request.json()
        self._asked.append(body)
        message = str(body["messages"][-1]["content"])
        answer = self._script.pop(0) if self._script else Scripted(content=self._rule(message))
        await asyncio.sleep(answer.wait_s)
        if answer.status != 200:
            return web.json_response({"error": "the model is not available"}, status=answer.status)
        content = json.dumps(_completion(body, answer.content)).encode()
        if not answer.drip_s:
            return web.Response(body=content, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for byte in content:
            await response.write(bytes([byte]))
            await asyncio.sleep(answer.drip_s)
        return response

    def _rule(self, message: str) -> str:
        """A request when the message names a model and a dataset of this Hub."""
        model, dataset = self._named("models", message), self._named("datasets", message)
        if not model or not dataset:
            return json.dumps({"intent": "nothing"})
        return json.dumps({"intent": "request", "model": model, "dataset": dataset})

    def _named(self, kind: Kind, message: str) -> str | None:
        words = message.lower()
        names = [repo.id for repo in self._store.all(kind)]
        named = [(name, form) for name in names for form in (name, name.partition("/")[2]) if form.lower() in words]
        form = max((form for _, form in named), key=len, default=None)
        return None if form is None else message[(at := words.index(form.lower())) : at + len(form)]


def _completion(body: dict[str, Any], content: str) -> dict[str, Any]:
    words = len(re.findall(r"\w+", content))
    return {
        "id": "chatcmpl-playground",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": str(body.get("model") or "playground"),
        "system_fingerprint": "playground",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 0, "completion_tokens": words, "total_tokens": words},
    }
