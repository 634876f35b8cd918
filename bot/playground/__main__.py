"""`python -m bot.playground`: the local Slack and the local Hub in one process.

Prints one JSON line with their addresses once both listen; stops on SIGTERM or when its standard input closes, so that
it never outlives whoever started it.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from bot.playground.hub import make_hub
from bot.playground.slack import SlackSettings, make_slack, start


async def serve(options: argparse.Namespace) -> None:
    """Start both, say where, wait for the end."""
    settings = SlackSettings(delivery="http" if options.request_url else "socket", request_url=options.request_url)
    slack, slack_port = await start(make_slack(settings=settings), options.host, options.slack_port)
    page = f"http://{options.host}:{slack_port}/"
    addresses = {"page": page, "slack": f"{page}api/"}
    runners = [slack]
    if not options.no_hub:
        hub, hub_port = await start(make_hub(options.state), options.host, options.hub_port)
        addresses["hub"] = f"http://{options.host}:{hub_port}"
        runners.append(hub)
    print(json.dumps(addresses), flush=True)
    await _ended(watch_stdin=options.watch_stdin)
    for runner in runners:
        await runner.cleanup()


async def _ended(*, watch_stdin: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if watch_stdin:

        def read() -> None:
            if not os.read(sys.stdin.fileno(), 4096):
                stop.set()

        loop.add_reader(sys.stdin, read)
    await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.playground", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--slack-port", type=int, default=0, help="0: any free one")
    parser.add_argument("--hub-port", type=int, default=0, help="0: any free one")
    parser.add_argument("--state", type=Path, required=True, help="folder of the Hub's repositories and jobs")
    parser.add_argument("--request-url", default="", help="deliver by signed HTTP requests to this address")
    parser.add_argument("--no-hub", action="store_true", help="only the local Slack")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when the standard input closes")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
