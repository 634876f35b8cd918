"""Moves and changes of stored runs: the table of states, races, the audit trail."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError, StatementError

from bot.errors import InvalidTransition
from bot.models import Alert, Machine, Question, Run, RunEvent
from bot.states import FINAL, TRANSITIONS, RunStatus
from storage.changes import CHANGEABLE
from storage.store import Store
from storage.tables import RunRow
from tests.builders import (
    ASKER,
    LEAD,
    NOW,
    make_diagnosis,
    make_job,
    make_plan,
    make_progress,
    make_report,
    make_request,
)
from tests.databases import at_once, record, record_in
from tests.fakes import FakeClock

_S = RunStatus


# --- moves


def test_a_move_changes_the_row_and_the_audit_trail_together(store: Store, clock: FakeClock) -> None:
    run = record(store)
    clock.pass_minutes(3)

    moved = store.advance(
        run, _S.PROPOSED, actor="tunesmith", note="planned", plan=make_plan(), revision=1, needs_plan=False
    )

    event = RunEvent(at=clock.now, status=_S.PROPOSED, actor="tunesmith", note="planned")
    assert moved == run.model_copy(
        update={
            "status": _S.PROPOSED,
            "plan": make_plan(),
            "revision": 1,
            "needs_plan": False,
            "version": 2,
            "updated_at": clock.now,
            "next_check_at": clock.now,
            "events": (*run.events, event),
        }
    )
    assert store.get(run.id) == moved


@pytest.mark.parametrize("status", _S)
def test_exactly_the_moves_of_the_table_are_made(store: Store, status: RunStatus) -> None:
    for to in _S:
        run = record_in(store, status, source_id=f"to {to}")
        if to in TRANSITIONS[status]:
            moved = store.advance(run, to, actor=LEAD)
            assert (moved.status, moved.version) == (to, run.version + 1)
            assert (moved.next_check_at is None) == (to in FINAL)
        else:
            with pytest.raises(InvalidTransition, match=f"from {status} to {to}: it is {status} now"):
                store.advance(run, to, actor=LEAD)
            moved = run
        assert store.get(run.id) == moved


def test_of_eight_moves_at_once_one_wins(store: Store) -> None:
    run = record_in(store, _S.PROPOSED)

    def decide(number: int) -> Run | None:
        to = _S.APPROVED if number % 2 else _S.REJECTED
        try:
            return store.advance(run, to, actor=f"U{number}", decided_by=f"U{number}")
        except InvalidTransition:
            return None

    winners = [moved for moved in at_once(decide) if moved is not None]

    assert winners == [store.get(run.id)]
    assert [event.status for event in winners[0].events] == [_S.RECEIVED, _S.PROPOSED, winners[0].status]


def test_whoever_loses_a_race_is_told_how_the_run_is_now(store: Store, clock: FakeClock) -> None:
    run = record_in(store, _S.PROPOSED)
    clock.pass_minutes(3)
    store.advance(run, _S.APPROVED, actor=LEAD)

    with pytest.raises(InvalidTransition) as lost:
        store.advance(run, _S.REJECTED, actor=ASKER, reason="too dear")

    assert str(lost.value) == (
        f"run {run.id} is not what it was (proposed, revision 0, version 2):"
        " it is approved now (revision 0, version 3, changed 2026-11-24 09:03:00 UTC)"
    )
    assert store.get(run.id).reason is None


def test_a_run_that_is_not_stored_cannot_move(store: Store) -> None:
    run = record(store).model_copy(update={"id": "0" * 26})

    with pytest.raises(InvalidTransition, match="no such run is stored"):
        store.advance(run, _S.PROPOSED, actor=LEAD)


def test_a_new_revision_beats_a_decision_on_the_old_one(store: Store) -> None:
    shown = store.advance(record(store), _S.PROPOSED, actor="tunesmith", plan=make_plan(), revision=1)
    store.advance(shown, _S.PROPOSED, actor="tunesmith", plan=make_plan(timeout_s=60), revision=2)

    with pytest.raises(InvalidTransition, match="it is proposed now \\(revision 2"):
        store.advance(shown, _S.APPROVED, actor=LEAD)


# --- changes


def test_every_field_that_may_change_comes_back_as_it_was_given(store: Store, clock: FakeClock) -> None:
    run = record(store)
    clock.pass_minutes(1)
    changes: dict[str, Any] = {
        "revision": 2,
        "needs_plan": False,
        "request": make_request(epochs=3),
        "plan": make_plan(),
        "previous_plan": make_plan(timeout_s=60),
        "question": Question(field="dataset", text="Which dataset?", hint="Answer here.", choices=("a/b",)),
        "problem": {"problem": "The Hub is down.", "fix": "Wait."},
        "decided_by": LEAD,
        "reason": "too dear",
        "cancel_requested_by": ASKER,
        "job": make_job(),
        "progress": make_progress(),
        "log_tail": ("one", "two"),
        "diagnosis": make_diagnosis(),
        "report": make_report(),
        "alerts": (Alert(kind="late", at=NOW, text="Too slow."),),
        "machine": Machine(at=NOW, busy_percent=97.0, used_gib=12.0, total_gib=22.0),
        "stepped_at": NOW,
        "spent_usd": 0.25,
        "next_check_at": NOW + timedelta(hours=1),
    }
    assert changes.keys() == CHANGEABLE

    updated = store.update(run, **changes)

    expected = Run.model_validate(run.model_dump() | changes | {"version": 2, "updated_at": clock.now})
    assert updated == expected
    assert store.get(run.id) == expected
    assert updated.plan is not None
    assert updated.plan.digest == make_plan().digest


def test_an_update_without_a_note_leaves_no_audit_line_and_keeps_the_next_check(store: Store, clock: FakeClock) -> None:
    run = store.update(record(store), next_check_at=NOW + timedelta(hours=1))
    clock.pass_minutes(1)

    assert store.update(run, log_tail=("a line",)) == run.model_copy(
        update={"log_tail": ("a line",), "version": 3, "updated_at": clock.now}
    )


def test_an_update_with_a_note_leaves_an_audit_line(store: Store) -> None:
    run = store.update(store.update(record(store), note="the Hub is down"), actor=LEAD, note="look again")

    assert run.events[1:] == (
        RunEvent(at=NOW, status=None, actor="tunesmith", note="the Hub is down"),
        RunEvent(at=NOW, status=None, actor=LEAD, note="look again"),
    )
    assert store.get(run.id) == run


def test_of_eight_updates_at_once_one_wins(store: Store) -> None:
    run = record(store)

    def change(number: int) -> bool:
        try:
            store.update(run, log_tail=(f"line {number}",), note="read")
        except InvalidTransition:
            return False
        return True

    assert sorted(at_once(change)) == [False] * 7 + [True]
    assert store.get(run.id).version == 2
    assert len(store.get(run.id).events) == 2


def test_a_change_that_is_not_the_callers_is_a_type_error(store: Store) -> None:
    run = record(store)

    for name in ["plann", "version", "id", "place", "events", "updated_at", "claimed_until"]:
        changes: dict[str, Any] = {name: None}
        with pytest.raises(TypeError, match=name):
            store.update(run, **changes)
        with pytest.raises(TypeError, match=name):
            store.advance(run, _S.PROPOSED, actor=LEAD, **changes)
    with pytest.raises(TypeError, match="status"):
        store.update(run, status=_S.APPROVED)
    assert store.get(run.id) == run


def test_a_value_of_another_type_is_refused(store: Store) -> None:
    run = record(store)

    with pytest.raises(StatementError, match="plan") as refused:
        store.update(run, plan="the usual")

    assert isinstance(refused.value.orig, ValidationError)
    assert store.get(run.id) == run


def test_a_run_that_is_not_final_always_has_a_next_check(store: Store) -> None:
    run = record(store)

    with pytest.raises(ValueError, match="needs a next check"):
        store.update(run, next_check_at=None)
    with pytest.raises(ValueError, match="needs a next check"):
        store.advance(run, _S.PROPOSED, actor=LEAD, next_check_at=None)
    assert store.get(run.id) == run


def test_a_final_run_never_has_a_next_check(store: Store) -> None:
    run = store.advance(record(store), _S.REFUSED, actor="tunesmith", next_check_at=NOW)
    assert run.next_check_at is None

    assert store.update(run, log_tail=("a line",), next_check_at=NOW).next_check_at is None


@pytest.mark.parametrize(("status", "next_check_at"), [(_S.RECEIVED, None), (_S.REFUSED, NOW)])
def test_the_database_itself_refuses_a_wrong_next_check(
    store: Store, status: RunStatus, next_check_at: datetime | None
) -> None:
    record(store)

    with pytest.raises(IntegrityError), store._database.write() as session:
        session.query(RunRow).update({"status": status, "next_check_at": next_check_at})


def test_every_plan_is_kept(store: Store) -> None:
    plans = [make_plan(timeout_s=seconds) for seconds in (60, 120, 180)]
    run = store.advance(record(store), _S.PROPOSED, actor="tunesmith", plan=plans[0], revision=1)
    run = store.advance(run, _S.PROPOSED, actor="tunesmith", plan=plans[1], previous_plan=plans[0], revision=2)
    run = store.update(run, plan=plans[2], revision=3)
    run = store.update(run, plan=plans[2])
    store.update(run, plan=None)

    assert store.plans(run.id) == plans
    assert store.get(run.id).plan is None


def test_the_wallet_and_the_job_can_be_queried(store: Store) -> None:
    def columns(run: Run) -> tuple[str | None, str | None]:
        with store._database.read() as session:
            row = session.get_one(RunRow, run.id)
            return row.namespace, row.job_id

    run = record(store)
    assert columns(run) == (None, None)
    run = store.update(run, plan=make_plan(namespace="acme"))
    assert columns(run) == ("acme", None)
    run = store.update(run, job=make_job(id="job1", namespace="acme"))
    assert columns(run) == ("acme", "job1")
    run = store.update(run, job=None)
    assert columns(run) == ("acme", None)


# --- wishes to cancel


def test_the_first_wish_to_cancel_counts_and_makes_the_run_due(store: Store, clock: FakeClock) -> None:
    run = store.update(record_in(store, _S.APPROVED), next_check_at=NOW + timedelta(hours=1))
    store.mark_shown(run.id, run.version)
    clock.pass_minutes(3)
    assert store.due(clock.now) == []

    wished = store.request_cancel(run.id, ASKER)
    clock.pass_minutes(3)

    assert store.request_cancel(run.id, LEAD) == wished
    assert wished == run.model_copy(
        update={
            "cancel_requested_by": ASKER,
            "version": run.version + 1,
            "updated_at": NOW + timedelta(minutes=3),
            "next_check_at": NOW + timedelta(minutes=3),
            "events": (
                *run.events,
                RunEvent(at=NOW + timedelta(minutes=3), status=None, actor=ASKER, note="asked to stop it"),
            ),
        }
    )
    assert store.due(clock.now) == [wished]


def test_a_wish_to_cancel_does_not_hurry_a_submission(store: Store, clock: FakeClock) -> None:
    """Looking for the job before the Hub's listing can show it would find none and buy a second one."""
    run = record_in(store, _S.SUBMITTING)
    run = store.update(run, next_check_at=NOW + timedelta(seconds=80))
    clock.now += timedelta(seconds=10)

    wished = store.request_cancel(run.id, ASKER)

    assert (wished.cancel_requested_by, wished.next_check_at) == (ASKER, NOW + timedelta(seconds=80))
    store.mark_shown(wished.id, wished.version)
    assert store.due(clock.now) == []
    assert store.get(run.id) == wished


@pytest.mark.parametrize("status", sorted(set(_S) - FINAL - {_S.SUBMITTING}))
def test_a_wish_to_cancel_makes_every_other_run_due_at_once(store: Store, status: RunStatus, clock: FakeClock) -> None:
    run = store.update(record_in(store, status), next_check_at=NOW + timedelta(hours=1))
    clock.pass_minutes(3)

    assert store.request_cancel(run.id, ASKER).next_check_at == clock.now


def test_a_final_run_takes_no_wish_to_cancel(store: Store) -> None:
    run = record_in(store, _S.SUCCEEDED)

    assert store.request_cancel(run.id, ASKER) == run
    assert store.get(run.id) == run


def test_a_wish_to_cancel_is_not_lost_to_a_change_at_the_same_time(store: Store) -> None:
    outdated = record_in(store, _S.RUNNING)
    store.request_cancel(outdated.id, ASKER)

    with pytest.raises(InvalidTransition):
        store.update(outdated, progress=make_progress())

    assert store.get(outdated.id).cancel_requested_by == ASKER
