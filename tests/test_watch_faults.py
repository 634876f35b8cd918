"""What must not happen when the world misbehaves: two jobs, lost jobs, silence, wrong endings."""

from datetime import timedelta

import pytest

from bot.errors import HubRefusal, Transient
from bot.models import JobStage, Problem
from bot.states import RunStatus
from tests.builders import ASKER, make_flavor, make_job, make_landed, minutes
from tests.fakes import FakeJobs
from tests.world import World, asker, lead, logged


class LaggingJobs(FakeJobs):
    """The listing by label shows a job only after 50 seconds, inside the assumed 60."""

    def find(self, namespace: str, run_id: str):
        found = super().find(namespace, run_id)
        return found if found and self.clock() - found.created_at > timedelta(seconds=50) else None


@pytest.fixture
def lagging(world: World) -> World:
    world.jobs = LaggingJobs(world.clock)
    world.watcher = world.new_watcher()
    return world


def settle(world: World, run):
    """Let enough time and ticks pass for everything uncertain to become certain."""
    for _ in range(12):
        world.clock.pass_minutes(0.5)
        run = world.tick(run)
    return run


def test_a_database_error_after_the_submission_buys_no_second_job(lagging):
    run = lagging.ask()
    advance = lagging.store.advance

    def fails_once(run, to, **changes):
        if to is RunStatus.QUEUED:
            lagging.store.advance = advance
            raise Transient("the database restarts")
        return advance(run, to, **changes)

    lagging.store.advance = fails_once
    run = settle(lagging, lagging.approve(run))
    assert (run.status, list(lagging.jobs.jobs)) == (RunStatus.QUEUED, ["job1"])


def test_a_cancel_after_a_lost_answer_stops_the_job_that_was_bought(lagging):
    lagging.jobs.lose_answer = True
    run = lagging.approve(lagging.ask())
    lagging.runs.cancel(run_id=run.id, person=asker)
    run = settle(lagging, run)
    assert run.status is RunStatus.CANCELED
    assert [job.stage for job in lagging.jobs.jobs.values()] == [JobStage.CANCELED]


def test_a_cancel_while_the_submission_is_under_way_stops_the_job(lagging):
    submit = lagging.jobs.submit

    def clicked_meanwhile(run, plan, script):
        job = submit(run, plan, script)
        lagging.runs.cancel(run_id=run.id, person=asker)
        return job

    lagging.jobs.submit = clicked_meanwhile
    run = settle(lagging, lagging.approve(lagging.ask()))
    assert (run.status, run.events[-1].actor) == (RunStatus.CANCELED, ASKER)
    assert [job.stage for job in lagging.jobs.jobs.values()] == [JobStage.CANCELED]


def test_a_received_run_can_be_canceled(world):
    world.hub.down = True
    run = world.ask()
    world.runs.cancel(run_id=run.id, person=asker)
    world.hub.down = False
    assert settle(world, run).status is RunStatus.CANCELED


def test_a_refused_listing_stops_nobody_else(world):
    run = world.until_running()

    def refused(_: str):
        raise HubRefusal("No right to list jobs.", "", status=403)

    world.jobs.sweep = refused
    world.clock.pass_minutes(1)
    other = world.ask()
    assert other.status is RunStatus.PROPOSED
    assert world.store.get(run.id).status is RunStatus.RUNNING


def test_a_busy_hub_is_left_alone_as_long_as_it_says(world):
    run = world.until_running()
    looks = []

    def busy(_: str):
        raise Transient("429", retry_after_s=200)

    world.jobs.sweep = busy
    world.jobs.inspect = lambda *where: looks.append(where)
    for _ in range(3):
        world.clock.pass_minutes(1)
        world.tick(run)
    assert looks == [], "one answer of 429 is enough to know"


def test_a_second_job_of_a_run_is_stopped(world):
    run = world.until_running()
    stray = make_job(id="stray", labels={"app": "tunesmith", "run": run.id}, stage=JobStage.RUNNING)
    foreign = make_job(id="foreign", labels={"app": "tunesmith", "run": "01zzz"}, stage=JobStage.RUNNING)
    world.jobs.jobs |= {"stray": stray, "foreign": foreign}
    world.tick(run)
    assert {name: job.stage for name, job in world.jobs.jobs.items()} == {
        "job1": JobStage.RUNNING,
        "stray": JobStage.CANCELED,
        "foreign": JobStage.RUNNING,
    }


def test_one_stale_listing_and_one_404_do_not_end_a_run(world):
    run = world.tick(world.approve(world.ask()))
    world.clock.pass_minutes(30)
    jobs, world.jobs.jobs = world.jobs.jobs, {}
    run = world.tick(run)
    assert run.status is RunStatus.QUEUED
    assert run.problem.problem == "The Hub does not know the job of this run at the moment."
    world.jobs.jobs = jobs
    world.jobs.set_stage("job1", JobStage.RUNNING)
    run = world.tick(run)
    assert (run.status, run.problem) == (RunStatus.RUNNING, None)


