"""The ways on from a run that ended: the ladder with its prices, the checkpoint, and what no click may change."""

import math

import pytest

from bot.errors import UserError
from bot.models import Flavor, Remedy, Resume, Tuning
from bot.models.job import PUSH_BYTES_S
from bot.planning import FALLBACK_FLAVORS, Limits, go_on, plan_differences, remedies
from bot.states import RunStatus
from bot.training.failures import FAILURES
from bot.ways import checkpoint, ways_out
from tests.builders import (
    make_diagnosis,
    make_flavor,
    make_model_info,
    make_plan,
    make_progress,
    make_request,
    make_run,
)

_S = RunStatus
LIMITS = Limits(max_ceiling_usd=200)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def offered(kind: str, plan=None) -> dict[str, Remedy]:
    return {way.key: way for way in remedies(kind, plan or make_plan(), FALLBACK_FLAVORS, LIMITS)}


def test_out_of_memory_is_a_ladder_from_the_mildest_step_to_a_larger_gpu_each_with_its_price():
    found = remedies("cuda_oom", make_plan(arguments={"activation_checkpointing": False}), FALLBACK_FLAVORS, LIMITS)
    assert [way.key for way in found] == ["batch", "checkpointing", "lora", "qlora", "flavor"]
    assert all(way.cost_usd for way in found)
    assert found[0].label == "Batch 2, accumulation 8"
    assert found[0].changes == {"hardware": "a10g-large", "batch_size": 2, "grad_accum": 8}


def test_the_effective_batch_never_shrinks():
    for batch, accum in ((4, 4), (3, 2), (5, 1), (2, 16)):
        plan = make_plan(arguments={"per_device_train_batch_size": batch, "gradient_accumulation_steps": accum})
        changes = offered("cuda_oom", plan)["batch"].changes
        assert changes["batch_size"] * changes["grad_accum"] >= batch * accum
        assert changes["batch_size"] < batch


def test_no_remedy_touches_method_data_or_length():
    kept = {"method", "dataset", "dataset_config", "split", "model", "epochs", "max_steps", "max_length", "max_samples"}
    for failure in FAILURES:
        for way in offered(failure.kind).values():
            assert not kept & way.changes.keys(), (failure.kind, way)


