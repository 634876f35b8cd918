"""How runs end before their end, with the real trainer: what was done is on the Hub, and another run goes on."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.models import ColumnMapping, Constant, Method, Plan, Progress, Resume, Tuning
from tests.local_hub import LocalHub
from tests.training_runs import FENCED_EXIT, STOPPED_EXIT, Ended, add_datasets, plan_for, run, run_until

pytestmark = pytest.mark.train

#: Slow enough to be caught in the act: about 20 ms a step, minutes in all.
LONG: dict[str, Any] = {"num_train_epochs": 400, "logging_steps": 1, "save_steps": 10}
#: Short enough to be finished, and each step's learning rate is known.
LINEAR = LONG | {"num_train_epochs": 2, "lr_scheduler_type": "linear", "warmup_ratio": 0.0}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        add_datasets(hub)
        yield hub


def checkpoint(hub: LocalHub, plan: Plan, folder: Path) -> tuple[str, int]:
    """The newest commit of the output and the step of the checkpoint there, which must be whole."""
    api = hub.api()
    files = {name.removeprefix("last-checkpoint/") for name in api.list_repo_files(plan.output_repo)}
    weights = "model.safetensors" if plan.tuning is Tuning.FULL else "adapter_model.safetensors"
    assert {weights, "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json", "measured.json"} <= files
    state = api.hf_hub_download(plan.output_repo, "last-checkpoint/trainer_state.json", cache_dir=folder / "cache")
    return api.list_repo_commits(plan.output_repo)[0].commit_id, json.loads(Path(state).read_text())["global_step"]


def resumed(plan: Plan, commit: str, step: int, **changes: Any) -> Plan:
    resume = Resume(run_id="01kaxyz", commit=commit, step=step)
    return plan.model_copy(update={"resume": resume, "timeout_s": 4500, **changes})


def goes_on(hub: LocalHub, plan: Plan, folder: Path, stopped: Ended, commit: str, step: int) -> Progress:
    """Run the rest and check that it is the rest: steps, optimizer, schedule, and what the base model said."""
    folder.mkdir()
    ended = run(hub, resumed(plan, commit, step), folder)
    assert ended.code == 0, ended.text
    logs = [event for event in ended.events("log") if event["metrics"].get("loss") is not None]
    assert ended.events("begin")[0]["step"] == step
    assert logs[0]["step"] == step + 1
    before = {event["step"]: event["metrics"]["learning_rate"] for event in stopped.events("log")}
    fall = plan.arguments.learning_rate / (stopped.progress.max_steps or 0)
    assert logs[0]["metrics"]["learning_rate"] == pytest.approx(before[step] - fall, rel=0.01)
    assert ended.progress.ended
    assert ended.progress.before == stopped.progress.before
    assert ended.progress.after["eval_loss"] < ended.progress.before["eval_loss"]
    assert [sample.base for sample in ended.progress.samples] != [sample.tuned for sample in ended.progress.samples]
    assert not [name for name in hub.api().list_repo_files(plan.output_repo) if name.startswith("last-checkpoint")]
    return ended.progress


def test_a_run_past_its_deadline_keeps_its_step_and_another_finishes_it(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "late", arguments=LINEAR, timeout_s=2)  # the imports alone take longer
    ended = run(hub, plan, tmp_path)
    assert ended.code == STOPPED_EXIT, ended.text
    assert ended.progress.stopped == "deadline"
    assert not ended.progress.ended
    commit, step = checkpoint(hub, plan, tmp_path)
    assert (ended.progress.saved_commit, ended.progress.saved_step, step) == (commit, 1, 1)
    goes_on(hub, plan, tmp_path / "resumed", ended, commit, step)


@pytest.mark.slow
def test_a_run_that_is_too_long_is_gone_before_the_hub_would_stop_it(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "deadline", arguments=LONG | {"save_steps": 100_000}, timeout_s=60)
    began = time.time()
    ended = run(hub, plan, tmp_path)
    assert time.time() - began < plan.timeout_s
    assert ended.code == STOPPED_EXIT, ended.text
    assert ended.progress.stopped == "deadline"
    commit, step = checkpoint(hub, plan, tmp_path)
    assert (ended.progress.saved_commit, ended.progress.saved_step) == (commit, step)
    assert 100 < step == ended.progress.step < (ended.progress.max_steps or 0)


def test_sigterm_saves_and_pushes_an_adapter(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "dpo", "terminated", tuning=Tuning.LORA, arguments=LONG | {"save_steps": 100_000})
    ended = run_until(hub, plan, tmp_path, "log", signal.SIGTERM)
    assert ended.code == STOPPED_EXIT, ended.text
    assert ended.progress.stopped == "signal"
    commit, step = checkpoint(hub, plan, tmp_path)
    assert (ended.progress.saved_commit, ended.progress.saved_step) == (commit, step)


@pytest.mark.parametrize("tuning", [Tuning.FULL, pytest.param(Tuning.LORA, marks=pytest.mark.slow)])
def test_a_killed_run_leaves_its_last_checkpoint_to_go_on_from(hub: LocalHub, tmp_path: Path, tuning: Tuning) -> None:
    plan = plan_for(hub, "sft-messages", f"killed-{tuning}", tuning=tuning, arguments=LINEAR)
    ended = run_until(hub, plan, tmp_path, "save", signal.SIGKILL)
    assert ended.code == -signal.SIGKILL
    assert not ended.progress.stopped
    commit, step = checkpoint(hub, plan, tmp_path)
    assert step >= (ended.progress.saved_step or 0) > 0
    goes_on(hub, plan, tmp_path / "resumed", ended, commit, ended.progress.saved_step or 0)


@pytest.mark.slow
def test_a_checkpoint_of_another_step_is_not_gone_on_from(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "other-step", arguments=LONG)
    run_until(hub, plan, tmp_path, "save", signal.SIGKILL)
    commit, step = checkpoint(hub, plan, tmp_path)
    (tmp_path / "resumed").mkdir()
    ended = run(hub, resumed(plan, commit, step + 1), tmp_path / "resumed")
    assert ended.code == 1
    assert f"is of step {step}, not of step {step + 1}" in ended.text


class Siblings:
    """Jobs of one run that wait on the local Hub for nothing; they only have to be listed."""

    def __init__(self, hub: LocalHub, run_id: str) -> None:
        self.hub, self.run_id = hub, run_id

    def start(self, seconds: int) -> str:
        job = self.hub.api().run_job(
            image="any",
            command=["sleep", str(seconds)],
            namespace="tunesmith-lab",
            labels={"app": "tunesmith", "run": self.run_id},
        )
        return job.id

    def wait(self, job_id: str, stage: str) -> None:
        for _ in range(100):
            if self.hub.api().inspect_job(job_id=job_id, namespace="tunesmith-lab").status.stage == stage:
                return
            time.sleep(0.1)
        raise AssertionError(f"job {job_id} never became {stage}")


@pytest.mark.parametrize(
    ("older", "stage"),
    [(60, "RUNNING"), pytest.param(0, "COMPLETED", marks=pytest.mark.slow)],
    ids=["the older one runs", "the older one is done"],
)
def test_the_younger_of_two_jobs_of_a_run_steps_aside(hub: LocalHub, tmp_path: Path, older: int, stage: str) -> None:
    jobs = Siblings(hub, f"01fence{stage.lower()}")
    first, second = jobs.start(older), jobs.start(60)
    jobs.wait(first, stage)
    plan = plan_for(hub, "sft-messages", f"fenced-{stage.lower()}")
    ended = run(hub, plan, tmp_path, JOB_ID=second, TUNESMITH_RUN=jobs.run_id)
    assert ended.code == FENCED_EXIT, ended.text
    assert ended.progress.fenced_by == first
    assert not hub.api().repo_exists(plan.output_repo)
    for job in (first, second):
        hub.api().cancel_job(job_id=job, namespace="tunesmith-lab")


@pytest.mark.slow
def test_the_older_job_and_one_whose_elder_was_canceled_go_on(hub: LocalHub, tmp_path: Path) -> None:
    jobs = Siblings(hub, "01fencecanceled")
    first, second = jobs.start(60), jobs.start(60)
    hub.api().cancel_job(job_id=first, namespace="tunesmith-lab")
    for number, job in enumerate((first, second)):
        folder = tmp_path / str(number)
        folder.mkdir()
        quick = plan_for(hub, "sft-messages", f"not-fenced-{number}", arguments={"num_train_epochs": 0.1})
        assert run(hub, quick, folder, JOB_ID=job, TUNESMITH_RUN=jobs.run_id).code == 0
    hub.api().cancel_job(job_id=second, namespace="tunesmith-lab")


@pytest.mark.slow
def test_a_hub_that_cannot_be_asked_for_siblings_is_no_reason_to_stop(hub: LocalHub, tmp_path: Path) -> None:
    quick = plan_for(hub, "sft-messages", "unasked", arguments={"num_train_epochs": 0.1})
    ended = run(hub, quick, tmp_path, JOB_ID="nosuchjob", TUNESMITH_RUN="01unasked")
    assert ended.code == 0, ended.text
    assert len(ended.progress.warnings) == 1
    assert ended.progress.warnings[0].startswith("The Hub could not be asked whether another job trains this already")


def test_nothing_private_is_pushed_where_everybody_reads(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "in-public", overwrites=True)
    hub.api().create_repo(plan.output_repo, private=False)
    ended = run(hub, plan, tmp_path)
    assert ended.code == 1
    assert "is public, but what this run trains is meant to be private" in ended.text
    assert hub.api().list_repo_files(plan.output_repo) == [".gitattributes"]


@pytest.mark.slow
def test_private_data_end_in_no_public_model(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-text", "leak", private=False)
    assert plan.method is Method.SFT
    ended = run(hub, plan, tmp_path)
    assert ended.code == 1
    assert "is public, but what this run trains is meant to be private" in ended.text


def test_two_processes_train_one_model(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "two-processes", processes=2, sharding="ddp")
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    assert ended.progress.ended
    assert ended.progress.max_steps == 28  # half of what one process needs for 221 rows, 8 at a time, twice
    assert len(ended.events("end")) == len(ended.events("begin")) == 1
    assert ended.progress.after["eval_loss"] < ended.progress.before["eval_loss"]
    assert "model.safetensors" in hub.api().list_repo_files(plan.output_repo)


@pytest.mark.slow
def test_two_processes_stop_together(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(
        hub, "sft-messages", "two-stop", processes=2, sharding="ddp", arguments=LONG, timeout_s=30,
    )  # fmt: skip
    began = time.time()
    ended = run(hub, plan, tmp_path)
    assert time.time() - began < plan.timeout_s + 10
    assert ended.code != 0
    assert ended.progress.stopped == "deadline"
    commit, step = checkpoint_of_two(hub, plan, tmp_path)
    assert (ended.progress.saved_commit, ended.progress.saved_step) == (commit, step)


@pytest.mark.slow
def test_answers_of_equal_worth_are_told(hub: LocalHub, tmp_path: Path) -> None:
    few = {"logging_steps": 1, "num_train_epochs": 0.5, "per_device_train_batch_size": 16}
    hopeless = plan_for(hub, "grpo", "no-spread", rewards=("exact",), arguments=few)
    columns = {"prompt": "prompt", "answer": Constant(constant="Timbuktu")}
    hopeless = hopeless.model_copy(update={"mapping": ColumnMapping(columns=columns)})
    ended = run(hub, hopeless, tmp_path)
    assert ended.code == 0, ended.text
    assert ended.progress.warnings == (
        "All answers to a question get the same reward, so nothing is learned from them.",
    )


def checkpoint_of_two(hub: LocalHub, plan: Plan, folder: Path) -> tuple[str, int]:
    files = hub.api().list_repo_files(plan.output_repo)
    assert {"last-checkpoint/rng_state_0.pth", "last-checkpoint/rng_state_1.pth"} <= set(files)
    state = hub.api().hf_hub_download(plan.output_repo, "last-checkpoint/trainer_state.json", cache_dir=folder / "c")
    step = json.loads(Path(state).read_text())["global_step"]
    return hub.api().list_repo_commits(plan.output_repo)[0].commit_id, step
