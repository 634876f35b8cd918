"""Runs that go wrong with the real trainer, told and rescued through the whole product.

tests/conversations/test_rescue.py walks the same ways in seconds with trainings that only pretend; here the script, TRL
and the checkpoints are real. What a job lacks is time: its machine is one that began long ago (`Machine`).
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo import CHANNEL
from bot.models import Run
from bot.models.job import ENDING_S
from bot.states import RunStatus
from tests.builders import ASKER
from tests.e2e.workspace import Workspace

pytestmark = pytest.mark.train

_S = RunStatus
#: A busy machine may take so long for one training. Seconds.
PATIENCE_S = 300.0
#: Some hundred steps of about 15 ms: long enough to be caught in the act, short enough to be finished.
LONG = "tiny-qwen3 on tiny-chat, 30 epochs, save every 80 steps"


class Machine:
    """What the jobs' machines are like: the `date` that their shell asks for the time at which the job began."""

    def __init__(self, folder: Path) -> None:
        self._ago = folder / "ago"
        program = folder / "date"
        program.write_text(f'#!/bin/sh\nnow=$(/bin/date +%s)\necho $((now - $(cat "{self._ago}")))\n')
        program.chmod(0o755)
        self.began_ago(0)

    def began_ago(self, seconds: int) -> None:
        """The next jobs begin this much before they do: installing their packages took so long."""
        self._ago.write_text(str(seconds))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    # the local Hub's jobs inherit the way to programs and nothing else
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Machine(tmp_path)


@pytest.fixture
def workspace(machine: Machine) -> Iterator[Workspace]:
    with Workspace() as workspace:
        yield workspace


def buttons(workspace: Workspace, run: Run) -> dict[str, tuple[str, str, str]]:
    """Label -> message, action and value of the buttons in the run's thread."""
    return {
        element["text"]["text"]: (message["ts"], element["action_id"], element["value"])
        for message in workspace.thread(run)
        for block in message.get("blocks", [])
        if block["type"] == "actions"
        for element in block["elements"]
    }


def resume(workspace: Workspace, run: Run) -> Run:
    """Press the thread's Resume button, and wait for the plan of the rest."""
    label = next(label for label in buttons(workspace, run) if label.startswith("Resume from step "))
    ts, action, value = buttons(workspace, run)[label]
    workspace.visitor.click(ASKER, ts, action, channel=CHANNEL, value=value)
    rest: Run = workspace.visitor.wait_for(lambda: next((r for r in workspace.store.recent(5) if r.id != run.id), None))
    rest = workspace.until(rest, lambda now: now.status is not _S.RECEIVED)
    assert rest.status is _S.PROPOSED, workspace.text(rest)
    assert rest.plan is not None
    assert rest.plan.resume is not None
    assert label == f"Resume from step {rest.plan.resume.step:,}"
    assert rest.plan.output_repo == (run.plan and run.plan.output_repo)
    return rest


def events(workspace: Workspace, run: Run, name: str) -> list[dict[str, Any]]:
    """What the script of the run's job said, whole: the bot keeps only what it shows."""
    assert run.job is not None
    stream = workspace.fetch(f"{workspace.hub}/api/jobs/{run.job.namespace}/{run.job.id}/logs")
    lines = [json.loads(line.removeprefix("data:"))["data"] for line in stream.splitlines() if line.startswith("data:")]
    told = [json.loads(line.split("@@TUNESMITH ", 1)[1]) for line in lines if "@@TUNESMITH {" in line]
    return [event for event in told if event["ev"] == name]


def finishes(workspace: Workspace, rest: Run) -> None:
    """Approve the rest and see that it is the rest, and that what landed is verified."""
    assert rest.plan is not None
    assert rest.plan.resume is not None
    workspace.approve(rest)
    done = workspace.until_final(rest, PATIENCE_S)
    assert done.status is _S.SUCCEEDED, workspace.text(done)
    print(f"stopped at step {rest.plan.resume.step} of {done.progress.max_steps}")
    [begin] = events(workspace, done, "begin")
    assert begin["step"] == rest.plan.resume.step
    assert events(workspace, done, "log")[0]["step"] > rest.plan.resume.step
    assert done.progress.step == done.progress.max_steps
    assert done.report is not None
    assert done.report.landed.url in workspace.text(done)
    assert done.progress.after["eval_loss"] < done.progress.before["eval_loss"]
    assert len(workspace.jobs()) == 2


def test_a_run_past_its_deadline_is_resumed_with_two_clicks(workspace: Workspace, machine: Machine) -> None:
    run = workspace.ask(LONG)
    assert run.plan is not None
    # a part of the steps fits into what is left; one step at least is always done
    machine.began_ago(run.plan.timeout_s - ENDING_S - 8)
    workspace.approve(run)
    run = workspace.until_final(run, PATIENCE_S)
    assert run.diagnosis is not None
    assert (run.status, run.diagnosis.kind) == (_S.FAILED, "stopped_at_deadline"), workspace.text(run)
    assert "The training stopped at the deadline" in workspace.text(run)
    [stopped] = events(workspace, run, "stopped")
    assert 0 < stopped["step"] == run.progress.saved_step < (run.progress.max_steps or 0)
    machine.began_ago(0)
    finishes(workspace, resume(workspace, run))


def kill(run: Run) -> None:
    """End what trains in the run's job as a machine's kernel would: at once."""
    assert run.job is not None
    mark = f"JOB_ID={run.job.id}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            its = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # gone, or somebody else's
        if its:
            os.kill(int(folder.name), signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_run_is_told_and_resumed_from_its_last_checkpoint(workspace: Workspace) -> None:
    run = workspace.ask(LONG)
    workspace.approve(run)
    run = workspace.until(run, lambda now: now.progress.saved_step is not None, PATIENCE_S)
    kill(run)
    killed = time.monotonic()
    run = workspace.until_final(run, PATIENCE_S)
    assert time.monotonic() - killed < 20
    assert run.status is _S.FAILED
    assert run.progress.saved_step is not None
    assert "exit code: 137" in run.job.message if run.job else False
    finishes(workspace, resume(workspace, run))


def test_numbers_that_are_none_are_told_as_such(workspace: Workspace) -> None:
    run = workspace.ask("tiny-qwen3 on tiny-chat, 10 epochs, learning rate 1, weight decay 10")
    workspace.approve(run)
    run = workspace.until_final(run, PATIENCE_S)
    assert run.diagnosis is not None
    assert (run.status, run.diagnosis.kind) == (_S.FAILED, "nan_loss"), workspace.text(run)
    text = workspace.text(run)
    assert "Not a number at step" in text
    labels = list(buttons(workspace, run))
    assert any(label.startswith("Learning rate 0.1") for label in labels), labels
    assert not [label for label in labels if label.startswith(("Resume", "Retry"))]