def test_a_job_that_stays_unknown_is_told_as_deleted(world):
    run = world.until_running()
    world.jobs.jobs.clear()
    for _ in range(5):
        run = world.tick(run)
        world.clock.pass_minutes(4)
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "job_deleted")


def test_the_last_log_is_waited_for_before_a_failure_is_explained(world):
    run = world.until_running()
    world.jobs.set_stage("job1", JobStage.ERROR, "torch.OutOfMemoryError: CUDA out of memory.")
    log_tail = world.jobs.log_tail

    def unreadable(*_: object):
        raise Transient("503")

    world.jobs.log_tail = unreadable
    run = world.tick(run)
    assert run.status is RunStatus.RUNNING
    world.jobs.log_tail = log_tail
    world.clock.pass_minutes(1)
    run = world.tick(run)
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "cuda_oom")


def test_an_output_that_we_may_not_look_at_is_told(world):
    run = world.until_running()

    def refused(_: str):
        raise HubRefusal("The token may not read it.", "Give it read access.", status=403)

    world.hub.landed = refused
    world.jobs.set_stage("job1", JobStage.COMPLETED)
    world.tick(run)
    world.clock.pass_minutes(2)
    run = world.tick(run)
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "permission")


def test_the_cost_is_known_from_the_jobs_times_when_the_hub_gives_no_duration(world):
    run = world.until_running()
    job = world.jobs.jobs["job1"]
    files = {"config.json": 1, "model.safetensors": 1_192_135_096, "tokenizer_config.json": 1}
    world.hub.repos[run.plan.output_repo] = make_landed(committed_at=job.created_at + minutes(50), files=files)
    world.clock.pass_minutes(60)
    world.jobs.set_stage("job1", JobStage.COMPLETED, running_s=None)
    run = world.tick(run)
    assert run.report.running_s == 3600
    assert run.report.cost_usd == pytest.approx(1.5)


def test_a_submission_that_always_breaks_is_given_up_and_told(world):
    def broken(*_: object):
        raise KeyError("a bug of ours")

    world.jobs.submit = broken
    run = world.approve(world.ask())
    for _ in range(60):
        world.clock.pass_minutes(10)
        run = world.tick(run)
    assert run.status in {RunStatus.FAILED, RunStatus.CANCELED}
    assert len(run.events) < 40
    said = run.problem or run.diagnosis
    assert "reference" in (said.problem if isinstance(said, Problem) else said.cause)


def test_an_old_approval_buys_nothing(world):
    world.jobs.unreachable = True
    run = world.approve(world.ask())
    for _ in range(3 * 24):
        world.clock.pass_minutes(60)
        run = world.tick(run)
    world.jobs.unreachable = False
    run = settle(world, run)
    assert run.status is RunStatus.CANCELED
    assert world.jobs.jobs == {}


@pytest.mark.parametrize(
    ("hardware", "said"),
    [([make_flavor(price_usd_hour=1.6)], "rose from $1.50 to $1.60"), ([], "no longer offers a10g-large")],
    ids=["dearer", "gone"],
)
def test_hardware_that_changed_after_the_approval_is_not_bought(world, hardware, said):
    run = world.ask()
    world.runs.approve_current(run_id=run.id, person=lead)
    world.jobs.hardware = hardware
    run = world.tick(run)
    assert run.status is RunStatus.CANCELED
    assert said in run.problem.problem
    assert world.jobs.jobs == {}


def test_an_output_that_appeared_after_the_approval_is_not_written_into(world):
    run = world.ask()
    world.runs.approve_current(run_id=run.id, person=lead)
    world.hub.repos[run.plan.output_repo] = make_landed()
    run = world.tick(run)
    assert run.status is RunStatus.CANCELED
    assert "appeared on the Hub after this plan was approved" in run.problem.problem
    assert world.jobs.jobs == {}


def test_a_stopped_watcher_begins_nothing_and_gives_back_what_it_claimed(world):
    world.watcher.stop()
    run = world.ask()
    assert run.status is RunStatus.RECEIVED
    world.watcher = world.new_watcher()
    assert world.tick(run).status is RunStatus.PROPOSED


def test_logs_of_many_runs_are_read_rarely_enough(world):
    run = world.until_running()
    for number in range(2, 42):
        world.jobs.jobs[f"other{number}"] = make_job(
            id=f"other{number}", labels={"app": "tunesmith", "run": "elsewhere"}
        )
    reads = []
    log_tail = world.jobs.log_tail
    world.jobs.log_tail = lambda *where: (reads.append(where), log_tail(*where))[1]
    for _ in range(20):
        world.clock.pass_minutes(0.25)
        world.jobs.set_stage("job1", JobStage.RUNNING, logged(20, 1.0))
        run = world.tick(run)
    assert 4 <= len(reads) <= 6, "41 running jobs: a minute between two reads of one log"
