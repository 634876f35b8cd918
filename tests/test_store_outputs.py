"""One run promises one output: two jobs that write to one repository would spoil each other's model."""

import pytest
from sqlalchemy import event

from bot.errors import InvalidTransition
from bot.models import Plan, Run
from bot.states import ON_THE_HUB, RunStatus
from storage.store import Store
from tests.builders import LEAD, make_plan
from tests.databases import WAYS, at_once, record, record_in

_S = RunStatus
PROMISING = {_S.PROPOSED, _S.APPROVED} | ON_THE_HUB


def planned(output: str) -> Plan:
    return make_plan(output_repo=output)


def propose(store: Store, run: Run, output: str) -> Run:
    return store.advance(run, _S.PROPOSED, actor="tunesmith", plan=planned(output), revision=run.revision + 1)


def test_of_eight_runs_that_promise_one_output_at_once_one_may(store: Store) -> None:
    runs = [record(store, f"Ev{number}") for number in range(8)]

    def try_it(number: int) -> Run | None:
        try:
            return propose(store, runs[number], "acme/One" if number % 2 else "acme/one")
        except InvalidTransition:
            return None

    promised = [run for run in at_once(try_it) if run is not None]

    assert len(promised) == 1
    assert store.recent(statuses={_S.PROPOSED}) == promised
    assert sorted(run.version for run in store.recent()) == [1] * 7 + [2]


def test_a_second_promise_is_refused_with_the_output_and_changes_nothing(store: Store) -> None:
    propose(store, record(store, "Ev1"), "acme/one")
    waiting = record(store, "Ev2")
    other = propose(store, record(store, "Ev3"), "acme/two")

    with pytest.raises(InvalidTransition) as refused:
        propose(store, waiting, "Acme/One")
    with pytest.raises(InvalidTransition, match="another run promises acme/one: run"):
        store.update(other, plan=planned("acme/one"), revision=2, note="replanned")

    assert str(refused.value) == f"another run promises Acme/One: run {waiting.id} stays received"
    for run in (waiting, other):
        assert store.get(run.id) == run
    assert store.plans(waiting.id) == []
    assert store.plans(other.id) == [planned("acme/two")]


@pytest.mark.parametrize("status", _S)
def test_an_output_is_promised_from_the_plan_to_the_end_of_the_job(store: Store, status: RunStatus) -> None:
    run = record(store, "Ev1")
    for step in WAYS[status]:
        run = propose(store, run, "acme/one") if step is _S.PROPOSED else store.advance(run, step, actor=LEAD)
    next_one = record(store, "Ev2")

    assert store.promised(next_one.id) == ({"acme/one"} if status in PROMISING else set())
    if status in PROMISING:
        with pytest.raises(InvalidTransition, match="another run promises acme/one"):
            propose(store, next_one, "acme/one")
    else:
        assert propose(store, next_one, "acme/one").status is _S.PROPOSED


def test_a_run_may_promise_its_own_output_again_and_give_it_up(store: Store) -> None:
    run = propose(store, record(store, "Ev1"), "acme/one")
    run = propose(store, run, "acme/one")
    run = propose(store, run, "acme/two")

    propose(store, record(store, "Ev2"), "acme/one")
    store.update(run, plan=None)
    propose(store, record(store, "Ev3"), "acme/two")

    assert store.promised(run.id) == {"acme/one", "acme/two"}


def test_promised_outputs_are_named_as_the_plans_write_them_without_the_runs_own(store: Store) -> None:
    one = propose(store, record(store, "Ev1"), "Acme/Qwen3-SFT")
    two = propose(store, record(store, "Ev2"), "acme/two")
    record_in(store, _S.APPROVED, "Ev3")

    assert store.promised(one.id) == {"acme/two"}
    assert store.promised(two.id) == {"Acme/Qwen3-SFT"}
    assert store.promised("0" * 26) == {"Acme/Qwen3-SFT", "acme/two"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_promised_outputs_are_read_from_their_own_index(store: Store) -> None:
    steps: list[str] = []
    with store._database.read() as session:
        engine = session.get_bind().engine

    @event.listens_for(engine, "before_cursor_execute")
    def explain(connection, cursor, statement, parameters, *_):  # type: ignore[no-untyped-def]  # SQLAlchemy's
        steps.extend(row[3] for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    assert store.promised("0" * 26) == set()
    assert len(steps) == 1
    assert "uq_runs_output_repo" in steps[0]
