"""From the command to a verified model, with real clients, real servers and real training."""

import os
import re
import time
from collections.abc import Iterator

import pytest

from bot.models import Method
from bot.playground.hub_access import TOKEN
from bot.states import RunStatus
from tests.builders import ASKER, LEAD
from tests.e2e.workspace import Workspace
from tests.local_hub import LocalHub

pytestmark = pytest.mark.train

#: The walk from command to verified link may take so long on a machine that has a core for whatever wants to run.
#: Seconds; of them a second is spent before each message, which is Slack's own rate.
LIMIT_S = 60.0
#: A walk that takes longer has failed however busy the machine is. Seconds.
HANGS_S = 300.0


def limit_s() -> float:
    """What this walk may take: where others wait for the cores too, the limit grows with the share that it gets."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)  # mean of the last minute, the walk's own load included
    return min(HANGS_S, LIMIT_S * max(1.0, waiting))


@pytest.fixture(scope="module", params=["socket", "http"])
def workspace(request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """The same bot, reached by Socket Mode and by signed HTTP requests."""
    with Workspace(delivery=request.param) as workspace:
        yield workspace


@pytest.mark.parametrize(
    ("text", "method", "metric"),
    [
        ("tiny-qwen3 on tiny-chat", Method.SFT, "loss"),
        ("tiny-qwen3 on tiny-preferences", Method.DPO, "loss"),
        ("tiny-qwen3 on tiny-math with grpo", Method.GRPO, "reward"),
    ],
    ids=["sft", "dpo", "grpo"],
)
def test_a_command_becomes_a_trained_and_verified_model(workspace, text, method, metric):
    started = time.monotonic()
    run = workspace.ask(text)
    assert (run.status, run.plan.method) == (RunStatus.PROPOSED, method)
    workspace.approve(run)
    run = workspace.until_final(run, HANGS_S)
    took, allowed = time.monotonic() - started, limit_s()
    print(
        f"{method.value}: {metric} {run.progress.first:.4g} -> {run.progress.last:.4g} in {took:.0f} of {allowed:.0f} s"
    )

    assert run.status is RunStatus.SUCCEEDED, workspace.text(run)
    assert run.progress.metric == metric
    assert run.progress.last < run.progress.first if metric == "loss" else run.progress.last > run.progress.first
    assert took < allowed

    said = workspace.text(run)
    assert run.report.landed.url in said
    assert f"{run.progress.first:.4g}" in said
    assert run.plan.output_repo in workspace.fetch(run.report.landed.url)
    assert [event.actor for event in run.events if event.status is RunStatus.APPROVED] == [LEAD]
    assert run.requester == ASKER
    labels = [job["labels"] for job in workspace.jobs() if job["labels"]["run"] == run.id]
    assert [label["digest"] for label in labels] == [run.plan.digest]


def test_no_token_is_in_any_message_or_log(workspace):
    for run in workspace.store.recent(10):
        assert not re.search(r"hf_playground|xoxb-|xapp-", workspace.text(run))
    assert "hf_playground" not in (workspace.demo.state / "bot.log").read_text()


def test_the_real_hub_is_whatever_the_environment_says(tmp_path, monkeypatch):
    """`--hub real` with a Hub of its own in the real one's place: only the page belongs to the demo."""
    with LocalHub(tmp_path) as hub:
        for name, value in {"HF_TOKEN": TOKEN, "HF_ENDPOINT": hub.url, "DATASET_VIEWER_URL": hub.url}.items():
            monkeypatch.setenv(name, value)
        with Workspace(hub="real") as workspace:
            run = workspace.ask("tiny-qwen3 on tiny-chat")
            assert "hub" not in workspace.demo.addresses
            assert run.status is RunStatus.PROPOSED
            workspace.approve(run)
            run = workspace.until_final(run)
            assert run.status is RunStatus.SUCCEEDED, workspace.text(run)
            assert run.report.landed.url.startswith(hub.url)
