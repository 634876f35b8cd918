"""The Slack edge whole: people at the local Slack, the real app behind it, over Socket Mode and over signed HTTP.

The watcher is played by the test: it advances the row and shows it.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.models import Run
from bot.playground.slack_state import SIGNING_SECRET
from bot.policy import Policy
from bot.runs import Runs
from bot.states import RunStatus
from handlers import build_app
from handlers.chat import SlackChat
from handlers.pace import Pace
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, BOT, CHANNEL, GUEST, LEAD, TEAM, make_job, make_plan, make_progress, minutes
from tests.fakes import FakeClock

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat"


class World:
    """A workspace with the bot in it."""

    def __init__(self, slack: BotSlack, store: Store, clock: FakeClock) -> None:
        self.slack, self.store, self.clock = slack, store, clock
        self.visitor = slack.visitor
        self.chat = SlackChat(slack.client(), store, clock, pace=Pace(post_every_s=0))

    def ask(self) -> Run:
        said = self.visitor.command(ASKER, CHANNEL, "/finetune", ASK)
        assert said is not None
        assert said["text"].startswith("On it")
        return self.store.recent(1)[0]

    def propose(self, run: Run) -> str:
        """What the watcher does next; returns the card's ts."""
        due = self.clock() + minutes(60)
        changes = {"plan": make_plan(), "revision": 1, "needs_plan": False, "next_check_at": due}
        self.show(self.store.advance(run, _S.PROPOSED, actor="tunesmith", **changes))
        return str(self.visitor.messages()[-1]["ts"])

    def show(self, run: Run) -> None:
        assert self.chat.show(self.store.get(run.id)) is True

    def told(self, user: str) -> str:
        """The last message that only this person sees."""
        self.visitor.wait_for(lambda: self.visitor.ephemerals(user))
        return str(self.visitor.ephemerals(user)[-1]["text"])


@pytest.fixture(params=["socket", "http"])
def world(request: pytest.FixtureRequest, tmp_path) -> Iterator[World]:
    clock = FakeClock(datetime.now(UTC))
    store = Store(f"sqlite:///{tmp_path / 'walk.db'}", clock)
    store.migrate()
    policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}), self_approve_usd=1)
    with BotSlack() as slack:
        app = build_app(
            client=slack.client(), runs=Runs(store, policy), store=store, wake=lambda: None, clock=clock, team_id=TEAM,
            bot_user_id=BOT, signing_secret=SIGNING_SECRET,
        )  # fmt: skip
        with slack.listening(app, request.param):
            yield World(slack, store, clock)
    store.close()


def test_ask_refuse_the_wrong_people_approve_train_and_read_the_thread(world):
    run = world.ask()
    card = world.propose(run)
    world.visitor.click(GUEST, card, "finetune.approve")
    assert "Guests can read along" in world.told(GUEST)
    world.visitor.click(ASKER, card, "finetune.approve")
    assert "somebody else must approve it" in world.told(ASKER)
    world.visitor.click(LEAD, card, "finetune.approve")
    run = world.store.get(run.id)
    assert (run.status, run.decided_by) == (_S.APPROVED, LEAD)
    run = world.store.advance(run, _S.SUBMITTING, actor="tunesmith")
    run = world.store.advance(run, _S.QUEUED, actor="tunesmith", job=make_job(started_at=None, running_s=None))
    run = world.store.advance(run, _S.RUNNING, actor="tunesmith", job=make_job(), progress=make_progress())
    world.show(run)
    assert len(world.visitor.messages()) == 1
    assert "step 220 of 525" in world.visitor.messages()[0]["text"]
    replies = len(world.visitor.messages(thread_ts=card))
    world.visitor.say(ASKER, CHANNEL, "status", thread_ts=card)
    world.visitor.wait_for(lambda: len(world.visitor.messages(thread_ts=card)) == replies + 2)
    assert "step 220 of 525" in world.visitor.messages(thread_ts=card)[-1]["text"]
    world.visitor.click(LEAD, card, "finetune.cancel")
    assert world.store.get(run.id).cancel_requested_by == LEAD


def test_reject_with_a_reason_from_the_form(world):
    run = world.ask()
    card = world.propose(run)
    world.visitor.click(LEAD, card, "finetune.reject")
    [form] = world.visitor.views(LEAD)
    assert form["title"]["text"] == "Reject plan 1"
    world.visitor.submit(LEAD, form["id"], {"reason": "Use LoRA <!channel> first"})
    assert world.visitor.views(LEAD) == []
    world.show(run)
    shown = world.visitor.messages()[0]
    assert "Reason: “Use LoRA &lt;!channel&gt; first”" in shown["text"]
    assert "finetune.approve" not in json.dumps(shown["blocks"])


def test_reject_without_a_reason_as_the_page_sends_an_empty_form(world):
    run = world.ask()
    card = world.propose(run)
    world.visitor.click(LEAD, card, "finetune.reject")
    [form] = world.visitor.views(LEAD)
    # the page keeps a place for each block, and here block and element have the same name
    world.visitor.submit(LEAD, form["id"], {"reason": {}})
    assert world.store.get(run.id).reason == ""
    world.show(run)
    assert "No reason was given." in world.visitor.messages()[0]["text"]


def test_a_mention_is_answered_in_its_thread_and_a_reply_approves(world):
    parent = world.visitor.say(ASKER, CHANNEL, f"<@{BOT}> {ASK}")
    world.visitor.wait_for(lambda: len(world.store.recent()) == 1)
    [run] = world.store.recent()
    assert run.place.thread_ts == parent
    world.propose(run)
    assert len(world.visitor.messages(thread_ts=parent)) == 2
    world.visitor.say(LEAD, CHANNEL, "approve", thread_ts=parent)
    world.visitor.wait_for(lambda: world.store.get(run.id).status is _S.APPROVED)


def test_the_home_tab_is_drawn_when_it_is_opened(world):
    run = world.ask()
    world.propose(run)
    world.visitor.open_home(LEAD)
    world.visitor.wait_for(lambda: world.visitor.home(LEAD))
    assert run.short_id in json.dumps(world.visitor.home(LEAD))


def test_why_opens_a_window_and_a_switch_asks_for_a_new_plan(world):
    run = world.ask()
    card = world.propose(run)
    world.visitor.click(ASKER, card, "finetune.why")
    window = world.visitor.wait_for(lambda: world.visitor.views(ASKER))[0]
    assert window["title"]["text"] == "Why plan 1"
    assert "12.40 GiB  at the peak" in json.dumps(window, ensure_ascii=False)
    world.visitor.click(ASKER, card, "finetune.switch.0")
    world.visitor.wait_for(lambda: world.store.get(run.id).needs_plan)
    assert world.store.get(run.id).request.hardware == "t4-small"
