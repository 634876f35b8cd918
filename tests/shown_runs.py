"""A workspace with the bot in it and runs in any state, shown in their threads: rows that a test moves as it likes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slack_bolt import App

from bot.models import Log, Place, Run
from bot.playground.slack_state import SIGNING_SECRET
from bot.policy import Policy
from bot.runs import Runs
from bot.states import RunStatus
from handlers import build_app
from handlers.chat import SlackChat
from handlers.pace import Pace
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import (
    ASKER,
    BOT,
    CHANNEL,
    LEAD,
    TEAM,
    make_job,
    make_plan,
    make_progress,
    make_report,
    make_request,
    minutes,
)
from tests.fakes import FakeClock

_S = RunStatus


class ShownRuns:
    """A workspace with the bot and rows that the test moves."""

    def __init__(self, slack: BotSlack, store: Store, clock: FakeClock) -> None:
        self.slack, self.store, self.clock, self.visitor = slack, store, clock, slack.visitor
        self.chat = SlackChat(slack.client(), store, clock, pace=Pace(post_every_s=0), workspace_url=f"{slack.url}/")
        self.log: list[str] | Exception = []
        self.log_ends_early = False
        self.app: App

    def read_log(self, namespace: str, job_id: str, lines: int) -> Log:
        if isinstance(self.log, Exception):
            raise self.log
        return Log(lines=tuple(self.log[-lines:]), starts_late=len(self.log) > lines, ends_early=self.log_ends_early)

    def run(self, status: RunStatus, *, channel: str = CHANNEL, user: str = ASKER, **changes: Any) -> Run:
        """A run that came to this status, shown in its thread."""
        number = len(self.store.recent(100))
        place = Place(team_id=TEAM, channel=channel)
        run = self.store.record_request(f"r{number}", place=place, requester=user, request=make_request())
        assert run is not None
        if status is _S.REFUSED:
            return self.store.advance(run, _S.REFUSED, actor="tunesmith")
        plan = make_plan(output_repo=f"tunesmith-lab/model-{number}")
        later = self.clock() + minutes(60)
        planned: dict[str, Any] = {"plan": plan, "revision": 1, "needs_plan": False, "next_check_at": later}
        run = self.store.advance(run, _S.PROPOSED, actor="tunesmith", **planned)
        if status is not _S.PROPOSED:
            run = self.store.advance(run, _S.APPROVED, actor=LEAD, decided_by=LEAD)
            run = self.store.advance(run, _S.SUBMITTING, actor="tunesmith")
            run = self.store.advance(run, _S.QUEUED, actor="tunesmith", job=make_job(), progress=make_progress())
            run = self.store.advance(run, status, actor="tunesmith", spent_usd=0.25, **changes)
        assert self.chat.show(run)
        return self.store.get(run.id)

    def done(self, **place: Any) -> Run:
        return self.run(_S.SUCCEEDED, report=make_report(), **place)

    def click(self, run: Run, key: str, action: str, user: str = ASKER) -> None:
        self.visitor.click(user, str(self.store.delivered(run.id)[key].ts), action)

    def command(self, words: str, user: str = ASKER) -> str:
        said = self.visitor.command(user, CHANNEL, "/finetune", words)
        return "" if said is None else str(said["text"])

    def told(self, user: str = ASKER) -> dict[str, Any]:
        """The last message that only this person sees."""
        found: dict[str, Any] = self.visitor.wait_for(lambda: self.visitor.ephemerals(user))[-1]
        return found

    def files(self, run: Run) -> list[dict[str, Any]]:
        thread = self.visitor.messages(CHANNEL, run.place.thread_ts)
        return [file for message in thread for file in message.get("files", [])]


@contextmanager
def shown_runs(folder: Path) -> Iterator[ShownRuns]:
    """The whole Slack edge against the local Slack, over signed HTTP."""
    clock = FakeClock(datetime.now(UTC))
    store = Store(f"sqlite:///{folder / 'runs.db'}", clock)
    store.migrate()
    policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}))
    with BotSlack() as slack:
        world = ShownRuns(slack, store, clock)
        app = build_app(
            client=slack.client(), runs=Runs(store, policy), store=store, wake=lambda: None, clock=clock, team_id=TEAM,
            bot_user_id=BOT, signing_secret=SIGNING_SECRET, read_log=world.read_log,
            workspace_url=f"{slack.url}/",
        )  # fmt: skip
        world.app = app
        with slack.listening(app, "http"):
            yield world
    store.close()
