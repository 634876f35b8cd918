"""The watcher: a real SQLite file, a fake world, and time that passes on command."""

import pytest

from bot.errors import HubRefusal, Transient
from bot.models import JobStage, Run
from bot.states import RunStatus
from tests.builders import ASKER, LEAD, make_landed
from tests.world import asker, lead, logged


def test_a_request_becomes_a_plan_with_the_rule_and_the_exact_script(world):
    run = world.ask()
    assert (run.status, run.revision, run.needs_plan) == (RunStatus.PROPOSED, 1, False)
    assert run.plan.approvers == (LEAD,)
    assert len(run.plan.script_sha256) == 64
    assert run.plan.ceiling_usd == pytest.approx(run.plan.timeout_s / 3600 * run.plan.flavor.price_usd_hour, abs=0.01)
    assert world.chat.shown[run.id] == run
    assert world.jobs.jobs == {}, "nothing is bought before somebody approves"


def test_an_unknown_model_is_refused_with_a_fix_and_the_row_is_kept(world):
    run = world.ask(model="Qwen/Qwen9")
    assert run.status is RunStatus.REFUSED
    assert run.problem.problem == "There is no model named Qwen/Qwen9."


def test_a_missing_dataset_is_asked_for_and_the_answer_makes_the_plan(world):
    run = world.ask(dataset=None)
    assert (run.status, run.question.field) == (RunStatus.DRAFTING, "dataset")
    changes = {"dataset": "tunesmith-lab/tiny-chat"}
    world.runs.revise(source_id="msg:1", run_id=run.id, person=asker, changes=changes)
    run = world.tick(run)
    assert (run.status, run.question) == (RunStatus.PROPOSED, None)


def test_a_short_name_is_resolved_through_the_search(world):
    assert world.ask(model="Qwen3-0.6B").plan.model.repo_id == "Qwen/Qwen3-0.6B"


def test_while_the_hub_is_down_the_request_waits_and_says_so(world):
    world.hub.down = True
    run = world.ask()
    assert (run.status, run.problem.problem) == (
        RunStatus.RECEIVED, "The Hugging Face Hub does not answer at the moment."
    )  # fmt: skip
    world.hub.down = False
    world.clock.pass_minutes(1)
    run = world.tick(run)
    assert (run.status, run.problem) == (RunStatus.PROPOSED, None)


def test_a_hub_that_stays_down_for_an_hour_ends_the_request(world):
    world.hub.down = True
    run = world.ask()
    world.clock.pass_minutes(61)
    assert world.tick(run).status is RunStatus.REFUSED


def test_a_revision_makes_a_new_plan_and_keeps_the_old_one_to_compare(world):
    run = world.ask()
    world.runs.revise(source_id="m", run_id=run.id, person=asker, changes={"epochs": 3})
    new = world.tick(run)
    assert (new.revision, new.plan.arguments.num_train_epochs) == (2, 3)
    assert new.previous_plan == run.plan


def test_a_revision_that_cannot_be_done_leaves_the_plan_approvable(world):
    run = world.ask()
    person = asker
    world.runs.revise(source_id="m", run_id=run.id, person=person, changes={"model": "no/such"})
    new = world.tick(run)
    assert (new.status, new.plan, new.needs_plan) == (RunStatus.PROPOSED, run.plan, False)
    assert new.problem.problem == "There is no model named no/such."
    assert world.approve(new).status is not RunStatus.PROPOSED


def test_a_plan_that_nobody_decides_on_expires(world):
    run = world.ask()
    world.clock.pass_minutes(24 * 60 + 1)
    assert world.tick(run).status is RunStatus.EXPIRED
    assert world.jobs.jobs == {}


def test_an_approval_buys_exactly_one_job(world):
    run = world.approve(world.ask())
    assert run.status is RunStatus.QUEUED
    for _ in range(3):
        world.clock.pass_minutes(1)
        run = world.tick(run)
    assert list(world.jobs.jobs) == ["job1"]
    assert world.jobs.jobs["job1"].labels["run"] == run.id


def test_a_lost_answer_does_not_buy_a_second_job(world):
    world.jobs.lose_answer = True
    run = world.approve(world.ask())
    assert run.status is RunStatus.SUBMITTING
    world.clock.pass_minutes(5)
    run = world.tick(run)
    assert (run.status, run.job.id) == (RunStatus.QUEUED, "job1")
    assert len(world.jobs.jobs) == 1


