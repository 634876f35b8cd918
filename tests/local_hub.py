"""A local Hub for tests: the playground's Hub in a thread of its own, and the real client for it."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
from aiohttp import web
from aiohttp.typedefs import Middleware
from huggingface_hub import HfApi

from bot.playground.hub import RUNNER, STORE, make_hub
from bot.playground.hub_access import TOKEN


class LocalHub:
    """Use in a `with` block; arguments are make_hub's, and `middlewares` that see every request first."""

    def __init__(self, state: Path, *, middlewares: Sequence[Middleware] = (), **options: Any) -> None:
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._options = {"schedule_s": 0.05, **options}
        self._state = state
        self._middlewares = middlewares
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "LocalHub":
        self._thread.start()
        assert self._ready.wait(20)
        self.http = httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(20)

    def api(self, token: str | bool = TOKEN) -> HfApi:
        """The unmodified client."""
        return HfApi(endpoint=self.url, token=token)

    def fault(self, **fault: Any) -> None:
        self.http.post("/_faults", json=fault).raise_for_status()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        app = make_hub(self._state, **self._options)
        app.middlewares[:0] = self._middlewares
        self.store, self.runner = app[STORE], app[RUNNER]
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()
        await asyncio.sleep(0.05)  # connections that came while it stopped are closed in the loop's next turns
