"""A whole local workspace for a test: the demo's processes, somebody to act in it, and the bot's rows to look at."""

import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

from slack_sdk import WebClient

from bot.app import utc_now
from bot.demo import CHANNEL, Demo
from bot.models import Run
from bot.playground.driver import Visitor, as_text
from bot.playground.hub_access import TOKEN
from bot.states import FINAL, RunStatus
from handlers.views.buttons import APPROVE
from storage.store import Store
from tests.builders import ASKER, LEAD

Json = dict[str, Any]


class Workspace:
    """Use in a `with` block; arguments are Demo's."""

    def __init__(self, **options: Any) -> None:
        self.demo = Demo(**options)

    def __enter__(self) -> "Workspace":
        self.demo.__enter__()
        self.visitor: Visitor = self.demo.visitor()
        self.store = Store(self.demo.database, utc_now)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.demo.log_tail(60))
        self.store.close()
        self.demo.__exit__(kind, error, trace)

    def ask(self, text: str) -> Run:
        """Type the slash command as the engineer and wait until the thread answers."""
        before = {run.id for run in self.store.recent(100)}
        self.visitor.command(ASKER, CHANNEL, "/finetune", text)
        run = next(run for run in self.store.recent(100) if run.id not in before)
        return self.until(run, lambda now: now.status is not RunStatus.RECEIVED)

    def approve(self, run: Run) -> None:
        card = self.store.delivered(run.id)["card"].ts  # of what goes on from another run: in that one's thread
        self.visitor.click(LEAD, str(card), APPROVE, channel=CHANNEL)

    def until(self, run: Run, predicate: Callable[[Run], bool], timeout_s: float = 60.0) -> Run:
        """Wait until the run is so and Slack shows it."""
        ends = time.monotonic() + timeout_s
        while True:
            now = self.store.get(run.id)
            if predicate(now) and self.store.is_shown(now):
                return now
            assert time.monotonic() < ends, f"after {timeout_s:g} s the run is {now.status}: {now.events[-1]}"
            time.sleep(0.1)

    def until_final(self, run: Run, timeout_s: float = 120.0) -> Run:
        return self.until(run, lambda now: now.status in FINAL, timeout_s)

    def thread_ts(self, run: Run) -> str:
        ts = self.store.get(run.id).place.thread_ts
        assert ts is not None
        return ts

    def thread(self, run: Run) -> list[Json]:
        return self.visitor.messages(CHANNEL, self.thread_ts(run))

    def text(self, run: Run) -> str:
        """The thread as a person reads it."""
        return as_text(self.thread(run))

    def keys(self, run: Run) -> list[str]:
        """The keys of all messages that the bot posted in the run's thread, as their metadata names them."""
        client = WebClient("xoxb-playground", base_url=self.demo.addresses["slack"])
        found = client.conversations_replies(channel=CHANNEL, ts=self.thread_ts(run), include_all_metadata=True)
        return [m["metadata"]["event_payload"]["key"] for m in found["messages"] if m.get("metadata")]

    def jobs(self, namespace: str = "tunesmith-lab") -> list[Json]:
        """All jobs that the local Hub ever had in this namespace."""
        jobs: list[Json] = json.loads(self.fetch(f"{self.hub}/api/jobs/{namespace}"))
        return jobs

    @property
    def hub(self) -> str:
        return self.demo.addresses["hub"]

    def misbehave(self, server: str, **fault: Any) -> None:
        """Switch a fault on: server "hub" or "slack"."""
        base = self.hub if server == "hub" else self.demo.page.rstrip("/")
        self.fetch(f"{base}/_faults", fault)

    def behave(self) -> None:
        for base in (self.hub, self.demo.page.rstrip("/")):
            with urlopen(Request(f"{base}/_faults", method="DELETE"), timeout=10):
                pass

    def fetch(self, url: str, post: Json | None = None) -> str:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        data = json.dumps(post).encode() if post is not None else None
        with urlopen(Request(url, data=data, headers=headers), timeout=10) as answer:
            return answer.read().decode()
