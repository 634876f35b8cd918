"""From a run that goes wrong to a model: real jobs on the local Hub, the local Slack, one click each.

The jobs are subprocesses that the real runner started from the real script; what trains in them only pretends to
(tests/pretend_training.py), so that each ends as the test wants and in a second.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bot.hub import HfHub
from bot.hub_http import use_time_limits
from bot.jobs import HfJobs
from bot.models import Run
from bot.observe import Observer
from bot.playground.driver import as_text
from bot.playground.hub_access import TOKEN
from bot.playground.slack_state import SIGNING_SECRET
from bot.policy import Policy
from bot.propose import Proposer
from bot.runs import Runs
from bot.states import FINAL, RunStatus
from bot.watch import Watcher
from bot.ways import checkpoint
from handlers import build_app
from handlers.chat import SlackChat
from handlers.pace import Pace
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, BOT, CHANNEL, GUEST, LEAD, TEAM
from tests.fakes import FakeClock
from tests.local_hub import LocalHub

_S = RunStatus
PRETEND = Path(__file__).parents[1] / "pretend_training.py"
ASK = "tunesmith-lab/tiny-qwen3 on tunesmith-lab/tiny-chat on t4-small"


class Rescue:
    """A workspace whose jobs end as they are told."""

    def __init__(self, slack: BotSlack, hub: LocalHub, folder: Path) -> None:
        self.slack, self.hub, self.visitor = slack, hub, slack.visitor
        self.behaviour = folder / "behaviour"
        self.clock = FakeClock(datetime.now(UTC))
        self.store = Store(f"sqlite:///{folder / 'rescue.db'}", self.clock)
        self.store.migrate()
        policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}))
        jobs = HfJobs(endpoint=hub.url, token=TOKEN, image="uv")
        hf = HfHub(endpoint=hub.url, viewer_url=hub.url, token=TOKEN, timeout_s=5)
        proposer = Proposer(hf, jobs.flavors, policy, default_namespace="tunesmith-lab")
        self.jobs = jobs
        self.watcher = Watcher(
            store=self.store,
            chat=SlackChat(slack.client(), self.store, self.clock, pace=Pace(post_every_s=0)),
            jobs=jobs,
            propose=proposer.propose,
            go_on=proposer.go_on,
            exists=hf.repo_exists,
            observer=Observer(store=self.store, hub=hf, jobs=jobs, clock=self.clock),
            clock=self.clock,
        )
        self.app = build_app(
            client=slack.client(), runs=Runs(self.store, policy), store=self.store, wake=lambda: None,
            clock=self.clock, team_id=TEAM, bot_user_id=BOT, signing_secret=SIGNING_SECRET, read_log=jobs.whole_log,
            workspace_url=slack.url,
        )  # fmt: skip

    def begin(self, *behaviours: str) -> Run:
        """Ask, approve, and let the jobs end like this, one after the other."""
        self.behaviour.write_text("\n".join(behaviours))
        self.visitor.command(ASKER, CHANNEL, "/finetune", ASK)
        return self.approve(self.until(self.newest(), _S.PROPOSED))

    def newest(self) -> Run:
        return self.store.recent(1)[0]

    def approve(self, run: Run) -> Run:
        self.click(run, "card", "finetune.approve")
        return self.until(run, _S.QUEUED, _S.RUNNING, *FINAL)

    def until(self, run: Run, *statuses: RunStatus, so: Callable[[Run], bool] = lambda _: True) -> Run:
        """Tick until it is so; the clock runs with the real one, and a minute for each look."""
        ends = time.monotonic() + 60
        while (now := self.store.get(run.id)).status not in statuses or not so(now):
            assert time.monotonic() < ends, f"{now.status}: {now.events[-3:]} {now.diagnosis}"
            self.clock.now = max(self.clock.now + timedelta(seconds=20), datetime.now(UTC))
            self.watcher.tick()
            time.sleep(0.05)
        self.watcher.tick()
        return self.store.get(run.id)

    def click(self, run: Run, key: str, action: str, user: str = LEAD) -> None:
        """Press a button below one of the run's messages."""
        delivered = self.store.delivered(run.id)[key]
        self.visitor.click(user, str(delivered.ts), action)

    def buttons(self, run: Run, key: str) -> dict[str, str]:
        """Label -> action of the buttons of a message."""
        ts = self.store.delivered(run.id)[key].ts
        thread = self.visitor.messages(thread_ts=self.store.get(run.id).place.thread_ts)
        [message] = [message for message in thread if message["ts"] == ts]
        rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
        return {element["text"]["text"]: element["action_id"] for row in rows for element in row}

    def newer(self, run: Run) -> Run:
        """The run that grew from this one."""

        def grown() -> list[str]:
            return self.store.get(run.id).grown

        found = self.store.find(self.visitor.wait_for(grown)[-1])
        assert found is not None
        return found

    def whispered(self, user: str, words: str) -> str:
        """What only this person is told, with these words in it."""

        def told() -> list[str]:
            return [text for one in self.visitor.ephemerals(user) if words in (text := str(one["text"]))]

        return str(self.visitor.wait_for(told)[-1])

    def text(self, run: Run) -> str:
        return as_text(self.visitor.messages(thread_ts=self.store.get(run.id).place.thread_ts))

    def files(self) -> list[dict[str, Any]]:
        run = self.newest()
        thread = self.visitor.messages(thread_ts=run.place.thread_ts)
        return [file for message in thread for file in message.get("files", [])]


