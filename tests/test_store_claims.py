"""Which runs are due, and whose they are."""

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import sqlite

from bot.states import RunStatus
from storage.claims import due_runs, is_free
from storage.store import Store
from tests.builders import (
    LEAD,
    NOW,
)
from tests.databases import at_once, record, record_in
from tests.fakes import FakeClock

_S = RunStatus


def test_a_run_is_due_when_its_time_has_come_or_the_thread_is_behind(store: Store, clock: FakeClock) -> None:
    shown = store.update(record(store, "Ev1"), next_check_at=NOW + timedelta(minutes=2))
    behind = store.update(record(store, "Ev2"), next_check_at=NOW + timedelta(minutes=5))
    final = store.advance(record(store, "Ev3"), _S.REFUSED, actor="tunesmith")
    over = store.advance(record(store, "Ev4"), _S.REFUSED, actor="tunesmith")
    store.mark_shown(shown.id, shown.version)
    store.mark_shown(over.id, over.version)

    assert store.due(NOW) == [behind, final]
    store.release(behind.id, final.id)
    store.mark_shown(behind.id, behind.version)
    store.mark_shown(final.id, final.version)
    assert store.due(NOW) == []
    clock.pass_minutes(2)
    assert store.due(clock.now) == [shown]


def test_an_older_version_does_not_count_as_shown_after_a_newer_one(store: Store) -> None:
    run = store.update(record(store), next_check_at=NOW + timedelta(hours=1))
    store.mark_shown(run.id, 2)
    store.mark_shown(run.id, 1)

    assert store.due(NOW) == []
    assert store.get(run.id) == run


def test_the_longest_waiting_comes_first(store: Store, clock: FakeClock) -> None:
    late = store.update(record(store, "Ev1"), next_check_at=NOW + timedelta(minutes=2))
    early = store.update(record(store, "Ev2"), next_check_at=NOW + timedelta(minutes=1))
    for run in (late, early):
        store.mark_shown(run.id, run.version)
    clock.pass_minutes(3)
    new = record(store, "Ev3")

    assert store.due(clock.now, limit=2) == [early, late]
    assert store.due(clock.now, limit=2) == [new]


def test_runs_that_stay_due_take_turns(store: Store, clock: FakeClock) -> None:
    """Slack is down for one channel, or a check always fails: the others must not starve."""
    runs = [record(store, f"Ev{number}") for number in range(4)]
    seen = []
    for _ in range(4):
        claimed = store.due(clock.now, limit=1)
        store.release(claimed[0].id)
        seen += claimed
        clock.now += timedelta(seconds=1)

    assert seen == runs


def test_a_claimed_run_is_nobody_elses_until_it_is_released(store: Store, database_url: str, clock: FakeClock) -> None:
    other = Store(database_url, clock)
    run = record(store)

    assert store.due(clock.now) == [run]
    assert store.due(clock.now) == []
    assert other.due(clock.now) == []
    other.release(run.id)
    assert other.due(clock.now) == []
    store.release(run.id)
    assert other.due(clock.now) == [run]
    other.close()


def test_the_claim_of_a_dead_process_runs_out(store: Store, database_url: str, clock: FakeClock) -> None:
    run = record(store)
    dead = Store(database_url, clock, lease_s=60)
    assert dead.due(clock.now) == [run]
    dead.close()

    clock.now += timedelta(seconds=59)
    assert store.due(clock.now) == []
    clock.now += timedelta(seconds=1)
    assert store.due(clock.now) == [run]


def test_a_store_gets_again_what_it_claimed_in_an_earlier_call(
    store: Store, database_url: str, clock: FakeClock
) -> None:
    """The release failed because the database was away: no reason to wait for the lease."""
    other = Store(database_url, clock)
    run = record(store)
    assert store.due(store.now()) == [run]
    clock.now += timedelta(seconds=5)

    assert other.due(other.now()) == []
    assert store.due(store.now()) == [run]
    other.close()


def test_calls_of_one_store_that_overlap_share_nothing(store: Store, database_url: str) -> None:
    runs = [record(store, f"Ev{number}") for number in range(40)]
    ticking = Store(database_url, lambda: datetime.now(UTC))

    claimed = at_once(lambda _: ticking.due(NOW + timedelta(days=3650), limit=5))

    assert sorted(run.id for part in claimed for run in part) == [run.id for run in runs]
    ticking.close()


def test_a_store_gives_back_all_that_is_its_own_when_it_ends(store: Store, database_url: str, clock: FakeClock) -> None:
    one, two, three = (record(store, f"Ev{number}") for number in range(3))
    other = Store(database_url, clock)
    assert other.due(other.now(), limit=1) == [one]
    assert store.due(store.now()) == [two, three]

    store.release_mine()

    assert other.due(other.now()) == [two, three]
    assert store.due(store.now()) == []
    other.close()


def test_the_only_process_takes_over_at_its_start(store: Store, database_url: str, clock: FakeClock) -> None:
    run = record(store)
    dead = Store(database_url, clock)
    assert dead.due(clock.now) == [run]
    dead.close()

    store.release_all()

    assert store.due(clock.now) == [run]


def test_a_claimed_run_can_be_changed_by_anybody(store: Store, database_url: str, clock: FakeClock) -> None:
    run = record_in(store, _S.PROPOSED)
    assert store.due(clock.now) == [run]
    other = Store(database_url, clock)

    approved = other.advance(run, _S.APPROVED, actor=LEAD)
    store.mark_shown(run.id, run.version)

    assert store.due(clock.now) == []
    store.release(run.id)
    assert store.due(clock.now) == [approved]
    other.close()


def test_eight_stores_share_the_due_runs_without_overlap(store: Store, database_url: str, clock: FakeClock) -> None:
    runs = [record(store, f"Ev{number}") for number in range(40)]
    stores = [Store(database_url, clock) for _ in range(8)]

    def claim_all(number: int) -> list[str]:
        claimed: list[str] = []
        while batch := stores[number].due(clock.now, limit=2):
            claimed += [run.id for run in batch]
        return claimed

    claimed = [run_id for ids in at_once(claim_all) for run_id in ids]

    for other in stores:
        other.close()
    assert sorted(claimed) == [run.id for run in runs]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_idle_tick_reads_no_run_that_is_over(store: Store) -> None:
    select = due_runs(NOW, 200, free=is_free(NOW))
    query = str(select.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    with store._database.read() as session:
        steps = [row.detail for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]

    assert any("ix_runs_next_check_at" in step for step in steps)
    assert any("ix_runs_unshown" in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN runs") and "INDEX" not in step] == []


def test_a_tick_costs_as_many_statements_for_two_hundred_runs_as_for_one(store: Store) -> None:
    for number in range(201):
        record(store, f"Ev{number}")
    with store._database.write() as session:
        engine = session.get_bind().engine
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2].split()[0]))

    assert len(store.due(NOW)) == 200
    assert len(store.due(NOW)) == 1

    assert [word for word in statements if word != "BEGIN"] == ["SELECT", "UPDATE", "SELECT", "SELECT"] * 2


def claim_in_a_process(url: str) -> list[str]:
    store = Store(url, FakeClock())
    claimed: list[str] = []
    while batch := store.due(NOW, limit=1):
        claimed += [run.id for run in batch]
    store.close()
    return claimed


def test_two_processes_share_the_due_runs_without_overlap(store: Store, database_url: str) -> None:
    runs = [record(store, f"Ev{number}") for number in range(60)]

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        claimed = [run_id for ids in pool.map(claim_in_a_process, [database_url] * 2) for run_id in ids]

    assert sorted(claimed) == [run.id for run in runs]