def test_an_uncertain_submission_is_not_repeated_before_the_listing_had_time(world):
    world.jobs.unreachable = True
    run = world.approve(world.ask())
    world.jobs.unreachable = False
    assert world.tick(run).status is RunStatus.SUBMITTING
    assert world.jobs.jobs == {}
    world.clock.pass_minutes(5)
    assert world.tick(run).status is RunStatus.APPROVED
    assert world.tick(run).status is RunStatus.QUEUED


def test_a_crash_between_claim_and_submission_is_recovered_by_another_process(world):
    run = world.ask()
    world.runs.approve_current(run_id=run.id, person=lead)
    world.store.advance(world.store.get(run.id), RunStatus.SUBMITTING, actor="tunesmith")
    world.watcher = world.new_watcher()
    world.clock.pass_minutes(5)
    run = world.tick(world.tick(run))
    assert (run.status, len(world.jobs.jobs)) == (RunStatus.QUEUED, 1)


def test_a_refused_submission_fails_with_what_to_do(world):
    world.jobs.refusal = HubRefusal("Pre-paid credit balance is insufficient.", "Add credits.", status=402)
    run = world.approve(world.ask())
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "billing")
    assert "credit" in run.diagnosis.fix.lower()


def test_a_running_job_moves_the_card(world):
    run = world.until_running()
    assert run.status is RunStatus.RUNNING
    assert (run.progress.step, run.progress.max_steps, run.progress.last) == (10, 100, 2.0)
    world.jobs.set_stage("job1", JobStage.RUNNING, logged(20, 1.5))
    assert world.tick(run).progress.last == 1.5


def test_a_tick_without_news_writes_nothing(world):
    run = world.until_running()
    assert world.tick(run).version == run.version


def test_completed_with_files_is_a_success_with_its_real_cost(world):
    run = world.until_running()
    world.clock.pass_minutes(30)
    files = {"config.json": 1, "model.safetensors": 1_192_135_096, "tokenizer_config.json": 1}
    world.hub.repos[run.plan.output_repo] = make_landed(committed_at=world.clock(), files=files)
    world.jobs.set_stage("job1", JobStage.COMPLETED, running_s=1800.0)
    run = world.tick(run)
    assert run.status is RunStatus.SUCCEEDED
    assert run.report.cost_usd == pytest.approx(0.5 * run.plan.flavor.price_usd_hour)
    assert run.next_check_at is None


def test_a_job_of_a_moment_costs_a_minute(world):
    run = world.until_running()
    files = {"config.json": 1, "model.safetensors": 1_192_135_096, "tokenizer_config.json": 1}
    world.hub.repos[run.plan.output_repo] = make_landed(committed_at=world.clock(), files=files)
    world.jobs.set_stage("job1", JobStage.COMPLETED, running_s=0.05)
    run = world.tick(run)
    assert run.report.cost_usd == pytest.approx(run.plan.flavor.price_usd_hour / 60)


@pytest.mark.parametrize(
    ("files", "minutes_after", "said"),
    [
        (None, 0, "there is no repository"),
        ({"README.md": 1}, 30, "lacks model.safetensors, config.json, tokenizer_config.json"),
        ({"config.json": 1, "model.safetensors": 0, "tokenizer_config.json": 1}, 30, "has an empty weight file"),
        ({"config.json": 1, "model.safetensors": 9, "tokenizer_config.json": 1}, -30, "has no commit since the job"),
    ],
    ids=["no repository", "only a card", "empty weights", "an older commit"],
)
def test_completed_without_the_model_is_a_failure(world, files, minutes_after, said):
    run = world.until_running()
    if files is not None:
        at = world.jobs.jobs["job1"].created_at
        world.clock.pass_minutes(minutes_after)
        world.hub.repos[run.plan.output_repo] = make_landed(committed_at=world.clock(), files=files)
        world.clock.now = at
    world.jobs.set_stage("job1", JobStage.COMPLETED, running_s=1800.0)
    assert world.tick(run).status is RunStatus.RUNNING, "the listing may lag: wait a little"
    world.clock.pass_minutes(2)
    run = world.tick(run)
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "nothing_pushed")
    assert said in run.diagnosis.cause


