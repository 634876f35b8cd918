"""Finished runs become lessons: what was predicted, without what was learned before, and what was measured."""

import pytest

from bot.models import Estimate, Run
from bot.states import RunStatus
from storage.past import as_past
from storage.store import Store
from tests.builders import LEAD, make_estimate, make_plan, make_progress, make_report, make_run
from tests.databases import record_in
from tests.fakes import FakeClock


def finished(estimate: Estimate, **report: object) -> Run:
    return make_run(
        RunStatus.SUCCEEDED,
        plan=make_plan(estimate=estimate),
        progress=make_progress(step=500, seconds_per_step=2.4, ended=True),
        report=make_report(**report),
    )


def test_a_finished_run_tells_prediction_and_measurement() -> None:
    estimate = make_estimate(
        memory_gib=13.2, tokens_per_s=2000, parts_gib={"context": 0.6}, corrections={"speed": 0.8, "memory": 1.1}
    )

    past = as_past(
        finished(estimate, tokens_per_second=1500.0, memory_gib={"gpu_reserved": 12.0}, running_s=1560, cost_usd=0.65)
    )

    assert past is not None
    assert (past.predicted_tokens_per_s, past.measured_tokens_per_s) == (2500, 1500)
    # the job sees PyTorch's part; what CUDA takes beside it is the predicted
    assert (past.predicted_memory_gib, past.measured_memory_gib) == (pytest.approx(12.0), pytest.approx(12.6))
    # 26 minutes were paid, 500 steps of 2.4 s trained
    assert past.measured_startup_min == pytest.approx(6.0)
    assert past.measured_usd == 0.65


def test_what_the_script_did_not_say_is_not_known() -> None:
    past = as_past(finished(make_estimate(tokens_per_s=2000)))

    assert past is not None
    assert (past.measured_tokens_per_s, past.measured_memory_gib) == (None, None)


def test_a_run_without_a_predicted_speed_teaches_nothing() -> None:
    assert as_past(finished(make_estimate(tokens_per_s=0))) is None
    assert as_past(make_run(RunStatus.RUNNING)) is None


def test_the_store_tells_runs_that_ended_well_newest_first(store: Store, clock: FakeClock) -> None:
    plan = make_plan(estimate=make_estimate(tokens_per_s=2000))
    ids, report = [], make_report(tokens_per_second=1500.0)
    for number in range(2):
        run = record_in(store, RunStatus.RUNNING, f"Ev{number}")
        run = store.update(run, plan=plan.model_copy(update={"output_repo": f"tunesmith-lab/one-{number}"}))
        ids.append(store.advance(run, RunStatus.SUCCEEDED, actor=LEAD, report=report, next_check_at=None).id)
        clock.pass_minutes(5)
    record_in(store, RunStatus.FAILED, "Ev-failed")

    past = store.past_runs()

    assert [each.run_id for each in past] == ids[::-1]
    assert {each.measured_tokens_per_s for each in past} == {1500.0}
