"""What people may do, on a real SQLite file."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.errors import NotAllowed, StalePlan, UserError
from bot.models import Place, Question, Run
from bot.models.run import REVISED
from bot.policy import Person, Policy
from bot.runs import Correction, Runs, corrected
from bot.states import RunStatus
from storage.store import Store
from tests.builders import ASKER, CHANNEL, GUEST, LEAD, NOW, TEAM, make_plan, make_request, minutes
from tests.fakes import FakeClock

asker = Person(id=ASKER, team_id=TEAM)
lead = Person(id=LEAD, team_id=TEAM)
second = Person(id="U0SECOND", team_id=TEAM)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def runs(tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path / 'runs.db'}", clock)
    store.migrate()
    yield Runs(store, Policy(team_id=TEAM, approvers=frozenset({LEAD}), self_approve_usd=5, max_ceiling_usd=50))
    store.close()


def ask(runs: Runs, source_id: str = "cmd:1") -> Run:
    run = runs.request(
        source_id=source_id, place=Place(team_id=TEAM, channel=CHANNEL), user=ASKER, request=make_request()
    )
    assert run is not None
    return run


def proposed(runs: Runs, **plan) -> Run:
    run = ask(runs)
    return runs.store.advance(
        run, RunStatus.PROPOSED, actor="tunesmith", plan=make_plan(**plan), revision=1, needs_plan=False,
        next_check_at=NOW + minutes(60),
    )  # fmt: skip


def shown(runs: Runs, run: Run) -> Run:
    runs.store.mark_shown(run.id, run.version)
    return run


def revised(runs: Runs, run: Run, person: Person, **plan) -> Run:
    """Somebody changes the request, and the watcher makes the next plan."""
    changed = runs.revise(source_id=f"msg:{run.revision}", run_id=run.id, person=person, changes={"epochs": 3})
    assert changed is not None
    return runs.store.advance(
        changed, RunStatus.PROPOSED, actor="tunesmith", plan=make_plan(**plan), revision=run.revision + 1,
        needs_plan=False, next_check_at=NOW + minutes(60),
    )  # fmt: skip


def slack_time(at) -> str:
    return f"{at.timestamp():.6f}"


def approve(runs: Runs, run: Run, person: Person = lead) -> Run:
    return runs.approve(run_id=run.id, revision=run.revision, digest=run.plan.digest, person=person)


def test_the_same_slack_id_makes_one_run(runs):
    ask(runs)
    place = Place(team_id=TEAM, channel=CHANNEL)
    assert runs.request(source_id="cmd:1", place=place, user=ASKER, request=make_request()) is None
    assert len(runs.store.recent()) == 1


def test_an_approver_approves_and_the_audit_names_the_plan_and_its_ceiling(runs):
    run = approve(runs, proposed(runs))
    assert (run.status, run.decided_by) == (RunStatus.APPROVED, LEAD)
    assert run.events[-1].actor == LEAD
    assert run.events[-1].note == f"plan {run.plan.digest}, ceiling $1.88"


def test_a_second_click_of_the_same_person_is_harmless(runs):
    run = proposed(runs)
    assert approve(runs, run) == approve(runs, run)


def test_a_second_approver_is_told_that_it_is_decided(runs):
    run = proposed(runs)
    approve(runs, run)
    with pytest.raises(StalePlan, match="is approved already"):
        approve(runs, run, asker)


def test_eight_clicks_at_once_make_one_approval(runs):
    run = proposed(runs)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: approve(runs, run).status, range(8)))
    assert results == [RunStatus.APPROVED] * 8
    assert [event.status for event in runs.store.get(run.id).events].count(RunStatus.APPROVED) == 1


def test_a_replaced_plan_cannot_be_approved(runs):
    run = proposed(runs)
    with pytest.raises(StalePlan, match="changed after this button"):
        runs.approve(run_id=run.id, revision=1, digest="0" * 16, person=lead)
    assert runs.store.get(run.id).status is RunStatus.PROPOSED


def test_a_plan_that_is_being_revised_cannot_be_approved(runs):
    run = proposed(runs)
    runs.revise(source_id="msg:2", run_id=run.id, person=asker, changes={"epochs": 3})
    with pytest.raises(StalePlan):
        approve(runs, run)


def test_the_requester_may_approve_up_to_the_amount(runs):
    assert approve(runs, proposed(runs, ceiling_usd=4.99), asker).status is RunStatus.APPROVED


def test_the_requester_may_not_approve_above_it_even_as_an_approver(runs):
    run = proposed(runs, ceiling_usd=5.01)
    both = runs.policy.model_copy(update={"approvers": frozenset({LEAD, ASKER})})
    for policy in (runs.policy, both):
        with pytest.raises(NotAllowed, match="somebody else must approve") as caught:
            approve(Runs(runs.store, policy), run, asker)
        assert caught.value.who == (LEAD,)
    assert runs.store.get(run.id).status is RunStatus.PROPOSED


def test_whoever_changed_the_request_may_not_approve_the_plan_above_the_amount(runs):
    run = revised(runs, proposed(runs), lead, ceiling_usd=5.01)
    assert run.authors == {ASKER, LEAD}
    both = runs.policy.model_copy(update={"approvers": frozenset({LEAD, second.id})})
    with pytest.raises(NotAllowed, match=r"You changed this request, and above \$5.00 somebody else must") as caught:
        approve(Runs(runs.store, both), run, lead)
    assert caught.value.who == (second.id,)
    assert runs.store.get(run.id).status is RunStatus.PROPOSED
    assert approve(Runs(runs.store, both), run, second).decided_by == second.id


def test_an_earlier_change_still_counts_after_another_one(runs):
    run = revised(runs, revised(runs, proposed(runs), lead), asker, ceiling_usd=5.01)
    with pytest.raises(NotAllowed, match="You changed this request"):
        approve(runs, run, lead)


def test_at_the_amount_an_approver_may_approve_what_they_changed(runs):
    assert approve(runs, revised(runs, proposed(runs), lead, ceiling_usd=5), lead).status is RunStatus.APPROVED


def test_a_change_of_somebody_who_is_no_approver_gives_no_right_to_approve(runs):
    with pytest.raises(NotAllowed, match="not on the list of approvers"):
        approve(runs, revised(runs, proposed(runs), second), second)


def test_the_audit_trail_calls_a_change_what_the_four_eyes_look_for(runs):
    run = runs.revise(source_id="msg:9", run_id=proposed(runs).id, person=lead, changes={"epochs": 3})
    assert (run.events[-1].actor, run.events[-1].note) == (LEAD, f"{REVISED}: msg:9")
    assert run.changed_by == "msg:9"


def test_what_exists_is_never_overwritten_on_the_word_of_who_asked(runs):
    run = proposed(runs, ceiling_usd=0.01, overwrites=True, output_repo="acme/production")
    with pytest.raises(NotAllowed, match="because it writes into acme/production, which exists") as caught:
        approve(runs, run, asker)
    assert caught.value.who == (LEAD,)
    assert runs.store.get(run.id).status is RunStatus.PROPOSED
    assert approve(runs, run, lead).status is RunStatus.APPROVED


def test_whoever_changed_a_request_may_not_approve_that_it_overwrites(runs):
    run = revised(runs, proposed(runs), lead, ceiling_usd=0.01, overwrites=True)
    with pytest.raises(NotAllowed, match="You changed this request, and somebody else must approve it, because"):
        approve(runs, run, lead)


# --- approval in words


def test_words_approve_the_plan_that_the_thread_shows(runs):
    run = shown(runs, proposed(runs))
    approved = runs.approve_current(run_id=run.id, person=lead, ts=slack_time(NOW + minutes(1)))
    assert (approved.status, approved.decided_by) == (RunStatus.APPROVED, LEAD)


@pytest.mark.parametrize("shows", ["nothing", "the plan before"])
def test_words_do_not_approve_a_plan_that_the_thread_does_not_show(runs, shows):
    run = proposed(runs)
    if shows == "the plan before":
        run = revised(runs, shown(runs, run), asker)
    with pytest.raises(StalePlan, match="you may not have seen the newest one") as caught:
        runs.approve_current(run_id=run.id, person=lead, ts=slack_time(NOW + minutes(1)))
    assert caught.value.fix == "Read the newest plan in the thread and use its button."
    assert runs.store.get(run.id).status is RunStatus.PROPOSED


def test_words_do_not_approve_while_the_plan_is_being_changed(runs):
    run = shown(runs, proposed(runs))
    shown(runs, runs.revise(source_id="msg:2", run_id=run.id, person=asker, changes={"epochs": 3}))
    with pytest.raises(StalePlan, match="Nothing is approved"):
        runs.approve_current(run_id=run.id, person=lead)


def test_words_that_are_older_than_the_plan_do_not_approve_it(runs, clock):
    before = clock.now
    clock.pass_minutes(1)
    run = shown(runs, proposed(runs))
    with pytest.raises(StalePlan):
        runs.approve_current(run_id=run.id, person=lead, ts=slack_time(before))
    assert runs.store.get(run.id).status is RunStatus.PROPOSED
    nearly = slack_time(clock.now - minutes(1 / 60))
    assert runs.approve_current(run_id=run.id, person=lead, ts=nearly).status is RunStatus.APPROVED


def test_words_that_are_older_than_the_message_with_the_plan_do_not_approve_it(runs, clock):
    run = shown(runs, revised(runs, shown(runs, proposed(runs)), asker))
    posted = clock.now + minutes(0.1)
    runs.store.set_delivered(run.id, run.announcement, ts=slack_time(posted), digest="d")
    with pytest.raises(StalePlan):
        runs.approve_current(run_id=run.id, person=lead, ts=slack_time(clock.now + minutes(0.05)))
    after = slack_time(posted + minutes(0.1))
    assert runs.approve_current(run_id=run.id, person=lead, ts=after).status is RunStatus.APPROVED


def test_nobody_may_approve_above_the_limit(runs):
    with pytest.raises(NotAllowed, match=r"limit of this installation is \$50.00"):
        approve(runs, proposed(runs, ceiling_usd=50.01))


@pytest.mark.parametrize(
    "person",
    [
        Person(id="U0OTHER", team_id=TEAM),
        Person(id=GUEST, team_id=TEAM, is_guest=True),
        Person(id=LEAD, team_id="T0OTHER"),
        Person(id=LEAD, team_id=TEAM, is_stranger=True),
        Person(id=LEAD, team_id=TEAM, is_bot=True),
        Person(id=LEAD, team_id=TEAM, deleted=True),
    ],
    ids=["no approver", "guest", "other team", "stranger", "bot", "deactivated"],
)
def test_nobody_else_may_approve_reject_or_cancel(runs, person):
    run = proposed(runs)
    for act in (
        lambda: approve(runs, run, person),
        lambda: runs.reject(run_id=run.id, person=person, reason="no"),
        lambda: runs.cancel(run_id=run.id, person=person),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert runs.store.get(run.id).status is RunStatus.PROPOSED


def test_a_rejection_keeps_its_reason(runs):
    run = runs.reject(run_id=proposed(runs).id, person=lead, reason="Use LoRA first.", revision=1)
    assert (run.status, run.reason, run.decided_by) == (RunStatus.REJECTED, "Use LoRA first.", LEAD)


def test_a_waiting_plan_is_canceled_at_once_and_an_approved_one_by_the_watcher(runs):
    assert runs.cancel(run_id=proposed(runs).id, person=asker).status is RunStatus.CANCELED
    other = ask(runs, "cmd:2")
    other = runs.store.advance(
        other, RunStatus.PROPOSED, actor="tunesmith", plan=make_plan(), revision=1, needs_plan=False
    )
    approved = approve(runs, other)
    wished = runs.cancel(run_id=approved.id, person=asker)
    assert (wished.status, wished.cancel_requested_by) == (RunStatus.APPROVED, ASKER)


def test_a_request_that_has_no_plan_yet_is_canceled_at_once(runs):
    run = runs.cancel(run_id=ask(runs).id, person=asker)
    assert (run.status, run.next_check_at, run.cancel_requested_by) == (RunStatus.CANCELED, None, None)


def test_what_is_over_cannot_be_canceled(runs):
    run = runs.cancel(run_id=proposed(runs).id, person=asker)
    with pytest.raises(UserError, match="was canceled"):
        runs.cancel(run_id=run.id, person=asker)


def test_a_revision_with_a_senseless_value_changes_nothing(runs):
    run = proposed(runs)
    with pytest.raises(UserError, match="epochs=-1"):
        runs.revise(source_id="msg:2", run_id=run.id, person=asker, changes={"epochs": -1})
    assert runs.store.get(run.id) == run


def test_a_run_is_found_by_its_short_id_and_by_its_thread(runs):
    run = ask(runs)
    runs.store.set_thread(run.id, "1.5")
    assert runs.find(run.short_id.upper(), channel="C1").id == run.id
    assert runs.find(None, channel=CHANNEL, thread_ts="1.5").id == run.id
    with pytest.raises(UserError, match="No run is called `nope`"):
        runs.find("nope", channel=CHANNEL)


@pytest.mark.parametrize(
    ("person", "channel"), [(asker, "C0GENERAL"), (lead, "C0GENERAL"), (second, CHANNEL)],
    ids=["who asked", "an approver", "the same channel"],
)  # fmt: skip
def test_a_run_is_told_of_in_its_channel_and_to_those_who_decide_on_it(runs, person, channel):
    run = ask(runs)
    assert runs.find_for(person, run.short_id, channel=channel) == run


def test_to_anybody_else_a_run_reads_like_an_unknown_one(runs):
    run = ask(runs)
    answers = []
    for words in (run.short_id, run.id, "00000000"):
        with pytest.raises(UserError) as caught:
            runs.find_for(second, words, channel="C0GENERAL")
        answers.append(str(caught.value).replace(words, "ID"))
    assert answers == [answers[0]] * 3


def test_a_guest_is_not_told_whether_there_is_such_a_run(runs):
    run = ask(runs)
    guest = Person(id=ASKER, team_id=TEAM, is_guest=True)
    for words in (run.short_id, "00000000"):
        with pytest.raises(NotAllowed, match="Guests can read along"):
            runs.find_for(guest, words, channel=CHANNEL)


# --- answers, corrections, withdrawals


def asking(runs: Runs) -> Run:
    question = Question(field="model", text="Which?", hint="", choices=("Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B"))
    return runs.store.advance(
        ask(runs), RunStatus.DRAFTING, actor="tunesmith", question=question, needs_plan=False,
        next_check_at=NOW + minutes(60),
    )  # fmt: skip


def test_an_offered_answer_fills_its_field_once(runs):
    run = asking(runs)
    given = {"run_id": run.id, "person": asker, "field": "model", "choice": "Qwen/Qwen3-1.7B"}
    answered = runs.answer(source_id="act:1", **given)
    assert (answered.request.model, answered.needs_plan) == ("Qwen/Qwen3-1.7B", True)
    assert runs.answer(source_id="act:2", **given) == answered


@pytest.mark.parametrize("wrong", [{"field": "dataset"}, {"choice": "acme/other"}])
def test_what_was_not_offered_is_no_answer(runs, wrong):
    run = asking(runs)
    given = {"field": "model", "choice": "Qwen/Qwen3-1.7B"} | wrong
    with pytest.raises(StalePlan, match="is answered already"):
        runs.answer(source_id="act:1", run_id=run.id, person=asker, **given)
    assert runs.store.get(run.id) == run


def test_a_correction_takes_back_what_the_old_words_said():
    before = make_request(text="a on b", epochs=1, lora=None)
    now = make_request(text="a on b, then: 2 epochs, lora", epochs=2, lora=True)
    edit = Correction(old="2 epochs, lora", new="3 epochs", undone=frozenset({"epochs", "lora"}), changes={"epochs": 3})
    assert corrected(now, before, edit) == make_request(text="a on b, then: 3 epochs", epochs=3, lora=None)
    assert corrected(now, None, edit).lora is None


def test_a_withdrawn_request_is_canceled_and_a_decided_one_stays(runs):
    assert runs.withdraw(ask(runs).id, "gone").status is RunStatus.CANCELED
    other = ask(runs, "cmd:2")
    other = runs.store.advance(
        other, RunStatus.PROPOSED, actor="tunesmith", plan=make_plan(), revision=1, needs_plan=False
    )
    approved = approve(runs, other)
    assert runs.withdraw(other.id, "gone") == approved


def test_rejecting_what_has_no_plan_yet_drops_it(runs):
    assert runs.reject(run_id=ask(runs).id, person=asker, reason="").status is RunStatus.CANCELED


def test_what_is_not_waiting_says_why_it_cannot_be_decided(runs):
    with pytest.raises(StalePlan, match="has no plan yet"):
        runs.approve_current(run_id=ask(runs).id, person=lead)
    other = ask(runs, "cmd:2")
    run = runs.store.advance(
        other, RunStatus.PROPOSED, actor="tunesmith", plan=make_plan(), revision=1, needs_plan=False
    )
    approve(runs, run)
    with pytest.raises(StalePlan) as caught:
        runs.reject(run_id=run.id, person=lead, reason="")
    assert caught.value.fix.startswith("To stop it, write `cancel`")
