"""The local Slack, put together: Web API, delivery, page. `python -m bot.playground.slack` starts it alone.

Knows every part and wires them. Speaks Slack's real protocols to unmodified slack_sdk and slack-bolt.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web

from bot.manifest import read_manifest
from bot.playground.faults import Faults
from bot.playground.slack_api import Api
from bot.playground.slack_call import Slack
from bot.playground.slack_delivery import Delivery
from bot.playground.slack_hooks import Hooks, Triggers
from bot.playground.slack_manifest import Manifest
from bot.playground.slack_page import Page
from bot.playground.slack_people import People
from bot.playground.slack_settings import SlackSettings
from bot.playground.slack_state import Workspace

__all__ = ["SLACK", "SlackSettings", "make_slack", "start"]

#: For tests in the same process.
SLACK = web.AppKey("slack", Slack)

_MAX_BODY = 32 * 1024**2


def make_slack(
    manifest: Mapping[str, Any] | None = None,
    *,
    settings: SlackSettings | None = None,
    faults: Faults | None = None,
) -> web.Application:
    """Make the whole server. `manifest` None: the project's own manifest.yml."""
    app = web.Application(client_max_size=_MAX_BODY)
    (faults or Faults()).add_to(app)
    settings = settings or SlackSettings()
    installed = Manifest.from_dict(read_manifest() if manifest is None else manifest)
    workspace, delivery = Workspace(), Delivery(settings)
    hooks = Hooks(workspace)
    people = People(workspace, delivery, installed, Triggers(settings), hooks)
    slack = Slack(workspace, people, delivery, installed, settings)
    app[SLACK] = slack
    api = Api(slack)
    api.add_to(app)
    hooks.add_to(app)
    Page(slack, api).add_to(app)
    return app


async def start(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Serve; returns the runner (to clean up) and the port that it got."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    return runner, int(runner.addresses[0][1])


async def _main(host: str, port: int) -> None:
    runner, port = await start(make_slack(), host, port)
    shown = f"http://{host}:{port}/"
    print(json.dumps({"slack": f"{shown}api/", "page": shown}), flush=True)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="A local Slack: a web page, and Slack's protocols for an app.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one")
    options = parser.parse_args()
    asyncio.run(_main(options.host, options.port))


if __name__ == "__main__":
    main()
