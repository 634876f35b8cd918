"""What people set, and what they typed last, on a real SQLite file and on a real PostgreSQL."""

import pytest

from bot.models import Parent, Preferences, Verbosity
from bot.states import RunStatus
from storage.store import Store
from tests.builders import ASKER, LEAD, NOW, TEAM
from tests.databases import PLACE, at_once, record, record_in
from tests.fakes import FakeClock

_S = RunStatus
ALL = Preferences(verbosity=Verbosity.ALL, direct=True)


def test_who_set_nothing_gets_the_milestones_and_no_direct_message(store: Store) -> None:
    assert store.preferences(TEAM, ASKER) == Preferences(verbosity=Verbosity.MILESTONES, direct=False)
    run = record(store)
    assert (run.verbosity, run.direct) == (Verbosity.MILESTONES, False)


def test_a_new_run_has_what_its_requester_set_in_that_workspace(store: Store) -> None:
    store.set_preferences(TEAM, ASKER, ALL)

    assert store.preferences(TEAM, ASKER) == ALL
    assert store.preferences("T0OTHER", ASKER) == Preferences()
    mine, other = record(store, "Ev1"), record(store, "Ev2", requester=LEAD)
    assert (mine.verbosity, mine.direct) == (Verbosity.ALL, True)
    assert (other.verbosity, other.direct) == (Verbosity.MILESTONES, False)
    assert store.get(mine.id) == mine


def test_the_direct_message_holds_for_runs_under_way_and_the_words_of_their_threads_stay(store: Store) -> None:
    running, over = record_in(store, _S.RUNNING, "Ev1"), record_in(store, _S.SUCCEEDED, "Ev2")

    store.set_preferences(TEAM, ASKER, ALL)

    assert store.get(running.id) == running.model_copy(update={"direct": True}), "nothing to show anew"
    assert store.get(over.id) == over, "an end of long ago is no news"


def test_a_run_that_grows_from_another_is_as_quiet_as_that_one(store: Store) -> None:
    quiet = store.set_verbosity(record_in(store, _S.FAILED).id, Verbosity.QUIET, actor=ASKER)
    store.set_preferences(TEAM, LEAD, ALL)
    parent = Parent(run_id=quiet.id, how="Retry")
    run = store.record_request("Ev2", place=PLACE, requester=LEAD, request=quiet.request, parent=parent)
    assert run is not None
    assert (run.verbosity, run.direct) == (Verbosity.QUIET, True)


def test_settings_are_changed_by_eight_threads_at_once(store: Store) -> None:
    at_once(lambda number: store.set_preferences(TEAM, ASKER, Preferences(direct=number < 8, verbosity=Verbosity.ALL)))
    assert store.preferences(TEAM, ASKER) == ALL


def test_a_thread_is_made_quiet_once_and_the_trail_says_by_whom(store: Store, clock: FakeClock) -> None:
    run = record(store)
    clock.pass_minutes(1)
    for _ in range(2):
        quiet = store.set_verbosity(run.id, Verbosity.QUIET, actor=LEAD)

    assert (quiet.verbosity, quiet.version, quiet.updated_at) == (Verbosity.QUIET, run.version + 1, clock.now)
    assert [(event.actor, event.note) for event in quiet.events[1:]] == [(LEAD, "messages: quiet")]
    assert store.get(run.id) == quiet
    with pytest.raises(KeyError):
        store.set_verbosity("0" * 26, Verbosity.QUIET, actor=LEAD)


def test_the_last_refused_command_of_a_person_is_kept_beside_their_settings(store: Store, clock: FakeClock) -> None:
    assert store.refused(TEAM, ASKER) is None
    store.note_refused(TEAM, ASKER, "/finetune a with ppo")
    store.set_preferences(TEAM, ASKER, ALL)
    assert store.refused(TEAM, ASKER) == (NOW, "/finetune a with ppo")
    clock.pass_minutes(1)
    store.note_refused(TEAM, ASKER, "/finetune b\0 with ppo")
    refused = store.refused(TEAM, ASKER)
    assert refused is not None
    assert refused[1] == "/finetune b? with ppo"
    assert store.preferences(TEAM, ASKER) == ALL
    assert store.refused(TEAM, LEAD) is None