@contextmanager
def rescued(folder: Path, **hub_options: Any) -> Iterator[Rescue]:
    python = folder / "python"
    # the playground's `uv` is `python uv_shim.py run ... train.py`
    last = 'for last in "$@"; do :; done'
    python.write_text(f'#!/bin/sh\n{last}\nexec {sys.executable} {PRETEND} {folder}/behaviour "$last"\n')
    python.chmod(0o755)
    use_time_limits(5.0)
    with LocalHub(folder / "hub", python=str(python), **hub_options) as hub, BotSlack() as slack:
        world = Rescue(slack, hub, folder)
        with slack.listening(world.app, "http"):
            yield world
        world.store.close()


@pytest.fixture
def rescue(tmp_path: Path) -> Iterator[Rescue]:
    with rescued(tmp_path) as world:
        yield world


def test_a_job_that_is_stuck_in_the_queue_is_told_with_a_stop_button_and_costs_nothing(tmp_path: Path) -> None:
    with rescued(tmp_path, slots=0) as rescue:
        run = rescue.begin("ok")
        run = rescue.until(run, _S.QUEUED, so=lambda now: bool(now.alerts))
        assert "for a free t4-small. Waiting costs nothing." in rescue.text(run)
        rescue.click(run, "alert-queued", "finetune.cancel", user=ASKER)
        run = rescue.until(run, *FINAL)
        assert run.status is _S.CANCELED
        assert "it cost nothing" in rescue.text(run)


def test_a_job_that_is_stuck_moves_to_other_hardware_and_only_one_is_ever_paid(tmp_path: Path) -> None:
    with rescued(tmp_path, slots=0) as rescue:
        run = rescue.begin("ok")
        run = rescue.until(run, _S.QUEUED, so=lambda now: bool(now.alerts))
        label, action = next(iter(rescue.buttons(run, "alert-queued").items()))
        assert label.startswith("Switch to ")
        rescue.click(run, "alert-queued", action, user=GUEST)
        assert rescue.newest().id == run.id
        rescue.click(run, "alert-queued", action, user=ASKER)
        new = rescue.until(rescue.newest(), _S.PROPOSED)
        assert rescue.store.get(run.id).status is _S.CANCELED
        assert "it cost nothing" in rescue.text(run)
        assert f"instead of waiting for {run.plan.flavor.name}, whose job is stopped first" in rescue.text(new)
        assert f"Changed from run {run.short_id}" in rescue.text(new)
        assert new.plan.flavor != run.plan.flavor
        assert new.plan.output_repo == run.plan.output_repo
        new = rescue.approve(new)
        assert [job.stage for job in rescue.hub.runner.jobs.values()] == ["CANCELED", "SCHEDULING"]


