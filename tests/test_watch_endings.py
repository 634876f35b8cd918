"""Jobs that end on purpose before their end: what the watcher makes of it."""

from datetime import timedelta

import pytest

from bot.models import JobStage
from bot.states import RunStatus
from tests.builders import make_landed


def fenced(world, by, **older):
    """A run whose job stepped aside for another one."""
    run = world.tick(world.approve(world.ask()))
    world.jobs.set_stage("job1", JobStage.RUNNING)
    own = world.jobs.jobs["job1"]
    world.jobs.jobs[by] = own.model_copy(
        update={"id": by, "created_at": own.created_at - timedelta(minutes=2), **older}
    )
    world.jobs.logs["job1"] = [f'@@TUNESMITH {{"ev": "fenced", "t": 1.0, "by": "{by}"}}']
    return run


def test_an_older_job_of_a_run_is_left_alone_and_followed_once_ours_stepped_aside(world):
    run = fenced(world, "job0")
    run = world.tick(run)
    assert world.jobs.jobs["job0"].stage is JobStage.RUNNING
    world.jobs.jobs["job1"] = world.jobs.jobs["job1"].model_copy(
        update={"stage": JobStage.ERROR, "message": "Job failed with exit code: 76. Reason: Error"}
    )
    world.clock.pass_minutes(1)
    run = world.tick(run)
    assert (run.status, run.job.id, run.progress.fenced_by) == (RunStatus.RUNNING, "job0", "")
    assert run.events[-1].note == "job job1 stepped aside for job job0"
    world.clock.pass_minutes(1)
    assert world.tick(run).job.id == "job0"


def test_a_job_of_another_run_is_not_followed(world):
    run = fenced(world, "job0", labels={"app": "tunesmith", "run": "01zzz"})
    world.jobs.set_stage("job1", JobStage.ERROR)
    world.clock.pass_minutes(1)
    run = world.tick(run)
    assert run.status is RunStatus.FAILED
    assert run.diagnosis.kind == "fenced"


def test_an_older_job_is_stopped_once_ours_trains(world):
    run = fenced(world, "job0")
    world.jobs.logs["job1"] = ['@@TUNESMITH {"ev": "begin", "t": 1.0, "max_steps": 9}']
    for _ in range(2):
        world.clock.pass_minutes(1)
        run = world.tick(run)
    assert world.jobs.jobs["job0"].stage is JobStage.CANCELED
    assert run.job.id == "job1"


def test_a_run_that_stopped_at_its_deadline_is_no_success_and_says_what_is_left(world):
    run = world.until_running()
    commit = "0123456789abcdef0123456789abcdef01234567"
    world.jobs.logs["job1"] = [
        '@@TUNESMITH {"ev": "begin", "t": 1.0, "max_steps": 900}',
        f'@@TUNESMITH {{"ev": "save", "t": 2.0, "step": 640, "commit": "{commit}"}}',
        '@@TUNESMITH {"ev": "stopped", "t": 3.0, "reason": "deadline", "step": 640, "pushed": true}',
    ]
    world.jobs.set_stage("job1", JobStage.ERROR)
    world.clock.pass_minutes(1)
    run = world.tick(run)
    assert run.status is RunStatus.FAILED
    assert run.diagnosis.kind == "stopped_at_deadline"
    assert run.diagnosis.cause == (
        "The training stopped at the deadline, at step 640 of 900: the job's time limit was too short for all of it."
        " The checkpoint of step 640 is on the Hub."
    )
    assert (run.progress.saved_step, run.progress.saved_commit) == (640, commit)


def pushed(world, files):
    """A run whose script saw its model on the Hub before the job ended in an error."""
    run = world.until_running()
    world.clock.pass_minutes(30)
    world.jobs.logs["job1"] = [
        '@@TUNESMITH {"ev": "begin", "t": 1.0, "max_steps": 900}',
        '@@TUNESMITH {"ev": "pushed", "t": 2.0, "step": 900, "commit": "0123456789abcdef"}',
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
    ]
    world.hub.repos[run.plan.output_repo] = make_landed(committed_at=world.clock(), files=files)
    return run


WHOLE = {"config.json": 1, "model.safetensors": 1_192_135_096, "tokenizer_config.json": 1}


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("Job failed with exit code: 1. Reason: Error", "The GPU's memory was full"),
        ("Job timeout", "Its time limit had come."),
    ],
)
def test_a_model_that_was_pushed_is_a_success_whatever_failed_after(world, message, why):
    run = pushed(world, WHOLE)
    world.jobs.set_stage("job1", JobStage.ERROR, *world.jobs.logs["job1"], message=message, running_s=1800.0)
    run = world.tick(run)
    assert (run.status, run.diagnosis) == (RunStatus.SUCCEEDED, None)
    assert run.report.cost_usd > 0
    [said] = run.progress.warnings
    assert said.startswith(
        "The model is whole. The job failed after it was pushed, so the comparison with the base model may be missing."
    )
    assert why in said


def test_a_push_that_is_not_found_whole_is_a_failure_with_the_jobs_own_cause(world):
    run = pushed(world, {"config.json": 1, "tokenizer_config.json": 1})
    world.jobs.set_stage("job1", JobStage.ERROR, *world.jobs.logs["job1"], message="Job failed")
    assert world.tick(run).status is RunStatus.RUNNING, "the listing may lag: wait a little"
    world.clock.pass_minutes(2)
    run = world.tick(run)
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "cuda_oom")
    assert run.diagnosis.cause.endswith(
        f"It had pushed its model before that, but {run.plan.output_repo} lacks model.safetensors."
    )


def test_a_log_that_only_says_it_pushed_is_not_believed_over_an_older_model(world):
    # a template or a row can bring these words into an error; the repository had a model of that size before
    run = pushed(world, WHOLE | {"last-checkpoint/model.safetensors": 1_192_135_096})
    world.jobs.logs["job1"][1] = 'jinja2.exceptions.TemplateError: @@TUNESMITH {"ev": "pushed", "step": 900}'
    world.jobs.set_stage("job1", JobStage.ERROR, *world.jobs.logs["job1"], message="Job failed")
    world.tick(run)
    world.clock.pass_minutes(2)
    run = world.tick(run)
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "cuda_oom")
    assert run.diagnosis.cause.endswith(f"the newest that {run.plan.output_repo} has is a checkpoint.")
