"""Processes whose clocks differ go by one time: the database server's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import make_url

from bot.errors import Transient
from bot.states import RunStatus
from storage.clocks import SharedClock
from storage.engine import Database
from storage.store import Store
from tests.builders import LEAD, NOW
from tests.databases import PostgreSQL, record, record_in
from tests.fakes import FakeClock

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
AHEAD = timedelta(minutes=10)


@pytest.fixture
def fast(database_url: str, store: Store) -> Iterator[Store]:
    """A second process on the database of `store`, whose clock is ten minutes ahead."""
    fast = Store(database_url, FakeClock(NOW + AHEAD))
    yield fast
    fast.close()


@on_postgresql
def test_stores_whose_clocks_differ_tell_one_time(store: Store, fast: Store) -> None:
    assert store.now() == fast.now() == NOW


@on_postgresql
def test_a_store_whose_clock_is_ahead_respects_a_lease(store: Store, fast: Store) -> None:
    run = record(store)
    assert store.due(store.now()) == [run]

    assert fast.due(fast.now()) == []
    assert fast.due(fast.now() + AHEAD) == [], "a lease goes by the store's own time, whatever its caller's says"


@on_postgresql
def test_a_store_whose_clock_is_ahead_respects_a_next_check(store: Store, database_url: str, clock: FakeClock) -> None:
    """Looking for a job before the Hub's listing can show it would buy a second one."""
    fast_clock = FakeClock(NOW + AHEAD)
    fast = Store(database_url, fast_clock)
    run = record_in(store, RunStatus.APPROVED)
    run = store.advance(run, RunStatus.SUBMITTING, actor=LEAD, next_check_at=store.now() + timedelta(seconds=80))
    store.mark_shown(run.id, run.version)

    assert fast.due(fast.now()) == []
    fast_clock.now += timedelta(seconds=79)
    assert fast.due(fast.now()) == []
    fast_clock.now += timedelta(seconds=1)
    assert fast.due(fast.now()) == [run]
    fast.close()


@on_postgresql
def test_what_is_stored_bears_the_shared_time(store: Store, fast: Store) -> None:
    run = record(fast)
    fast.begin_post(run.id, "card")

    assert (run.created_at, run.updated_at, run.next_check_at, run.events[0].at) == (NOW, NOW, NOW, NOW)
    assert fast.update(run, note="looked").updated_at == NOW
    assert store.delivered(run.id)["card"].posting_since == NOW


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_the_given_clock_is_the_time(store: Store, clock: FakeClock) -> None:
    clock.pass_minutes(3)

    assert store.now() == NOW + timedelta(minutes=3)


class Stopwatch:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@on_postgresql
def test_the_distance_is_measured_again_after_a_minute_and_not_before(database_url: str) -> None:
    database, clock, stopwatch = Database(database_url), FakeClock(), Stopwatch()
    shared = SharedClock(database, clock, elapsed_s=stopwatch)
    assert shared() == NOW
    clock.now += AHEAD  # somebody sets this machine's clock

    stopwatch.seconds = 59
    assert shared() == NOW + AHEAD
    stopwatch.seconds = 60
    assert shared() == NOW
    database.close()


@on_postgresql
def test_a_server_that_is_gone_leaves_the_distance_as_it_was(database_url: str, postgresql: PostgreSQL) -> None:
    database, stopwatch = Database(database_url), Stopwatch()
    shared = SharedClock(database, FakeClock(NOW + AHEAD), elapsed_s=stopwatch)
    assert shared() == NOW
    postgresql.drop_database(database_url)

    stopwatch.seconds = 60
    assert shared() == NOW
    with pytest.raises(Transient, match="the database does not answer"):
        SharedClock(database, FakeClock())()
    database.close()


@on_postgresql
def test_the_time_of_a_real_server_is_its_real_time(database_url: str) -> None:
    # past the stand-in that our test server has for its clock
    url = make_url(database_url).update_query_dict({"options": "-c search_path=pg_catalog"})
    database = Database(url.render_as_string(hide_password=False))

    told = SharedClock(database, FakeClock(datetime(2001, 1, 1, tzinfo=UTC)))()

    assert abs(told - datetime.now(UTC)) < timedelta(seconds=10)
    database.close()
