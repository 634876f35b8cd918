"""Addresses, files and servers: good ones, and what people are told about the others."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import Transient, UserError
from bot.models import Plan
from bot.states import RunStatus
from storage.store import Store
from storage.tables import RunRow
from tests.builders import (
    GUEST,
)
from tests.databases import PostgreSQL, record
from tests.fakes import FakeClock

_S = RunStatus


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "DATABASE_URL is no database address."),
        ("tunesmith.db", "DATABASE_URL is no database address."),
        ("mysql://root:hunter2@host/db", "DATABASE_URL names 'mysql', which Tunesmith cannot use."),
        ("postgresql+asyncpg://u:hunter2@h/db", "DATABASE_URL names 'postgresql+asyncpg', which Tunesmith cannot use."),
        ("sqlite://", "DATABASE_URL names no file: everything would be lost at the next start."),
        ("sqlite:///:memory:", "DATABASE_URL names no file: everything would be lost at the next start."),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_what_to_do(url: str, problem: str, clock: FakeClock) -> None:
    with pytest.raises(UserError) as refused:
        Store(url, clock)

    assert refused.value.problem == problem
    assert refused.value.fix == (
        "Set DATABASE_URL to sqlite:////path/to/tunesmith.db or to postgresql://user:password@host/name."
    )


def make_unusable(kind: str, folder: Path) -> str:
    """Make a path that SQLite cannot use, in a way that also holds for root."""
    path = folder / "tunesmith.db"
    match kind:
        case "no folder":
            return str(folder / "missing" / "tunesmith.db")
        case "a folder":
            path.mkdir()
        case "another file":
            path.write_text("Dear diary, " * 100)
        case "read-only":
            path.touch()
            return f"file:{path}?mode=ro&uri=true"
    return str(path)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("no folder", "unable to open database file"),
        ("a folder", "unable to open database file"),
        ("another file", "file is not a database"),
        ("read-only", "attempt to write a readonly database"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_to_do(
    kind: str, said: str, tmp_path: Path, clock: FakeClock
) -> None:
    path = make_unusable(kind, tmp_path)
    store = Store(f"sqlite:///{path}", clock)

    with pytest.raises(UserError) as refused:
        store.migrate()

    assert refused.value.problem == f"The SQLite file {path.split('?')[0]} cannot be used: {said}."
    assert refused.value.fix.startswith("Check that its folder exists, this user may write there and")
    store.close()


def test_a_server_that_is_not_there_is_named_without_the_password(clock: FakeClock) -> None:
    store = Store("postgresql://tuner:hunter2@127.0.0.1:1/tunes", clock)

    with pytest.raises(UserError) as refused:
        store.migrate()

    assert refused.value.problem.startswith("The PostgreSQL database tunes at 127.0.0.1 cannot be used: connection")
    assert refused.value.fix.startswith("Check that the server runs and this user may create tables")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(Transient) as unknown:
        store.get("0" * 26)
    assert "hunter2" not in str(unknown.value)
    store.close()


def test_a_user_without_rights_is_told_so(postgresql: PostgreSQL, clock: FakeClock) -> None:
    url = postgresql.make_database()
    postgresql.execute("CREATE ROLE onlooker LOGIN")
    store = Store(url.replace("postgres:", "onlooker:", 1) if "postgres:" in url else url, clock)

    with pytest.raises(UserError, match="permission denied for schema public"):
        store.migrate()

    store.close()
    postgresql.drop_database(url)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_dropped_connection_goes_unnoticed(store: Store, postgresql: PostgreSQL) -> None:
    run = record(store)
    postgresql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tunesmith'")

    assert store.get(run.id) == run


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_is_gone_is_a_transient_failure(store: Store, database_url: str, postgresql: PostgreSQL) -> None:
    postgresql.drop_database(database_url)

    with pytest.raises(Transient, match="the database does not answer"):
        store.remember("Ev1")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_a_transient_failure(store: Store) -> None:
    with store._database.read() as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count=1")

    def fill_the_disk() -> None:
        for number in range(1000):
            record(store, f"Ev{number}")

    with pytest.raises(Transient, match="full"):
        fill_the_disk()
    assert all(run.events for run in store.recent(1000)), "half a run is never stored"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_commits_to_disk_in_wal_and_never_waits_to_read(store: Store) -> None:
    run = record(store)
    with store._database.write() as session:
        pragmas = {
            name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        session.query(RunRow).update({"requester": GUEST})
        assert store.get(run.id) == run, "readers see what was committed"

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    assert store.get(run.id).requester == GUEST


def test_stored_values_are_frozen(store: Store) -> None:
    run = record(store)

    with pytest.raises(ValidationError, match="frozen"):
        run.status = _S.APPROVED  # type: ignore[misc]  # the point of the test
    assert Plan.model_config["frozen"]
