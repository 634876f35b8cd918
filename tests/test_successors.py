"""Runs that grow from others: by a click or a word, from a checkpoint, on other hardware; what is checked, who may."""

import pytest

from bot.alerts import instead_of_waiting
from bot.errors import NotAllowed, StalePlan, UserError
from bot.exchange import is_stopped
from bot.models import JobStage, Resume, Run, TokenRights
from bot.planning.resume import CHECKPOINT_TITLE
from bot.policy import Person
from bot.states import RunStatus
from bot.successors import Successors
from bot.training import render_script
from bot.ways import checkpoint, ways_out
from handlers.views.thread import thread
from storage.store import Store
from tests.builders import ASKER, GUEST, LEAD, TEAM, make_flavor, make_landed, make_plan, minutes
from tests.world import World, asker, begin, lead, logged

_S = RunStatus
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def failed(world):
    run = world.until_running()
    world.jobs.set_stage("job1", JobStage.ERROR, "torch.OutOfMemoryError: CUDA out of memory.")
    world.clock.pass_minutes(1)
    return world.tick(run)


def test_a_click_makes_a_new_run_whose_plan_waits_and_tells_the_old_one(world):
    run = failed(world)
    way = next(way for way in ways_out(run) if way.key == "batch")
    again = Successors(world.runs).again
    begun = again(run_id=run.id, key="batch", person=asker)
    assert begun.is_new
    assert again(run_id=run.id, key="batch", person=lead) == begun.model_copy(update={"is_new": False}), "one is enough"
    new = world.tick(world.store.recent(1)[0])
    assert (new.status, new.parent.run_id, new.parent.how) == (_S.PROPOSED, run.id, way.label)
    assert new.place == world.store.get(run.id).place
    assert new.previous_plan == run.plan
    assert new.plan.arguments.per_device_train_batch_size == way.changes["batch_size"]
    assert world.store.get(run.id).followers[0].note == f"followed by {new.short_id}: {way.label}"
    assert len(world.jobs.jobs) == 1, "nothing is bought before somebody approves"


def test_who_may_not_ask_may_not_click_and_a_way_that_is_none_is_refused(world):
    run = failed(world)
    with pytest.raises(NotAllowed):
        Successors(world.runs).again(run_id=run.id, key="batch", person=Person(id=GUEST, team_id=TEAM, is_guest=True))
    with pytest.raises(StalePlan):
        Successors(world.runs).again(run_id=run.id, key="resume", person=asker)
    assert len(world.store.recent()) == 1


def test_a_failure_is_told_also_when_its_ways_out_cannot_be_priced(world):
    run = world.until_running()
    world.jobs.hardware = []
    world.jobs.set_stage("job1", JobStage.ERROR, "torch.OutOfMemoryError: CUDA out of memory.")
    world.clock.pass_minutes(1)
    run = world.tick(run)
    assert (run.status, run.diagnosis.kind, run.diagnosis.remedies) == (_S.FAILED, "cuda_oom", ())


def stop_at(world: World, run, step: int, commit: str):
    """The job saves its checkpoint at the deadline."""
    save = f'@@TUNESMITH {{"ev": "save", "t": 2.0, "step": {step}, "commit": "{commit}"}}'
    stop = f'@@TUNESMITH {{"ev": "stopped", "t": 3.0, "reason": "deadline", "step": {step}, "pushed": true}}'
    assert run.job is not None
    world.jobs.logs[run.job.id] = [begin(100), logged(60, 1.0), save, stop]
    world.jobs.set_stage(run.job.id, JobStage.ERROR)
    world.hub.repos[run.plan.output_repo] = make_landed(sha=commit)
    world.hub.checkpoints[run.plan.output_repo, commit] = step
    world.clock.pass_minutes(1)
    return world.tick(run)


def resumed(world: World, run):
    begun = Successors(world.runs).again(run_id=run.id, key="resume", person=asker)
    assert begun.is_new
    return world.tick(begun.run)


def test_a_resumed_run_buys_a_job_though_its_repository_exists_and_a_new_run_would_not(world):
    run = stop_at(world, world.until_running(), 64, COMMIT)
    new = resumed(world, run)
    assert (new.resume.step, new.plan.resume, new.plan.output_repo) == (64, new.resume, run.plan.output_repo)
    assert len(new.plan.script_sha256) == 64
    assert new.plan.approvers == (LEAD,)
    new = world.approve(new)
    assert (new.status, len(world.jobs.jobs)) == (_S.QUEUED, 2)
    assert COMMIT in world.jobs.scripts["job2"]
    assert new.requester == ASKER


