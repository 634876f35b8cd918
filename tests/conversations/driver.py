"""A channel with the whole bot in it, told the way people live it: somebody says, the bot answers, time passes.

The Bolt app, signed HTTP from the local Slack, the watcher and SQLite are the real ones; the Hub and its jobs are the
stateful fakes. After every act the driver waits until Slack's deliveries are acknowledged, lets the watcher tick and
the thread settle: a test reads like the thread itself.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slack_bolt import BoltRequest

from bot.models import JobStage, Run
from bot.observe import Observer
from bot.playground.slack_state import SIGNING_SECRET
from bot.policy import Policy
from bot.ports import LanguageModel
from bot.propose import Proposer
from bot.runs import Runs
from bot.states import RunStatus
from bot.watch import Watcher
from handlers import build_app
from handlers.chat import SlackChat
from handlers.pace import Pace
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, BOT, CHANNEL, GUEST, LEAD, TEAM, make_dataset_info, make_model_info
from tests.fakes import FakeClock, FakeHub, FakeJobs
from tests.world import begin, logged

#: No act of a conversation takes more.
_TICKS = 12
MODEL, DATASET = "Qwen/Qwen3-0.6B", "tunesmith-lab/tiny-chat"


class Conversation:
    """One channel, one bot, and what is known of the thread that is talked in."""

    def __init__(self, slack: BotSlack, folder: Path, *, language_model: LanguageModel | None = None) -> None:
        self.slack, self.visitor = slack, slack.visitor
        # Slack's own times are real; a plan must not look younger than the words that approve it
        self.clock = FakeClock(datetime.now(UTC))
        self.store = Store(f"sqlite:///{folder / 'conversation.db'}", self.clock)
        self.store.migrate()
        self.hub, self.jobs = FakeHub(), FakeJobs(self.clock)
        self.hub.models[MODEL] = make_model_info()
        self.hub.datasets[DATASET] = make_dataset_info()
        self.policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}))
        self.watcher = Watcher(
            store=self.store,
            chat=SlackChat(slack.client(), self.store, self.clock, pace=Pace(post_every_s=0)),
            jobs=self.jobs,
            propose=Proposer(self.hub, self.jobs.flavors, self.policy).propose,
            go_on=Proposer(self.hub, self.jobs.flavors, self.policy).go_on,
            exists=self.hub.repo_exists,
            observer=Observer(store=self.store, hub=self.hub, jobs=self.jobs, clock=self.clock),
            clock=self.clock,
        )
        self.app = build_app(
            client=slack.client(), runs=Runs(self.store, self.policy), store=self.store, wake=lambda: None,
            clock=self.clock, team_id=TEAM, bot_user_id=BOT, signing_secret=SIGNING_SECRET,
            language_model=language_model,
        )  # fmt: skip
        #: The thread's parent; "": nobody has begun one.
        self.thread = ""
        self._heard = 0
        self._told: dict[str, int] = {}

    # --- what people do

    def asks(self, words: str, user: str = ASKER, *, mention: bool = True) -> str:
        """Begin a thread with a message to the bot; returns its ts."""
        self._told = {person: len(self.visitor.ephemerals(person)) for person in (ASKER, LEAD, GUEST)}
        self.thread = self.visitor.say(user, CHANNEL, f"<@{BOT}> {words}" if mention else words)
        self._heard = 0
        self.settle()
        return self.thread

    def commands(self, words: str, user: str = ASKER) -> None:
        """Use the slash command in the channel: the card that comes of it begins the thread."""
        self.visitor.command(user, CHANNEL, "/finetune", words)
        self.settle()
        [run] = self.store.recent(1)
        self.thread = run.place.thread_ts or ""
        self._heard = 0

    def says(self, words: str, user: str = ASKER) -> str:
        """Reply in the thread, without a mention; returns the reply's ts."""
        ts = self.visitor.say(user, CHANNEL, words, thread_ts=self.thread)
        self.settle()
        return ts

    def edits(self, ts: str, words: str, user: str = ASKER) -> None:
        self.visitor.edit(user, CHANNEL, ts, words)
        self.settle()

    def deletes(self, ts: str, user: str = ASKER) -> None:
        self.visitor.delete(user, CHANNEL, ts)
        self.settle()

    def clicks(self, button: dict[str, Any], user: str = LEAD) -> None:
        """Press a button; one that its message no longer has is pressed in a window that still shows it."""
        if any(
            button["value"] == shown["value"] and button["action_id"] == shown["action_id"] for shown in self.buttons()
        ):
            self.visitor.click(user, button["ts"], button["action_id"], value=button["value"])
        else:
            self._click_late(button, user)
        self.settle()

    def _click_late(self, button: dict[str, Any], user: str) -> None:
        action = {key: button[key] for key in ("action_id", "value")} | {"type": "button", "block_id": "decision"}
        payload = {
            "type": "block_actions", "trigger_id": "1.late", "response_url": f"{self.slack.url}/_late",
            "team": {"id": TEAM}, "user": {"id": user, "team_id": TEAM}, "channel": {"id": CHANNEL},
            "message": {"ts": button["ts"]}, "container": {"type": "message"}, "actions": [action],
        }  # fmt: skip
        self.app.dispatch(BoltRequest(body=payload, mode="socket_mode"))

    def form(self, user: str = ASKER) -> dict[str, Any]:
        """The form that this person has open now, as it was opened or changed last."""
        self.settle()
        views = self.visitor.views(user)
        assert views, f"{user} has no form open"
        return views[-1]

    def sends(self, user: str = ASKER, **values: str) -> dict[str, str]:
        """Fill in fields of the open form and send it; returns what Slack shows below the fields."""
        answer = self.visitor.submit(user, self.form(user)["id"], values)
        self.settle()
        return dict(answer.get("errors", {}))

    def button(self, label: str) -> dict[str, Any]:
        """The newest button of the thread that begins with these words."""
        found = [button for button in self.buttons() if button["label"].startswith(label)]
        assert found, f"no button “{label}” among {[button['label'] for button in self.buttons()]}"
        return found[-1]

    def buttons(self) -> list[dict[str, Any]]:
        return [
            {"ts": message["ts"], "label": element["text"]["text"], **element}
            for message in self.messages()
            for block in message.get("blocks", [])
            if block["type"] == "actions"
            for element in block["elements"]
        ]

    # --- what time does

    def settle(self) -> None:
        """Let every delivery arrive and the watcher work until nothing changes any more."""
        before: list[tuple[str, int]] = []
        for _ in range(_TICKS):
            self.visitor.wait_for(lambda: not self.visitor.deliveries()["under_way"], every_s=0.01)
            self.watcher.tick()
            now = [(run.id, run.version) for run in self.store.recent()]
            if now == before:
                return
            before = now
        raise AssertionError(f"something still changes after {_TICKS} ticks: {before}")

    def waits_for(self, happens: Callable[[], object]) -> None:
        """Let a second reading come to its end, which nobody acknowledges, and everything that follows from it."""
        self.visitor.wait_for(happens, every_s=0.02)
        self.settle()

    def pass_minutes(self, minutes: float) -> None:
        self.clock.pass_minutes(minutes)
        self.settle()

    def trains(self) -> None:
        """The Hub starts the job and reports its first steps."""
        [job] = [job for job in self.jobs.jobs.values() if job.stage is JobStage.SCHEDULING]
        self.jobs.set_stage(job.id, JobStage.RUNNING, begin(100), logged(10, 2.0), logged(20, 1.8), running_s=60.0)
        self.pass_minutes(1)

    # --- what is seen

    @property
    def run(self) -> Run:
        """The newest run of the thread."""
        found = self.store.by_thread(CHANNEL, self.thread)
        assert found is not None, "this thread has no run"
        return found

    @property
    def status(self) -> RunStatus:
        return self.run.status

    def messages(self) -> list[dict[str, Any]]:
        return self.visitor.messages(thread_ts=self.thread)

    def card(self) -> str:
        """What the run's card says, as it is read aloud."""
        ts = self.store.delivered(self.run.id)["card"].ts
        return next(message["text"] for message in self.messages() if message["ts"] == ts)

    def new(self) -> list[str]:
        """What the bot wrote in the thread since this was last asked, as it is read aloud."""
        replies = [message["text"] for message in self.messages() if message["user"] == BOT]
        before, self._heard = self._heard, len(replies)
        return replies[before:]

    def told(self, user: str = ASKER) -> list[str]:
        """What only this person was shown since this was last asked."""
        texts = [str(message["text"]) for message in self.visitor.ephemerals(user)]
        before, self._told[user] = self._told.get(user, 0), len(texts)
        return texts[before:]
