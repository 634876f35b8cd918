"""A Hugging Face Hub on this machine: the parts put together, and a way to start it alone.

It speaks the real protocols to the unmodified huggingface_hub, datasets and transformers: repositories with files and
commits, the dataset viewer, and jobs that are subprocesses. ``python -m bot.playground.hub --port 0 --state DIR``
prints one line of JSON, {"hub": address}, and serves until it is interrupted.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from aiohttp import web

from bot.playground.faults import Faults
from bot.playground.hub_access import USER, Refusal, caller_of, require_user, stamp, tell_refusals, whoami
from bot.playground.hub_chat import ChatRoutes
from bot.playground.hub_jobs import KEEP_ALIVE_S, JobRoutes
from bot.playground.hub_pages import Pages
from bot.playground.hub_repos import RepoRoutes
from bot.playground.hub_runner import Runner
from bot.playground.hub_store import KINDS, RepoStore
from bot.playground.hub_uploads import LFS_OVER_BYTES, UploadRoutes
from bot.playground.hub_viewer import ViewerRoutes

#: The repositories that come with the playground: {models|datasets}/{name}/ with the files as they are on the Hub.
FIXTURES = Path(__file__).with_name("fixtures")

#: A commit travels as one request.
_REQUEST_BYTES = 2 << 30

FAULTS = web.AppKey("faults", Faults)
STORE = web.AppKey("store", RepoStore)
RUNNER = web.AppKey("runner", Runner)


def make_hub(
    state: Path,
    *,
    endpoint: Callable[[], str] | None = None,
    python: str = sys.executable,
    fixtures: Path | None = FIXTURES,
    schedule_s: float = 0.5,
    slots: int = 4,
    lfs_over_bytes: int = LFS_OVER_BYTES,
    keep_alive_s: float = KEEP_ALIVE_S,
) -> web.Application:
    """Make the Hub's application.

    `state` keeps what is uploaded and which jobs ran; a later start goes on from there. `endpoint` gives the address
    that jobs reach this application at; None: the one that they were submitted to. `python` runs the scripts of jobs. A
    job waits `schedule_s` seconds for its machine, and for one of `slots`.
    """
    state.mkdir(parents=True, exist_ok=True)
    store = RepoStore(state)
    for kind in KINDS:
        for folder in sorted((fixtures / kind).glob("*/")) if fixtures else []:
            store.import_folder(kind, f"{USER}/{folder.name}", folder, author=USER)
    faults = Faults()
    runner = Runner(state, python=python, schedule_s=schedule_s, slots=slots)
    jobs = JobRoutes(runner, faults, endpoint=endpoint, keep_alive_s=keep_alive_s)

    app = web.Application(client_max_size=_REQUEST_BYTES)
    app[FAULTS], app[STORE], app[RUNNER] = faults, store, runner
    faults.add_to(app)
    app.middlewares.append(tell_refusals)
    app.on_response_prepare.append(stamp)

    async def who(request: web.Request) -> web.Response:
        return web.json_response(whoami(require_user(request), payers=jobs.payers))

    async def harnesses(request: web.Request) -> web.Response:
        caller_of(request)
        return web.json_response({})

    app.add_routes([web.get("/api/whoami-v2", who), web.get("/api/agent-harnesses", harnesses)])
    jobs.add_to(app)
    UploadRoutes(store, lfs_over_bytes=lfs_over_bytes).add_to(app)
    RepoRoutes(store).add_to(app)
    ViewerRoutes(store).add_to(app)
    ChatRoutes(store).add_to(app)
    app.router.add_route("*", "/api/{rest:.*}", _no_such_api)
    Pages(store, runner).add_to(app)

    async def stop_jobs(_: web.Application) -> None:
        await runner.close()

    app.on_shutdown.append(stop_jobs)
    return app


async def _no_such_api(request: web.Request) -> web.Response:
    caller_of(request)
    raise Refusal(404, "Sorry, we can't find the page you are looking for.")


@contextlib.asynccontextmanager
async def serve(
    state: Path, *, host: str = "127.0.0.1", port: int = 0, python: str = sys.executable
) -> AsyncIterator[str]:
    """Serve the Hub while the block runs; gives its address. Port 0: any free one."""
    runner = web.AppRunner(make_hub(state, python=python), shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    address = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield address
    finally:
        await runner.cleanup()


async def _serve_until_stopped(arguments: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serve(arguments.state, host=arguments.host, port=arguments.port, python=arguments.python) as address:
        print(json.dumps({"hub": address}), flush=True)
        await stopped.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Start the Hub alone."""
    parser = argparse.ArgumentParser(prog="python -m bot.playground.hub", description="A local Hugging Face Hub")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps uploads and jobs")
    parser.add_argument("--python", default=sys.executable, help="runs the scripts of jobs")
    asyncio.run(_serve_until_stopped(parser.parse_args(argv)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