@pytest.mark.parametrize(
    ("titles", "warned"),
    [
        ([], False),
        (["Checkpoint of step 80", "Checkpoint of step 72"], False),
        (["Checkpoint of step 80", "Edit"], True),
    ],
)
def test_only_what_others_changed_since_the_checkpoint_is_warned_of(world, titles, warned):
    run = stop_at(world, world.until_running(), 64, COMMIT)
    world.hub.repos[run.plan.output_repo] = make_landed(sha="newer")
    world.hub.newer[run.plan.output_repo] = titles
    said = [check.text for check in resumed(world, run).plan.checks if "since that checkpoint" in check.text]
    assert bool(said) == warned
    assert all(words.startswith(f"Somebody has changed {run.plan.output_repo} ") for words in said)


def test_the_jobs_own_commits_are_known_by_the_title_that_its_script_gives_them():
    assert f'commit_message=f"{CHECKPOINT_TITLE}{{step}}"' in render_script(make_plan())


@pytest.mark.parametrize("end", ["expired", "rejected", "canceled", "refused", "failed"])
def test_a_resumed_run_that_ends_without_a_newer_checkpoint_leaves_the_one_it_went_on_from(world, end):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    if end == "refused":
        world.hub.token = TokenRights(user="tunesmith-lab", role="read")
    run = resumed(world, first)
    match end:
        case "expired":
            world.clock.pass_minutes(25 * 60)
            run = world.tick(run)
        case "rejected":
            run = world.runs.reject(run_id=run.id, person=lead, reason="not today")
        case "canceled":
            run = world.runs.cancel(run_id=run.id, person=asker)
        case "failed":
            run = world.approve(run)
            world.jobs.set_stage("job2", JobStage.ERROR, "RuntimeError: something else")
            world.clock.pass_minutes(1)
            run = world.tick(run)
    assert run.status == end
    assert checkpoint(run) == Resume(run_id=first.id, commit=COMMIT, step=64)
    assert [way.key for way in ways_out(run)] == ["resume", "retry"]
    [reply] = [message for message in thread(run) if message.key == "end"]
    assert "Resume from step 64" in reply.text
    world.hub.token = TokenRights(user="tunesmith-lab", role="write")
    again = resumed(world, run)
    assert (again.status, again.plan.resume) == (_S.PROPOSED, Resume(run_id=first.id, commit=COMMIT, step=64))


def test_of_all_runs_that_go_on_from_one_checkpoint_only_one_is_not_over(world):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    again = Successors(world.runs).again
    second = world.runs.reject(run_id=resumed(world, first).id, person=lead, reason="later")
    third = resumed(world, second)
    for run in (first, second):
        assert again(run_id=run.id, key="resume", person=lead).run.id == third.id
    assert not Successors(world.runs).resume(over=first, place=first.place, person=lead).is_new
    assert len(world.store.recent(10)) == 3


def test_a_run_that_went_on_twice_is_planned_for_what_is_left_of_the_whole(world):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    second = world.approve(resumed(world, first))
    world.jobs.set_stage("job2", JobStage.RUNNING, begin(100), running_s=60.0)
    newer = "f" * 40
    second = stop_at(world, world.tick(second), 80, newer)
    third = resumed(world, second)
    assert third.plan.resume == Resume(run_id=second.id, commit=newer, step=80)
    whole, rest = first.plan.estimate, third.plan.estimate
    assert rest.tokens == pytest.approx(whole.tokens * 20 / 100, rel=0.01)
    assert third.plan.checks[0].text.startswith("It goes on from the checkpoint of step 80 of 100")


def test_nothing_is_proposed_when_the_checkpoint_is_gone_or_of_another_step(world):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    output = first.plan.output_repo
    world.hub.checkpoints[output, COMMIT] = 32
    run = resumed(world, first)
    assert run.status is _S.REFUSED
    assert run.problem.problem == (
        f"{output} no longer holds the checkpoint of step 64, so there is nothing to go on from."
    )
    assert "write `retry`" in run.problem.fix
    del world.hub.repos[output]
    run = resumed(world, run)
    assert run.problem.problem == f"{output} is gone from the Hub, so there is nothing to go on from."
    assert len(world.jobs.jobs) == 1


def test_a_newer_commit_and_an_empty_wallet_are_said_on_the_plan_of_the_rest(world):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    world.hub.repos[first.plan.output_repo] = make_landed(sha="e" * 40)
    world.hub.token = world.hub.token.model_copy(update={"without_payment": frozenset({first.plan.namespace})})
    world.hub.newer[first.plan.output_repo] = ["Upload README.md"]
    run = resumed(world, first)
    warnings = [check.text for check in run.plan.checks if check.level == "warning"]
    assert any("since that checkpoint was saved" in text for text in warnings)
    assert any("has no means of payment" in text for text in warnings)