def test_an_error_is_diagnosed_from_the_log(world):
    run = world.until_running()
    world.jobs.set_stage(
        "job1",
        JobStage.ERROR,
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
        message="Job failed",
    )
    run = world.tick(run)
    assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "cuda_oom")


def test_silence_of_the_hub_never_fails_a_run(world):
    run = world.until_running()
    world.jobs.unreachable = True
    for _ in range(5):
        world.clock.pass_minutes(20)
        run = world.tick(run)
    assert run.status is RunStatus.RUNNING


def test_a_wish_to_stop_reaches_the_job_and_the_hub_ends_the_run(world):
    run = world.until_running()
    world.runs.cancel(run_id=run.id, person=asker)
    world.tick(run)
    assert world.jobs.jobs["job1"].stage is JobStage.CANCELED
    run = world.tick(run)
    assert (run.status, run.events[-1].actor) == (RunStatus.CANCELED, ASKER)


def test_a_wish_before_the_submission_buys_nothing(world):
    run = world.ask()
    world.runs.approve_current(run_id=run.id, person=lead)
    world.runs.cancel(run_id=run.id, person=lead)
    assert world.tick(run).status is RunStatus.CANCELED
    assert world.jobs.jobs == {}


def test_a_job_stopped_on_the_hub_is_told(world):
    run = world.until_running()
    world.jobs.set_stage("job1", JobStage.CANCELED)
    run = world.tick(run)
    assert (run.status, run.events[-1].note) == (RunStatus.CANCELED, "stopped on the Hub")


def test_one_broken_run_does_not_stop_the_others(world):
    broken, fine = world.ask(), world.ask()
    show = world.chat.show

    def breaks(run: Run) -> bool:
        if run.id == broken.id:
            raise ZeroDivisionError("a bug of ours")
        return show(run)

    world.chat.show = breaks
    for run in (broken, fine):
        world.runs.approve_current(run_id=run.id, person=lead)
    world.watcher.tick()
    assert world.store.get(fine.id).status is RunStatus.QUEUED
    assert world.chat.shown[fine.id].status is RunStatus.QUEUED


def test_while_slack_is_down_the_run_goes_on_and_is_shown_later(world):
    world.chat.down = True
    run = world.until_running()
    assert run.status is RunStatus.RUNNING
    assert run.id not in world.chat.shown
    world.chat.down = False
    assert world.chat.shown.get(world.tick(run).id) == run


def test_a_retry_after_is_honoured(world):
    def busy(*_: object) -> None:
        raise Transient("busy", retry_after_s=600)

    world.hub.model = busy
    run = world.ask()
    del world.hub.model
    world.clock.pass_minutes(9)
    assert world.tick(run).status is RunStatus.RECEIVED
    world.clock.pass_minutes(2)
    assert world.tick(run).status is RunStatus.PROPOSED


def test_a_bug_of_ours_ends_a_request_with_a_reference_instead_of_silence(world):
    def breaks(_: object) -> None:
        raise ZeroDivisionError("a bug of ours")

    world.hub.model = breaks
    run = world.ask()
    assert run.status is RunStatus.REFUSED
    assert run.problem.problem.startswith("Something went wrong on my side while I worked on this (reference ")
    assert "ZeroDivisionError" not in run.problem.problem


def test_a_bug_of_ours_leaves_a_paid_job_alone_and_looks_again_later(world):
    run = world.until_running()

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("a bug of ours")

    world.jobs.log_tail = breaks
    world.jobs.set_stage("job1", JobStage.RUNNING)
    run = world.tick(run)
    assert run.status is RunStatus.RUNNING
    assert run.next_check_at > world.clock()
    del world.jobs.log_tail
    world.clock.pass_minutes(6)
    world.jobs.set_stage("job1", JobStage.RUNNING, logged(30, 1.0))
    assert world.tick(run).progress.step == 30


def test_two_runs_never_promise_the_same_output(world):
    first, second = world.ask(), world.ask()
    assert first.plan.output_repo != second.plan.output_repo
    assert world.ask(output_repo=first.plan.output_repo).problem.problem == (
        f"Another run that is not over yet writes to {first.plan.output_repo}."
    )
