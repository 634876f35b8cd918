"""Databases of every version become databases of this one, with their rows."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text

from bot.errors import UserError
from bot.states import RunStatus
from storage import migrations
from storage.store import Store
from storage.tables import Base
from tests.builders import ASKER, LEAD
from tests.databases import at_once, record
from tests.fakes import FakeClock

ROWS = Path(__file__).parent / "rows"
REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrations.make_config()).walk_revisions()]
OPEN = {RunStatus.PROPOSED, RunStatus.RUNNING}
TABLES = {
    "runs", "plans", "run_events", "deliveries", "inbox", "workspaces", "people", "owed", "alembic_version"
}  # fmt: skip


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Plain connections beside the store; the caller's transaction is the only one, on SQLite too."""
    engine = create_engine(database_url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    yield engine
    engine.dispose()


def insert_rows(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TIME ZONE 'UTC'")
    for statement in (ROWS / f"{revision}.sql").read_text().split(";\n"):
        if statement.strip():
            connection.execute(text(statement.replace(":", "\\:")))


def as_text(things: Iterable[Any]) -> list[str]:
    return sorted(json.dumps(thing, default=str, sort_keys=True) for thing in things)


def schema(connection: Connection) -> dict[str, Any]:
    """Everything that the database itself says about our tables."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)
            },
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": as_text(inspector.get_foreign_keys(table)),
            "unique": as_text(inspector.get_unique_constraints(table)),
            "checks": as_text(inspector.get_check_constraints(table)),
            "indexes": as_text(inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_the_steps_make_the_tables_that_the_code_uses(store: Store, engine: Engine) -> None:
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        migrated = schema(connection)
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
        assert migrated == schema(connection)
        assert migrated.keys() | {"alembic_version"} == TABLES


def test_the_steps_form_one_line_and_each_has_rows_to_test_with() -> None:
    assert sorted(REVISIONS, reverse=True) == REVISIONS
    assert len(ScriptDirectory.from_config(migrations.make_config()).get_heads()) == 1
    assert {path.stem for path in ROWS.glob("*.sql")} == set(REVISIONS)


def test_migrating_again_changes_nothing(store: Store, engine: Engine) -> None:
    run = record(store)
    with engine.connect() as connection:
        before = schema(connection)

    store.migrate()

    with engine.connect() as connection:
        assert schema(connection) == before
    assert store.recent() == [run]


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_every_version_are_there_after_the_upgrade(
    revision: str, database_url: str, engine: Engine, clock: FakeClock
) -> None:
    with engine.begin() as connection:
        migrations.upgrade(connection, revision)
        insert_rows(connection, revision)
    store = Store(database_url, clock)

    store.migrate()

    runs = {run.status: run for run in reversed(store.recent(50))}
    told = {
        status: (run.revision, run.plan is not None, bool(run.place.thread_ts), [event.actor for event in run.events])
        for status, run in runs.items()
    }
    way = [ASKER, "tunesmith", LEAD, "tunesmith", "tunesmith", "tunesmith", "tunesmith"]
    assert told == {
        RunStatus.RECEIVED: (0, False, False, way[:1]),
        RunStatus.DRAFTING: (0, False, False, way[:2]),
        RunStatus.PROPOSED: (2, True, True, [ASKER, "tunesmith", ASKER, "tunesmith"]),
        RunStatus.RUNNING: (1, True, True, [*way[:6], LEAD]),
        RunStatus.FAILED: (1, True, True, way),
        RunStatus.SUCCEEDED: (1, True, True, way),
        RunStatus.REFUSED: (0, False, False, way[:2]),
        RunStatus.REJECTED: (1, True, True, way[:3]),
    }
    proposed = runs[RunStatus.PROPOSED]
    assert store.plans(proposed.id) == [proposed.previous_plan, proposed.plan]
    assert store.delivered(runs[RunStatus.RUNNING].id).keys() == {"card", "canceled"}
    assert not store.remember("Ev0010")
    assert store.promised("0" * 26) == {
        run.plan.output_repo for run in runs.values() if run.plan and run.status in OPEN
    }
    # what was approved before there was a budget counts against it
    running = runs[RunStatus.RUNNING]
    assert running.plan is not None
    ledger = store.ledger()
    assert (ledger.spent_usd, ledger.taken_usd) == (running.spent_usd, running.plan.ceiling_usd)
    # and work goes on
    approved = store.advance(proposed, RunStatus.APPROVED, actor=LEAD)
    assert store.get(proposed.id) == approved
    assert store.due(clock.now, limit=50)
    store.close()


def migrate_in_a_process(url: str) -> int:
    store = Store(url, FakeClock())
    store.migrate()
    runs = len(store.recent())
    store.close()
    return runs


def test_processes_that_start_at_once_wait_for_each_other(database_url: str, engine: Engine) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(migrate_in_a_process, [database_url] * 4)) == [0, 0, 0, 0]

    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == TABLES
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").all() == [(REVISIONS[0],)]


def test_threads_that_start_at_once_wait_for_each_other(database_url: str) -> None:
    assert at_once(lambda _: migrate_in_a_process(database_url)) == [0] * 8


def test_a_step_that_fails_leaves_everything_as_it_was(database_url: str, engine: Engine, clock: FakeClock) -> None:
    """A table of somebody else is in the way of the last one that we make."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE inbox (mail TEXT)")
    store = Store(database_url, clock)

    with pytest.raises(UserError, match="already exists"):
        store.migrate()

    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["inbox"]
    store.close()


def test_a_database_of_a_newer_version_is_left_alone(store: Store, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(UserError) as refused:
        store.migrate()

    assert refused.value.problem == "The database was written by a newer version of Tunesmith than this one."
    assert refused.value.fix == "Start that version again, or set DATABASE_URL to another database."
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").all() == [("9999",)]