def test_a_token_that_may_not_write_the_repository_is_refused_before_anybody_approves(world):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    namespace = first.plan.namespace
    world.hub.token = TokenRights(
        user=namespace, role="fineGrained", permissions={namespace: frozenset({"job.write"}), "": frozenset()}
    )
    run = resumed(world, first)
    assert run.status is _S.REFUSED
    assert f"may not write into {first.plan.output_repo}" in run.problem.problem
    world.hub.token = TokenRights(user="somebody-else", role="write")
    run = resumed(world, run)
    assert f"is no member of {namespace}" in run.problem.problem


def test_a_resumed_run_waits_for_no_other_that_writes_there(world):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    other = world.ask(output_repo=first.plan.output_repo)
    assert other.plan.overwrites
    run = resumed(world, first)
    assert run.status is _S.REFUSED
    assert f"Another run that is not over yet writes to {first.plan.output_repo}" in run.problem.problem


def test_a_repository_that_vanishes_after_the_approval_costs_no_job(world):
    first = stop_at(world, world.until_running(), 64, COMMIT)
    run = resumed(world, first)
    del world.hub.repos[first.plan.output_repo]
    run = world.approve(run)
    assert (run.status, len(world.jobs.jobs)) == (_S.CANCELED, 1)
    assert "is gone from the Hub" in run.problem.problem


# --- other hardware instead of waiting -------------------------------------------------------------------------------


@pytest.fixture
def queued(world):
    """A run whose job waits for its machine, and one cheaper flavor that its plan offers."""
    world.jobs.hardware = [make_flavor(), make_flavor(name="t4-small", gpu="T4", vram_gb=16, price_usd_hour=0.4)]
    run = world.tick(world.approve(world.ask(hardware="a10g-large", output_repo="tunesmith-lab/mine")))
    assert run.status is _S.QUEUED
    assert [option.flavor for option in instead_of_waiting(run)] == ["t4-small"]
    return run


def test_a_switch_stops_the_job_that_waits_before_the_new_plan_is_made(world, queued):
    move = Successors(world.runs).move
    begun = move(run_id=queued.id, choice="t4-small", person=asker)
    assert begun.is_new
    assert begun.run.parent.how == "t4-small instead of waiting for a10g-large, whose job is stopped first"
    again = move(run_id=queued.id, choice="t4-small", person=lead)
    assert (again.is_new, again.run.id) == (False, begun.run.id)
    new = world.tick(begun.run)
    assert (new.status, world.store.get(queued.id).cancel_requested_by) == (_S.RECEIVED, ASKER)
    assert thread(new)[0].text.startswith("The plan has to wait. The job of run")
    while not world.store.get(queued.id).is_final:
        world.clock.pass_minutes(1)
        assert world.tick(new).status is _S.RECEIVED, "of the two only one may ever be paid"
    world.clock.pass_minutes(1)
    new = world.tick(new)
    assert world.store.get(queued.id).status is _S.CANCELED
    assert new.status is _S.PROPOSED, new.problem
    assert (new.status, new.plan.flavor.name, new.plan.output_repo) == (_S.PROPOSED, "t4-small", "tunesmith-lab/mine")
    assert "whose job is stopped first" in str(thread(new)[0].blocks)
    assert len(world.jobs.jobs) == 1
    new = world.tick(world.approve(new))
    stages = {job.id: job.stage for job in world.jobs.jobs.values()}
    assert stages == {"job1": JobStage.CANCELED, "job2": JobStage.SCHEDULING}


def test_a_job_that_starts_before_it_is_stopped_is_left_alone_and_nothing_else_is_planned(world, queued):
    begun = Successors(world.runs).move(run_id=queued.id, choice="t4-small", person=asker)
    running = world.store.advance(world.store.get(queued.id), _S.RUNNING, actor="tunesmith")
    world.jobs.set_stage("job1", JobStage.RUNNING, begin(100))
    new = world.tick(begun.run)
    assert new.status is _S.REFUSED
    assert "got its hardware meanwhile and is training: I left it alone." in new.problem.problem
    assert world.store.get(running.id).cancel_requested_by is None