def test_a_batch_of_one_is_not_halved_and_an_adapter_is_not_offered_twice():
    lora = make_plan(
        tuning=Tuning.LORA,
        arguments={"per_device_train_batch_size": 1, "lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.05},
    )
    assert list(offered("cuda_oom", lora)) == ["qlora", "flavor"]


def test_four_bit_is_not_offered_where_the_gpu_has_no_bfloat16():
    t4 = make_plan(flavor=next(flavor for flavor in FALLBACK_FLAVORS if flavor.name == "t4-small"), precision="fp16")
    assert "qlora" not in offered("cuda_oom", t4)


def test_the_next_hardware_has_clearly_more_of_what_was_full_and_is_the_cheapest_such():
    by_name = {flavor.name: flavor for flavor in FALLBACK_FLAVORS}
    assert by_name[offered("cuda_oom")["flavor"].changes["hardware"]].vram_gb >= 1.3 * 24
    assert by_name[offered("host_oom")["flavor"].changes["hardware"]].ram_gb >= 1.3 * 46
    assert by_name[offered("disk_full")["flavor"].changes["hardware"]].disk_gb >= 2 * 200
    assert offered("cuda_oom")["flavor"].changes["lora"] is False, "which weights are trained stays"


def test_nan_on_half_precision_offers_bfloat16_first_and_elsewhere_only_a_smaller_rate():
    t4 = make_plan(flavor=next(flavor for flavor in FALLBACK_FLAVORS if flavor.name == "t4-small"), precision="fp16")
    assert list(offered("nan_loss", t4)) == ["flavor", "rate"]
    assert offered("nan_loss")["rate"].changes["learning_rate"] == pytest.approx(2e-6)
    assert list(offered("nan_loss")) == ["rate"]


def test_a_time_limit_that_a_person_set_may_be_doubled():
    plan = make_plan(request=make_request(max_hours=2, hardware="a10g-large"))
    assert offered("job_timeout", plan)["time"].changes["max_hours"] == 4
    assert "time" not in offered("job_timeout")


def test_a_run_that_went_on_from_a_checkpoint_is_offered_the_price_of_the_whole():
    plan = make_plan()
    rest = plan.model_copy(
        update={
            "resume": Resume(run_id="x", commit=COMMIT, step=500),
            "estimate": plan.estimate.model_copy(update={"cost_usd": 0.05}),
        }
    )
    counted = plan.model_copy(update={"resume": rest.resume})
    assert offered("cuda_oom", rest)["batch"].cost_usd == offered("cuda_oom", counted)["batch"].cost_usd


def test_what_would_make_no_plan_is_not_offered():
    assert remedies("cuda_oom", make_plan(), [], LIMITS) == ()
    poor = Limits(max_ceiling_usd=0.02)
    assert remedies("cuda_oom", make_plan(request=make_request(budget_usd=None)), FALLBACK_FLAVORS, poor) == ()


# --- which ways a run has --------------------------------------------------------------------------------------------


def stopped(kind: str = "stopped_at_deadline", **changes):
    progress = make_progress(step=400, saved_step=400, saved_commit=COMMIT)
    return make_run(_S.FAILED, progress=progress, diagnosis=make_diagnosis(kind=kind, **changes))


def test_a_checkpoint_on_the_hub_can_be_gone_on_from_unless_that_would_end_the_same():
    assert checkpoint(stopped()) == Resume(run_id=stopped().id, commit=COMMIT, step=400)
    assert [way.label for way in ways_out(stopped())] == ["Resume from step 400", "Retry from the start"]
    for kind in ("cuda_oom", "nan_loss", "disk_full", "fenced"):
        assert checkpoint(stopped(kind)) is None, kind
    assert checkpoint(make_run(_S.FAILED)) is None
    left = Resume(run_id="other", commit=COMMIT, step=64)
    assert checkpoint(make_run(_S.EXPIRED, resume=left)) == left
    assert checkpoint(make_run(_S.FAILED, resume=left, diagnosis=make_diagnosis(kind="nan_loss"))) is None
    assert checkpoint(make_run(_S.SUCCEEDED)) is None
    assert checkpoint(make_run(_S.RUNNING, progress=make_progress(saved_commit=COMMIT))) is None


def test_a_killed_program_goes_on_from_a_checkpoint_of_its_own_last_of_all_ways():
    more = Remedy(key="flavor", label="Try on a10g-large", changes={"hardware": "a10g-large"})
    ways = ways_out(stopped("host_oom", remedies=(more,)))
    assert [way.label for way in ways] == [more.label, "Resume from step 400"]
    left = Resume(run_id="other", commit=COMMIT, step=64)
    again = make_run(_S.FAILED, resume=left, diagnosis=make_diagnosis(kind="host_oom"))
    assert checkpoint(again) is None, "it would be killed at the same place, again and again"


def test_a_failure_that_would_repeat_itself_has_no_retry_and_trouble_that_passes_has():
    def keys(kind: str) -> list[str]:
        return [way.key for way in ways_out(make_run(_S.FAILED, diagnosis=make_diagnosis(kind=kind)))]

    for kind in ("cuda_oom", "dataset_format"):
        assert keys(kind) == [], kind
    for kind in ("hub_transient", "rate_limit", "cuda_runtime", "unknown"):
        assert keys(kind) == ["retry"], kind


def test_runs_that_go_on_or_ended_well_have_no_way_out():
    open_ = {_S.RECEIVED, _S.DRAFTING, _S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING, _S.SUCCEEDED}
    assert {status for status in RunStatus if not ways_out(make_run(status, diagnosis=None))} == open_ | {_S.REFUSED}


# --- the rest of a run -----------------------------------------------------------------------------------------------


def rest(**changes):
    progress = make_progress(**({"step": 400, "saved_step": 400, "seconds_per_step": 9.0} | changes))
    return go_on(make_plan(), Resume(run_id="x", commit=COMMIT, step=400), progress, FALLBACK_FLAVORS)


def test_the_rest_is_counted_at_the_measured_pace_and_changes_nothing_that_the_checkpoint_needs():
    plan, before = rest(), make_plan()
    assert plan.estimate.hours == pytest.approx(0.1 + 125 * 9 / 3600, abs=1e-3)
    assert plan.ceiling_usd < 1.88
    assert plan.estimate.cost_usd == pytest.approx(math.ceil(plan.estimate.hours * 60) * 1.5 / 60, abs=1e-6)
    for field in ("arguments", "model", "dataset", "mapping", "tuning", "output_repo", "split", "rows", "processes"):
        assert getattr(plan, field) == getattr(before, field), field
    labels = {label for label, _, _ in plan_differences(before, plan)}
    assert labels == {"expected cost", "cost at most"}


def test_without_a_measured_pace_the_prediction_counts():
    assert rest(seconds_per_step=None).estimate.hours == pytest.approx(0.1 + 0.32 * 125 / 525, abs=1e-3)


def test_limits_that_were_named_for_the_whole_are_said_where_the_rest_may_pass_them():
    def warned(spent_usd: float, **limits) -> list[str]:
        plan = make_plan(request=make_request(**({"budget_usd": None} | limits)))
        resume = Resume(run_id="x", commit=COMMIT, step=400)
        progress = make_progress(step=400, saved_step=400, seconds_per_step=9.0)
        planned = go_on(plan, resume, progress, FALLBACK_FLAVORS, spent_usd=spent_usd)
        return [check.text for check in planned.checks if check.level == "warning"]

    assert warned(100.0) == []
    assert warned(0.1, budget_usd=5, max_hours=4) == []
    assert warned(4.0, budget_usd=5) == [
        "At most $5.00 was asked for; with what was spent before it stopped, the run may cost $5.75 in all."
    ]
    [text] = warned(0.0, max_hours=0.5)
    assert text.startswith("At most 0.5 hours were asked for; this rest alone may take 1 h")


def test_a_price_of_today_is_taken_and_hardware_that_is_gone_is_said():
    dearer: list[Flavor] = [make_flavor(price_usd_hour=3.0)]
    resume, progress = Resume(run_id="x", commit=COMMIT, step=400), make_progress()
    assert go_on(make_plan(), resume, progress, dearer).flavor.price_usd_hour == 3.0
    with pytest.raises(UserError, match="no longer offers a10g-large"):
        go_on(make_plan(), resume, progress, [make_flavor(name="l4x1")])
    with pytest.raises(UserError, match="All steps"):
        go_on(make_plan(), resume.model_copy(update={"step": 525}), progress, dearer)


def test_the_rest_of_a_large_model_has_the_time_to_fetch_its_checkpoint_and_to_push_the_model():
    plan = make_plan(model=make_model_info(parameters=32_000_000_000), sharding="fsdp", processes=8)
    resume = Resume(run_id="x", commit=COMMIT, step=524)
    planned = go_on(plan, resume, make_progress(step=524, max_steps=525, saved_step=524), FALLBACK_FLAVORS)
    needed = planned.estimate.hours_high * 3600 + (3 + 2) * 4 * 32e9 / PUSH_BYTES_S
    assert needed <= planned.timeout_s <= needed + 120
