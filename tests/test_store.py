"""What comes into the store and comes out again, on a real SQLite file and on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from bot.errors import InvalidTransition
from bot.models import Place, Point, Progress, Run, RunEvent
from bot.states import RunStatus
from storage.store import Store
from tests.builders import (
    ASKER,
    CHANNEL,
    GUEST,
    LEAD,
    NOW,
    TEAM,
    THREAD,
    make_plan,
    make_request,
)
from tests.databases import PLACE, at_once, record, record_in
from tests.fakes import FakeClock

_S = RunStatus


# --- what comes in


def test_a_request_becomes_a_run_that_is_due_at_once(store: Store) -> None:
    run = record(store)

    assert run == Run(
        id=run.id,
        status=_S.RECEIVED,
        revision=0,
        version=1,
        place=PLACE,
        requester=ASKER,
        request=make_request(),
        created_at=NOW,
        updated_at=NOW,
        next_check_at=NOW,
        events=(RunEvent(at=NOW, status=_S.RECEIVED, actor=ASKER),),
    )
    assert store.get(run.id) == run
    assert store.due(NOW) == [run]


def test_a_source_id_makes_one_run(store: Store) -> None:
    run = record(store, "Ev1")

    assert store.record_request("Ev1", place=PLACE, requester=GUEST, request=make_request(epochs=9)) is None
    assert store.recent() == [run]


def test_of_eight_deliveries_at_once_one_makes_a_run(store: Store) -> None:
    runs = at_once(lambda _: store.record_request("Ev1", place=PLACE, requester=ASKER, request=make_request()))

    made = [run for run in runs if run is not None]
    assert len(made) == 1
    assert store.recent() == made


def test_an_id_is_remembered_once_by_eight_threads(store: Store) -> None:
    assert sorted(at_once(lambda _: store.remember("Ev1"))) == [False] * 7 + [True]
    assert store.remember("Ev2")
    assert not store.remember("Ev2")
    store.forget("Ev2")
    assert not store.remember("Ev1")
    assert store.remember("Ev2"), "its effect is known not to have come"


def test_an_id_that_had_another_effect_makes_no_run(store: Store) -> None:
    """A reply that revised a plan must not become a request when Slack sends it again after the approval."""
    run = record_in(store, _S.PROPOSED)
    store.revise("Ev2", run, actor=ASKER, request=make_request(epochs=3))

    assert not store.remember("Ev2")
    assert store.record_request("Ev2", place=PLACE, requester=ASKER, request=make_request()) is None
    assert len(store.recent()) == 1


def test_a_revision_needs_a_plan_and_is_due_now(store: Store, clock: FakeClock) -> None:
    run = store.update(record_in(store, _S.PROPOSED), needs_plan=False, next_check_at=NOW + timedelta(hours=24))
    clock.pass_minutes(3)

    revised = store.revise("Ev2", run, actor=LEAD, request=make_request(epochs=3))

    event = RunEvent(at=clock.now, status=None, actor=LEAD, note="changed the request: Ev2")
    assert revised == run.model_copy(
        update={
            "request": make_request(epochs=3),
            "needs_plan": True,
            "version": run.version + 1,
            "updated_at": clock.now,
            "next_check_at": clock.now,
            "events": (*run.events, event),
        }
    )
    assert store.get(run.id) == revised


def test_a_revision_that_slack_sends_again_changes_nothing(store: Store) -> None:
    run = record_in(store, _S.DRAFTING)
    revised = store.revise("Ev2", run, actor=ASKER, request=make_request(epochs=3))
    assert revised is not None

    assert store.revise("Ev2", revised, actor=ASKER, request=make_request(epochs=4)) is None
    assert store.get(run.id) == revised


def test_a_decided_run_cannot_be_revised(store: Store) -> None:
    for status in set(_S) - {_S.RECEIVED, _S.DRAFTING, _S.PROPOSED}:
        run = record_in(store, status, source_id=f"asks {status}")

        with pytest.raises(InvalidTransition, match=f"it is {status} now"):
            store.revise(f"revises {status}", run, actor=ASKER, request=make_request(epochs=3))

        assert store.get(run.id) == run
        assert store.remember(f"revises {status}"), "an id without an effect stays free"


def test_a_revision_of_an_outdated_run_can_be_repeated(store: Store) -> None:
    outdated = record_in(store, _S.PROPOSED)
    run = store.update(outdated, log_tail=("a line",))

    with pytest.raises(InvalidTransition):
        store.revise("Ev2", outdated, actor=ASKER, request=make_request(epochs=3))

    assert store.revise("Ev2", run, actor=ASKER, request=make_request(epochs=3)) == store.get(run.id)
    assert store.get(run.id).request == make_request(epochs=3)


# --- what is known


def test_a_run_is_found_by_its_id_and_its_short_id_as_people_type_them(store: Store) -> None:
    record(store, "Ev1")
    run = record(store, "Ev2")

    assert store.find(run.id) == run
    assert store.find(run.short_id) == run
    assert store.find(f" {run.short_id.upper().replace('0', 'O').replace('1', 'l')} ") == run


def test_words_that_name_no_run_find_none(store: Store) -> None:
    record(store)

    for words in ["", "x", "the last one", "%" * 8, "_" * 26, "0" * 8, "0" * 26]:
        assert store.find(words) is None


def test_an_unknown_id_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.get("0" * 26)
    with pytest.raises(KeyError):
        store.request_cancel("0" * 26, ASKER)


def test_a_thread_leads_to_its_newest_run(store: Store) -> None:
    place = Place(team_id=TEAM, channel=CHANNEL, thread_ts=THREAD)
    record(store, "Ev1", place=place)
    newest = record(store, "Ev2", place=place)
    record(store, "Ev3", place=place.model_copy(update={"channel": "C0GENERAL"}))
    record(store, "Ev4")

    assert store.by_thread(CHANNEL, THREAD) == newest
    assert store.by_thread(CHANNEL, "1.0") is None


def test_the_thread_is_set_without_a_new_version(store: Store) -> None:
    run = record(store)

    store.set_thread(run.id, THREAD)

    placed = run.model_copy(update={"place": Place(team_id=TEAM, channel=CHANNEL, thread_ts=THREAD)})
    assert store.by_thread(CHANNEL, THREAD) == placed
    # whoever read the run before can still change it, and gets the thread with it
    assert store.update(run, log_tail=("a line",)).place.thread_ts == THREAD


def test_recent_runs_come_newest_first_and_by_person_and_status(store: Store) -> None:
    first = record(store, "Ev1")
    second = record(store, "Ev2", requester=GUEST)
    third = store.advance(record(store, "Ev3"), _S.DRAFTING, actor=ASKER)

    assert store.recent() == [third, second, first]
    assert store.recent(2) == [third, second]
    assert store.recent(requester=ASKER) == [third, first]
    assert store.recent(statuses={_S.RECEIVED}) == [second, first]
    assert store.recent(requester=GUEST, statuses={_S.DRAFTING}) == []
    assert store.recent(statuses=()) == []


# --- what a database does to values


def test_times_come_back_in_utc_whatever_zone_they_were_given_in(store: Store) -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    run = store.update(record(store), next_check_at=datetime(2026, 11, 24, 15, 30, 0, 123456, tzinfo=elsewhere))

    for read in (run, store.get(run.id)):
        assert read.next_check_at == datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)
        assert read.next_check_at.tzinfo is UTC
        assert read.created_at.tzinfo is UTC
        assert read.events[0].at.tzinfo is UTC
    assert store.due(datetime(2026, 11, 24, 15, 30, tzinfo=elsewhere)) == [run], "only because it is not shown yet"
    store.mark_shown(run.id, run.version)
    store.release(run.id)
    assert store.due(datetime(2026, 11, 24, 15, 30, tzinfo=elsewhere)) == []
    assert store.due(datetime(2026, 11, 24, 15, 31, tzinfo=elsewhere)) == [run]


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    run = record(store)
    naive = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001

    with pytest.raises(StatementError, match="has no time zone"):
        store.update(run, next_check_at=naive)
    with pytest.raises(StatementError, match="has no time zone"):
        store.due(naive)
    assert store.get(run.id) == run


def test_a_diverged_loss_is_stored(store: Store) -> None:
    progress = Progress(points=(Point(step=1, value=float("inf")),), metrics={"loss": float("nan")})
    run = store.get(store.update(record(store), progress=progress).id)

    assert run.progress.points == progress.points
    assert repr(run.progress.metrics["loss"]) == "nan"


def test_text_that_no_database_holds_is_stored_as_far_as_it_can_be(store: Store) -> None:
    run = record_in(store, _S.PROPOSED)
    hostile = "nul \0, half a pair \ud83d, <!channel>, '; DROP TABLE runs; -- 🎛️"
    run = store.update(run, log_tail=(hostile,))
    run = store.advance(run, _S.REJECTED, actor=LEAD, note=hostile, reason=hostile)

    read = store.get(run.id)
    assert read.reason == "nul ?, half a pair ?, <!channel>, '; DROP TABLE runs; -- 🎛️"
    assert read.events[-1].note == read.reason
    assert read.log_tail == ("nul \0, half a pair ?, <!channel>, '; DROP TABLE runs; -- 🎛️",)


def test_rows_survive_a_restart(store: Store, database_url: str, clock: FakeClock) -> None:
    run = store.advance(record(store), _S.PROPOSED, actor="tunesmith", plan=make_plan(), revision=1)
    store.set_delivered(run.id, "card", ts="1.1", digest="abc")
    store.remember("Ev9")
    store.close()

    reopened = Store(database_url, clock)
    reopened.migrate()

    assert reopened.get(run.id) == run
    assert reopened.plans(run.id) == [make_plan()]
    assert reopened.delivered(run.id)["card"].ts == "1.1"
    assert not reopened.remember("Ev9")
    reopened.close()