def test_a_job_that_starts_while_it_is_about_to_be_stopped_is_left_alone(world, queued, tmp_path):
    """Both runs are worked on at the same time: what was read as waiting may train when the wish is written."""

    class Overtaken(Store):
        def get(self, run_id: str) -> Run:
            run = super().get(run_id)
            if run.status is _S.QUEUED:
                world.store.advance(run, _S.RUNNING, actor="tunesmith")
            return run

    new = Successors(world.runs).move(run_id=queued.id, choice="t4-small", person=asker).run
    store = Overtaken(f"sqlite:///{tmp_path / 'world.db'}", world.clock)
    assert not is_stopped(store, new, now=world.clock(), pause=minutes(1), patience=minutes(60))
    store.close()
    assert world.store.get(queued.id).cancel_requested_by is None
    world.clock.pass_minutes(1)
    world.jobs.set_stage("job1", JobStage.RUNNING, begin(100))
    new = world.tick(new)
    assert "is training: I left it alone." in new.problem.problem


def test_a_job_that_the_hub_does_not_stop_for_an_hour_ends_the_wish_for_another(world, queued):
    world.jobs.cancel = lambda namespace, job_id: None
    new = Successors(world.runs).move(run_id=queued.id, choice="t4-small", person=asker).run
    for _ in range(14):
        new = world.tick(new)
        world.clock.pass_minutes(5)
    assert new.status is _S.REFUSED
    assert "has not stopped the job of run" in new.problem.problem
    assert len(world.jobs.jobs) == 1


def test_only_who_may_stop_the_run_may_switch_and_only_while_it_waits(world, queued):
    move = Successors(world.runs).move
    with pytest.raises(NotAllowed, match="can stop it"):
        move(run_id=queued.id, choice="t4-small", person=Person(id="U0OTHER", team_id=TEAM))
    with pytest.raises(StalePlan, match="waits for hardware, so it takes no other"):
        move(run_id=queued.id, choice="h200", person=asker)
    world.jobs.set_stage("job1", JobStage.RUNNING, begin(100))
    world.clock.pass_minutes(1)
    world.tick(queued)
    with pytest.raises(StalePlan, match="is training, so it takes no other hardware"):
        move(run_id=queued.id, choice="t4-small", person=lead)
    assert len(world.store.recent(10)) == 1


# --- in words --------------------------------------------------------------------------------------------------------


def ask_again(world: World, run, words: str = "retry", person: Person = asker, **changes):
    return Successors(world.runs).retry(
        source_id=f"m:{words}:{person.id}", over=run, place=run.place, person=person, changes=changes, words=words
    )


def test_the_same_again_in_words_has_a_parent_and_is_made_once(world):
    run = world.runs.reject(run_id=world.ask().id, person=lead, reason="later")
    begun = ask_again(world, run)
    assert (begun.is_new, begun.run.parent.run_id, begun.run.parent.how) == (True, run.id, "Ask for it again")
    run = world.store.get(run.id)
    again = ask_again(world, run, "please retry", lead)
    assert (again.is_new, again.run.id) == (False, begun.run.id)
    assert world.store.get(run.id).grown == [begun.run.short_id]
    clicked = Successors(world.runs).again(run_id=run.id, key="retry", person=lead)
    assert (clicked.is_new, clicked.run.id) == (False, begun.run.id), "the button asks for the same"
    changed = ask_again(world, run, "retry with 3 epochs", lead, epochs=3)
    assert (changed.is_new, changed.run.request.epochs, changed.run.parent.run_id) == (True, 3, run.id)


def test_the_same_again_after_a_failure_that_would_repeat_itself_needs_a_change(world):
    run = failed(world)
    with pytest.raises(UserError, match="The same again would end the same"):
        ask_again(world, run)
    assert ask_again(world, run, "retry with batch size 1", batch_size=1).is_new
    with pytest.raises(NotAllowed):
        ask_again(world, run, person=Person(id=GUEST, team_id=TEAM, is_guest=True), batch_size=1)


def test_a_run_that_goes_on_is_neither_retried_nor_resumed(world):
    run = world.until_running()
    with pytest.raises(UserError, match="nothing to retry"):
        ask_again(world, run)
    with pytest.raises(StalePlan, match="left no checkpoint"):
        Successors(world.runs).resume(over=run, place=run.place, person=asker)


def test_another_step_than_that_of_the_checkpoint_is_not_taken_for_it(world):
    run = stop_at(world, world.until_running(), 64, COMMIT)
    with pytest.raises(StalePlan, match="is of step 64, not of step 32"):
        Successors(world.runs).resume(over=run, place=run.place, person=asker, step=32)
    assert Successors(world.runs).resume(over=run, place=run.place, person=asker, step=64).is_new
