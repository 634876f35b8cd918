"""A killed bot: the run goes on, the thread ends correctly, nothing is bought or said twice."""

import signal
from collections import Counter

import pytest

from bot.demo import CHANNEL
from bot.states import RunStatus
from tests.builders import ASKER
from tests.databases import PostgreSQL
from tests.e2e.workspace import Workspace

pytestmark = pytest.mark.train

LONG = "tiny-qwen3 on tiny-chat, 20 epochs"


@pytest.fixture
def workspace():
    with Workspace() as workspace:
        yield workspace


def kill(workspace: Workspace) -> None:
    workspace.demo.bot.send_signal(signal.SIGKILL)
    workspace.demo.bot.wait()


def assert_ended_well(workspace: Workspace, run) -> None:
    run = workspace.until_final(run)
    assert run.status is RunStatus.SUCCEEDED, workspace.text(run)
    assert len(workspace.jobs()) == 1
    keys = Counter(workspace.keys(run))
    assert {"card", "approved", "end"} <= set(keys)
    assert set(keys.values()) == {1}, keys
    assert run.report.landed.url in workspace.text(run)


def test_kill_9_while_the_job_runs(workspace):
    run = workspace.ask(LONG)
    workspace.approve(run)
    workspace.until(run, lambda now: now.progress.step > 0)
    kill(workspace)
    workspace.demo.start_bot()
    assert_ended_well(workspace, run)


def test_kill_9_right_after_the_approval_and_the_job_ends_meanwhile(workspace):
    run = workspace.ask("tiny-qwen3 on tiny-chat")
    workspace.approve(run)
    kill(workspace)
    workspace.demo.start_bot()
    assert_ended_well(workspace, run)


def test_on_postgresql_a_killed_bot_is_followed_by_another(postgresql: PostgreSQL):
    url = postgresql.make_database(real_clock=True)
    with Workspace(environment={"DATABASE_URL": url}) as workspace:
        run = workspace.ask(LONG)
        workspace.approve(run)
        workspace.until(run, lambda now: now.progress.step > 0)
        workspace.demo.bot.terminate()
        assert workspace.demo.bot.wait(20) == 0, "SIGTERM ends it in order and gives back what it had claimed"
        workspace.demo.start_bot()
        assert_ended_well(workspace, run)
    postgresql.drop_database(url)


def test_a_lost_answer_to_the_submission_buys_one_job(workspace):
    run = workspace.ask("tiny-qwen3 on tiny-chat")
    workspace.misbehave("hub", path="^/api/jobs/tunesmith-lab$", method="POST", kind="drop_after")
    workspace.approve(run)
    run = workspace.until_final(run)
    assert "the submission is uncertain" in " ".join(event.note for event in run.events)
    assert_ended_well(workspace, run)


def test_a_lost_answer_to_a_post_shows_one_message(workspace):
    workspace.misbehave("slack", path="chat.postMessage", kind="drop_after")
    run = workspace.ask("tiny-qwen3 on tiny-chat")
    assert workspace.keys(run) == ["card"]
    assert len(workspace.visitor.messages(CHANNEL)) == 1
    assert run.status is RunStatus.PROPOSED


def test_slack_delivering_everything_twice_changes_nothing(workspace):
    workspace.visitor.settings(redeliver_every_event=True)
    workspace.visitor.say(ASKER, CHANNEL, "<@U0FTBOT> tiny-qwen3 on tiny-chat please")
    workspace.visitor.wait_for(lambda: workspace.store.recent(10), 10)
    run = workspace.store.recent(10)[0]
    run = workspace.until(run, lambda now: now.status is RunStatus.PROPOSED)
    workspace.visitor.say(ASKER, CHANNEL, "make it 2 epochs", thread_ts=workspace.thread_ts(run))
    run = workspace.until(run, lambda now: now.revision == 2 and not now.needs_plan)
    assert len(workspace.store.recent(10)) == 1
    assert run.plan.arguments.num_train_epochs == 2