def test_out_of_memory_one_click_a_new_plan_approved_and_finished(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("oom", "ok"), *FINAL)
    assert (run.status, run.diagnosis.kind) == (_S.FAILED, "cuda_oom")
    assert "Tried to allocate 2.32 GiB" in rescue.text(run)
    offered = rescue.buttons(run, "end")
    label = next(label for label in offered if label.startswith("Batch "))
    assert " · " in label, "each way out has its price"
    rescue.click(run, "end", offered[label], user=ASKER)
    rescue.click(run, "end", offered[label], user=ASKER)
    second = rescue.until(rescue.newest(), _S.PROPOSED)
    assert [found.id for found in rescue.store.recent(5)] == [second.id, run.id], "a double click asks once"
    old, new = run.plan.arguments, second.plan.arguments
    assert new.per_device_train_batch_size * 2 == old.per_device_train_batch_size
    assert new.gradient_accumulation_steps == 2 * old.gradient_accumulation_steps
    assert second.plan.flavor == run.plan.flavor
    assert (new.max_length, second.plan.method, second.plan.rows) == (old.max_length, run.plan.method, run.plan.rows)
    assert f"Changed from run {run.short_id}" in rescue.text(second)
    assert rescue.buttons(rescue.store.get(run.id), "end").keys() == {"Change and ask again", "Log"}
    done = rescue.until(rescue.approve(second), *FINAL)
    assert done.status is _S.SUCCEEDED, rescue.text(done)
    assert "“4”" in rescue.text(done), "the answers of the base and the tuned model are shown"


def test_the_deadline_resume_and_finished(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("deadline", "ok"), *FINAL)
    assert (run.status, run.diagnosis.kind) == (_S.FAILED, "stopped_at_deadline")
    offered = rescue.buttons(run, "end")
    rescue.click(run, "end", offered["Resume from step 20"], user=ASKER)
    rest = rescue.until(rescue.newest(), _S.PROPOSED)
    assert (rest.plan.resume.step, rest.plan.output_repo) == (20, run.plan.output_repo)
    assert rest.plan.arguments == run.plan.arguments
    assert rest.plan.estimate.hours < run.plan.estimate.hours + 0.01
    assert "of which 20 are done" in rescue.text(rest)
    done = rescue.until(rescue.approve(rest), *FINAL)
    assert done.status is _S.SUCCEEDED, rescue.text(done)
    assert (done.progress.step, done.progress.points[0].step) == (40, 21), "the first twenty steps were not done again"


def test_a_rest_that_was_rejected_is_resumed_by_a_word_and_two_people_make_one_plan(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("deadline", "ok"), *FINAL)
    rescue.visitor.say(LEAD, CHANNEL, "resume", thread_ts=run.place.thread_ts)
    rest = rescue.newer(run)
    rescue.click(run, "end", rescue.buttons(run, "end")["Resume from step 20"], user=ASKER)
    told = rescue.whispered(ASKER, f"|run {rest.short_id}> plans it already: <@{LEAD}> asked for it.")
    assert f"/archives/{CHANNEL}/p" in told
    rest = rescue.until(rest, _S.PROPOSED)
    assert (rest.parent.run_id, rest.parent.how, rest.requester) == (run.id, "Resume from step 20", LEAD)
    rescue.click(rest, "card", "finetune.reject")
    [form] = rescue.visitor.wait_for(lambda: rescue.visitor.views(LEAD))
    rescue.visitor.submit(LEAD, form["id"], {"reason": "tomorrow"})
    rest = rescue.until(rest, _S.REJECTED)
    assert "Resume from step 20" in "".join(rescue.buttons(rest, "end"))
    rescue.visitor.say(ASKER, CHANNEL, "please resume from step 10", thread_ts=run.place.thread_ts)
    assert rescue.whispered(ASKER, "is of step 20, not of step 10")
    rescue.visitor.say(ASKER, CHANNEL, "resume with lr 1e-5", thread_ts=run.place.thread_ts)
    assert rescue.whispered(ASKER, "what is resumed cannot be changed")
    rescue.visitor.say(ASKER, CHANNEL, "resume", thread_ts=run.place.thread_ts)
    again = rescue.until(rescue.newer(rest), _S.PROPOSED)
    assert (again.resume, again.parent.run_id) == (rest.resume, rest.id)
    done = rescue.until(rescue.approve(again), *FINAL)
    assert done.status is _S.SUCCEEDED, rescue.text(done)


