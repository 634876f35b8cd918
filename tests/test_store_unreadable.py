"""Rows that this version does not understand: a newer one wrote them during a rolling update, or somebody by hand."""

import json
import logging
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from bot.models import Place, Plan, Run
from bot.states import RunStatus
from storage.store import Store
from tests.builders import CHANNEL, LEAD, TEAM, THREAD, make_plan
from tests.databases import record
from tests.fakes import FakeClock

_S = RunStatus
BROKEN = [
    "UPDATE runs SET request = '{' WHERE id = :id",
    "UPDATE runs SET log_tail = 'secret words' WHERE id = :id",
    'UPDATE runs SET progress = \'{"step": "secret words"}\' WHERE id = :id',
    "UPDATE runs SET status = 'paused' WHERE id = :id",
    "UPDATE run_events SET status = 'paused' WHERE run_id = :id",
]
each_way = pytest.mark.parametrize("statement", BROKEN)


def spoil(store: Store, run: Run, statement: str) -> None:
    with store._database.write() as session:
        session.execute(text(statement), {"id": run.id})


def messages(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, str]]:
    return [(record.name, record.levelno, record.getMessage().split(" (")[0]) for record in caplog.records]


@each_way
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_due(
    store: Store, statement: str, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    runs = [record(store, f"Ev{number}") for number in range(7)]
    broken = runs.pop(4)
    spoil(store, broken, statement)

    assert store.due(store.now()) == runs

    told = f"reading run {broken.id}: what is stored is not understood"
    assert messages(caplog) == [("storage.rows", logging.ERROR, told)]
    assert "secret" not in caplog.text
    # and it stays away for a lease
    store.release(broken.id, *(run.id for run in runs))
    store.release_mine()
    clock.now += timedelta(seconds=299)
    assert store.due(store.now()) == runs
    assert len(caplog.records) == 1
    clock.now += timedelta(seconds=1)
    assert store.due(store.now()) == runs
    assert len(caplog.records) == 2


@each_way
def test_a_row_that_cannot_be_read_is_missing_from_the_recent_runs(
    store: Store, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    oldest, broken, newest = (record(store, f"Ev{number}") for number in range(3))
    spoil(store, broken, statement)

    assert store.recent() == [newest, oldest]
    assert [level for _, level, _ in messages(caplog)] == [logging.ERROR]
    assert broken.id in caplog.text


@each_way
def test_no_older_run_of_the_thread_stands_in_for_one_that_cannot_be_read(
    store: Store, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    """ "Stop it" must not stop another run than the one that people see."""
    place = Place(team_id=TEAM, channel=CHANNEL, thread_ts=THREAD)
    record(store, "Ev1", place=place)
    broken = record(store, "Ev2", place=place)
    spoil(store, broken, statement)

    assert store.by_thread(CHANNEL, THREAD) is None
    assert store.find(broken.short_id) is None
    assert broken.id in caplog.text


def test_a_row_that_was_mended_is_back_at_the_next_start(store: Store) -> None:
    run = record(store)
    spoil(store, run, "UPDATE runs SET status = 'paused' WHERE id = :id")
    assert store.due(store.now()) == []
    spoil(store, run, "UPDATE runs SET status = 'received' WHERE id = :id")

    store.release_all()

    assert store.due(store.now()) == [run]


def test_fields_of_a_newer_version_are_passed_over_at_every_depth(store: Store) -> None:
    run = store.advance(record(store), _S.PROPOSED, actor="tunesmith", plan=make_plan(), revision=1)
    newer = make_plan().model_dump(mode="json")
    for part in (newer, newer["request"], newer["dataset"], newer["checks"][0], newer["options"][1]["estimate"]):
        part["invented_later"] = {"x": 1}
    statement = text("UPDATE runs SET plan = :plan, request = :request, progress = :progress WHERE id = :id")
    with store._database.write() as session:
        stored = {"plan": json.dumps(newer), "request": json.dumps(newer["request"]), "progress": '{"pace": 3}'}
        session.execute(statement, {"id": run.id, **stored})
        session.execute(text("UPDATE plans SET plan = :plan"), {"plan": json.dumps(newer)})

    assert store.get(run.id) == run
    assert store.due(store.now()) == [run]
    assert store.plans(run.id) == [make_plan()]
    assert store.advance(run, _S.APPROVED, actor=LEAD).plan == make_plan()
    with pytest.raises(ValidationError, match="invented_later"):
        Plan.model_validate(newer)