def test_a_checkpoint_that_is_gone_is_said_before_anybody_approves(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("deadline"), *FINAL)
    hub = HfHub(endpoint=rescue.hub.url, viewer_url=rescue.hub.url, token=TOKEN, timeout_s=5)
    left, output = checkpoint(run), run.plan.output_repo
    assert (hub.checkpoint_step(output, left.commit), hub.checkpoint_step(output, "0" * 40)) == (20, None)
    rescue.hub.http.request("DELETE", "/api/repos/delete", json=_named(run)).raise_for_status()
    rescue.click(run, "end", rescue.buttons(run, "end")["Resume from step 20"])
    rest = rescue.until(rescue.newer(run), *FINAL)
    assert rest.status is _S.REFUSED
    assert "is gone from the Hub, so there is nothing to go on from" in rescue.text(rest)
    assert "Retry from the start" in rescue.buttons(rest, "end")


def _named(run: Run) -> dict[str, str]:
    organization, name = run.plan.output_repo.split("/")
    return {"organization": organization, "name": name, "type": "model"}


def test_what_is_resumed_cannot_be_changed(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("deadline"), *FINAL)
    rescue.click(run, "end", rescue.buttons(run, "end")["Resume from step 20"])
    rest = rescue.until(rescue.newest(), _S.PROPOSED)
    rescue.visitor.say(ASKER, CHANNEL, "use lr 1e-4", thread_ts=rest.place.thread_ts)
    rescue.visitor.wait_for(lambda: rescue.store.get(rest.id).needs_plan)
    rest = rescue.until(rest, _S.PROPOSED, so=lambda now: not now.needs_plan)
    assert "its settings cannot change" in rest.problem.problem
    assert rest.plan.arguments == run.plan.arguments


def test_a_job_that_is_canceled_on_the_hub_is_told_and_can_be_asked_for_again(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("hang"), _S.RUNNING)
    rescue.hub.http.post(f"/api/jobs/tunesmith-lab/{run.job.id}/cancel").raise_for_status()
    run = rescue.until(run, *FINAL)
    assert run.status is _S.CANCELED
    assert "The job was stopped on the Hub, not from Slack" in rescue.text(run)
    assert "Retry from the start" in "".join(rescue.buttons(run, "end"))


def test_a_job_that_is_run_again_on_the_hub_is_told_and_left_alone(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("hang", "hang"), _S.RUNNING)
    copy = rescue.hub.http.post(f"/api/jobs/tunesmith-lab/{run.job.id}/duplicate").json()
    run = rescue.until(run, _S.RUNNING, so=lambda now: copy["id"] in str(now.events))
    assert "started again on the Hub, not from Slack" in rescue.text(run)
    assert rescue.hub.runner.jobs[copy["id"]].stage == "RUNNING"


def test_nan_says_so_offers_a_smaller_rate_and_no_retry_as_it_was(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("nan"), *FINAL)
    assert (run.status, run.diagnosis.kind) == (_S.FAILED, "nan_loss")
    assert any(key.startswith("alert-") for key in rescue.store.delivered(run.id))
    offered = rescue.buttons(run, "end")
    assert any(label.startswith("Learning rate ") for label in offered)
    assert not any(label.startswith(("Retry", "Resume")) for label in offered)


def test_the_log_comes_as_a_file_without_secrets(rescue: Rescue) -> None:
    run = rescue.until(rescue.begin("oom"), *FINAL)
    rescue.click(run, "end", "finetune.logs", user=ASKER)
    [file] = rescue.visitor.wait_for(rescue.files)
    with urlopen(file["url_private"]) as answer:
        content = answer.read().decode()
    assert file["name"] == f"{run.short_id}.log"
    assert "OutOfMemoryError" in content
    assert TOKEN not in content
    assert "@@TUNESMITH" not in content
