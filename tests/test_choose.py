"""Which hardware and which weights: cheapest that fits, nothing that the person fixed is changed."""

import re
from typing import Any

import pytest

from bot.amounts import duration, to_the_second
from bot.errors import UserError
from bot.models import Flavor, Method, ModelInfo, TrainingRequest, Tuning
from bot.planning.candidates import Task
from bot.planning.choose import Choice, Limits, choose
from bot.planning.flavors import FALLBACK_FLAVORS
from bot.planning.lengths import Lengths
from bot.planning.price import tightest_timeout
from tests.builders import make_model_info, make_past_run

QWEN3_0_6B = make_model_info()
QWEN3_1_7B = make_model_info(
    repo_id="Qwen/Qwen3-1.7B", parameters=1_720_574_976, hidden_size=2048, intermediate_size=6144
)
QWEN3_8B = make_model_info(
    repo_id="Qwen/Qwen3-8B",
    parameters=8_190_735_360,
    layers=36,
    hidden_size=4096,
    intermediate_size=12288,
    heads=32,
    tied_embeddings=False,
)
QWEN3_32B = make_model_info(
    repo_id="Qwen/Qwen3-32B",
    parameters=32_762_123_264,
    layers=64,
    hidden_size=5120,
    intermediate_size=25600,
    heads=64,
    tied_embeddings=False,
)
TINY = make_model_info(
    repo_id="tunesmith-lab/tiny-qwen3",
    parameters=96_640,
    layers=2,
    hidden_size=64,
    intermediate_size=112,
    heads=4,
    kv_heads=2,
    head_dim=16,
    vocab_size=448,
)
BIG_BUDGET = Limits(max_ceiling_usd=200)


def make_task(model: ModelInfo = QWEN3_0_6B, *, rows: int = 5000, tokens: int = 800, **said: Any) -> Task:
    method = said.pop("method", Method.SFT)
    return Task(
        request=TrainingRequest(method=method, **said),
        model=model,
        method=method,
        rows=rows,
        lengths=Lengths(sequences=(tokens, tokens), per_row=2 if method is Method.DPO else 1),
    )


def pick(task: Task, limits: Limits = BIG_BUDGET, flavors: tuple[Flavor, ...] = FALLBACK_FLAVORS) -> Choice:
    return choose(task, flavors, limits)


def refusal(task: Task, limits: Limits = BIG_BUDGET) -> UserError:
    with pytest.raises(UserError) as caught:
        pick(task, limits)
    return caught.value


# --- what is picked when nobody says


@pytest.mark.parametrize(
    ("model", "flavor", "tuning"),
    [
        (TINY, "cpu-basic", Tuning.FULL),
        (QWEN3_0_6B, "l4x1", Tuning.FULL),
        (QWEN3_1_7B, "l40sx1", Tuning.FULL),
        (QWEN3_8B, "a100-large", Tuning.LORA),
    ],
)
def test_the_cheapest_way_that_fits_is_proposed(model: ModelInfo, flavor: str, tuning: Tuning) -> None:
    best = pick(make_task(model)).best

    assert (best.flavor.name, best.tuning) == (flavor, tuning)


def test_small_jobs_go_to_cheap_hardware_since_starting_costs_most_of_them() -> None:
    assert pick(make_task(rows=100, lora=True)).best.flavor.name == "t4-small"


def test_four_bits_are_taken_only_when_nothing_else_fits() -> None:
    big = pick(make_task(QWEN3_32B, rows=500)).best
    only_small = tuple(flavor for flavor in FALLBACK_FLAVORS if flavor.name == "l40sx1")

    assert big.tuning is Tuning.LORA
    assert pick(make_task(QWEN3_32B, rows=500), flavors=only_small).best.tuning is Tuning.QLORA


def test_a_cpu_is_not_offered_for_jobs_that_would_take_days() -> None:
    cpus = [option for option in pick(make_task()).dropped if option.flavor.startswith("cpu")]

    assert cpus
    assert all("without a GPU" in option.reason or "GiB" in option.reason for option in cpus)


def test_options_are_other_ways_that_are_faster_or_have_less_to_lose() -> None:
    choice = pick(make_task(rows=50_000))

    assert 1 <= len(choice.options) <= 3
    assert choice.best.flavor.name not in {option.flavor for option in choice.options}
    for option in choice.options:
        assert option.estimate is not None
        is_faster = option.estimate.hours < choice.best.estimate.hours
        assert is_faster or option.ceiling_usd < choice.best.ceiling_usd


# --- what was fixed is kept


def test_named_hardware_is_kept_and_the_cheaper_one_is_only_offered() -> None:
    choice = pick(make_task(rows=20_000, hardware="a10g-large"))

    assert choice.best.flavor.name == "a10g-large"
    assert [option.flavor for option in choice.options if option.reason == "cheapest"] == ["l40sx1"]


@pytest.mark.parametrize(
    ("said", "flavor"), [("a10g", "a10g-small"), ("A100", "a100-large"), ("l40s", "l40sx1"), ("cpu", "cpu-upgrade")]
)
def test_a_family_is_the_cheapest_of_its_single_gpus(said: str, flavor: str) -> None:
    assert pick(make_task(rows=50, hardware=said, max_length=256)).best.flavor.name == flavor


@pytest.mark.parametrize(
    ("said", "tuning"),
    [
        ({"lora": True}, Tuning.LORA),
        ({"lora_r": 8}, Tuning.LORA),
        ({"load_in_4bit": True}, Tuning.QLORA),
        ({"lora": False}, Tuning.FULL),
        ({}, Tuning.FULL),
    ],
)
def test_the_named_tuning_is_kept(said: dict[str, Any], tuning: Tuning) -> None:
    assert pick(make_task(QWEN3_1_7B, **said)).best.tuning is tuning


def test_named_numbers_reach_the_trainer_unchanged() -> None:
    said = {
        "batch_size": 3, "grad_accum": 5, "learning_rate": 7e-5, "max_length": 777, "epochs": 2.5, "seed": 7,
        "warmup_ratio": 0.2, "weight_decay": 0.3, "lr_scheduler": "linear", "optimizer": "adamw_torch",
        "gradient_checkpointing": False, "save_steps": 200, "packing": True, "lora_r": 4, "lora_alpha": 9,
        "lora_dropout": 0.1,
    }  # fmt: skip
    best = pick(make_task(**said)).best
    arguments = best.arguments

    assert arguments.per_device_train_batch_size == 3
    assert arguments.gradient_accumulation_steps == 5
    assert arguments.num_train_epochs == 2.5
    assert arguments.activation_checkpointing is False
    assert (arguments.optim, arguments.lr_scheduler_type) == ("adamw_torch", "linear")
    for field in ("learning_rate", "max_length", "seed", "warmup_ratio", "weight_decay", "save_steps", "packing"):
        assert getattr(arguments, field) == said[field]
    assert (arguments.lora_r, arguments.lora_alpha, arguments.lora_dropout) == (4, 9, 0.1)
    assert set(best.defaulted).isdisjoint(said)


# --- T4


def test_a_t4_computes_in_fp16_over_four_byte_weights_in_full_and_two_byte_ones_for_lora() -> None:
    full = pick(make_task(rows=100, hardware="t4-small", lora=False)).best
    lora = pick(make_task(rows=100, hardware="t4-small", lora=True)).best

    assert (full.precision, full.dtype) == ("fp16", "float32")
    assert (lora.precision, lora.dtype) == ("fp16", "float16")
    assert full.estimate.memory_gib == pytest.approx(11.2, abs=0.3)


def test_other_gpus_compute_in_bf16_and_cpus_in_fp32() -> None:
    gpu = pick(make_task(rows=100, hardware="l4x1")).best
    cpu = pick(make_task(TINY)).best

    assert (gpu.precision, gpu.dtype) == ("bf16", "bfloat16")
    assert (cpu.precision, cpu.dtype) == ("fp32", "float32")


def test_four_bits_on_a_t4_are_refused_with_what_would_do() -> None:
    error = refusal(make_task(QWEN3_8B, rows=500, hardware="t4-small"))

    assert re.sub(r"about \d\d\.\d", "about 17", error.problem) == (
        "SFT of Qwen/Qwen3-8B (8.2B parameters) cannot be done so: LoRA on t4-small: needs about 17 GiB of 14.6 GiB;"
        " QLoRA (4-bit) on t4-small: has no bfloat16, in which TRL 1.16 trains 4-bit models."
    )
    assert error.fix.startswith("What would do: LoRA on ")


# --- limits


def test_a_budget_holds_for_the_ceiling_not_only_for_the_estimate() -> None:
    free = pick(make_task(rows=20_000)).best
    tight = pick(make_task(rows=20_000, lora=False, budget_usd=free.ceiling_usd - 0.3)).best

    assert tight.ceiling_usd <= free.ceiling_usd - 0.3
    assert tight.tightened
    assert tight.timeout_s / 3600 > tight.estimate.hours_high


def test_a_budget_that_nothing_keeps_is_refused_with_the_numbers() -> None:
    error = refusal(make_task(rows=200_000, lora=False, budget_usd=0.5))

    assert "all weights on " in error.problem
    assert "more than your budget of $0.50" in error.problem
    rows = int(error.fix.partition("max_samples=")[2].split()[0])
    kept = pick(make_task(rows=rows, lora=False, budget_usd=0.5, max_samples=rows)).best
    offered = f"all weights on {kept.flavor.name} (~${kept.estimate.cost_usd:.2f}, at most ${kept.ceiling_usd:.2f})"
    assert error.fix == f"Raise the limit, or train on less: max_samples={rows} would do, with {offered}."


def test_where_steps_are_named_fewer_rows_are_no_way_out() -> None:
    error = refusal(make_task(rows=200_000, lora=False, budget_usd=0.5, max_steps=50_000))

    assert error.fix == ("Raise the limit, or train on less: fewer epochs, max_samples=..., a shorter max_length.")


def test_a_deadline_moves_the_job_to_faster_hardware() -> None:
    slow = pick(make_task(rows=60_000, lora=False)).best
    fast = pick(make_task(rows=60_000, lora=False, max_hours=1.0)).best

    assert slow.estimate.hours_high > 1.0
    assert fast.estimate.hours_high < 1.0
    assert fast.timeout_s <= 3600


def test_a_deadline_that_nothing_keeps_is_refused_with_the_numbers() -> None:
    error = refusal(make_task(rows=500_000, hardware="l4x1", lora=False, max_hours=2.0))

    assert " h " in error.problem
    assert " or more, and 2 h is allowed" in error.problem


def test_a_time_that_is_refused_by_seconds_is_told_to_the_second() -> None:
    needed = pick(make_task(hardware="l4x1", lora=False)).best
    tight = tightest_timeout(needed.estimate.hours_high, needed.stored.model)
    assert pick(make_task(hardware="l4x1", lora=False, max_hours=tight / 3600)).best.tightened
    error = refusal(make_task(hardware="l4x1", lora=False, max_hours=(tight - 20) / 3600))

    told = f"needs a time limit of {duration(tight)} or more, and {to_the_second(tight - 20)} is allowed"
    assert told in error.problem
    assert to_the_second(tight - 20) == f"{duration(tight - 60)} 40 s"


def test_the_teams_cap_holds_for_every_plan() -> None:
    capped = Limits(max_ceiling_usd=1.0)

    assert pick(make_task(), capped).best.ceiling_usd <= 1.0
    assert "more than the team's cap of $1.00" in refusal(make_task(rows=500_000), capped).problem


# --- what cannot be


def test_a_model_that_no_gpu_holds_is_shared_out_over_several() -> None:
    best = pick(make_task(QWEN3_32B, rows=5000, lora=False)).best

    assert best.flavor.gpus > 1
    assert (best.processes, best.sharding) == (best.flavor.gpus, "fsdp")
    samples = best.arguments.per_device_train_batch_size * best.arguments.gradient_accumulation_steps
    assert samples * best.processes == 16


def test_several_gpus_are_not_taken_where_one_does() -> None:
    for model in (QWEN3_0_6B, QWEN3_8B, QWEN3_32B):
        assert pick(make_task(model)).best.processes == 1


def test_named_gpus_each_get_a_copy_where_it_fits() -> None:
    best = pick(make_task(hardware="a100x4")).best

    assert (best.flavor.name, best.processes, best.sharding) == ("a100x4", 4, "ddp")
    assert best.estimate.hours < pick(make_task(hardware="a100-large")).best.estimate.hours


def test_four_bits_are_not_shared_out() -> None:
    error = refusal(make_task(QWEN3_32B, hardware="a10g-largex4", load_in_4bit=True, max_length=4096))

    assert "QLoRA (4-bit) on a10g-largex4: would share out" in error.problem


def test_what_fsdp_does_not_do_is_refused() -> None:
    for method in (Method.DPO, Method.KTO):
        error = refusal(make_task(QWEN3_32B, hardware="h200x8", lora=False, method=method))
        assert "each GPU needs all of the one that it is compared with" in error.problem
        # an adapter is compared with its own base
        assert pick(make_task(QWEN3_32B, hardware="l40sx4", lora=True, method=method)).best.sharding == "fsdp"
    for optimizer in ("adafactor", "adamw_8bit"):
        error = refusal(make_task(QWEN3_32B, hardware="h200x8", lora=False, optimizer=optimizer))
        assert f"`{optimizer}` only trains whole ones" in error.problem


def test_a_disk_that_cannot_hold_the_checkpoints_is_refused() -> None:
    small = tuple(flavor.model_copy(update={"disk_gb": 20}) for flavor in FALLBACK_FLAVORS)
    with pytest.raises(UserError) as caught:
        pick(make_task(QWEN3_1_7B, lora=False), flavors=small)

    assert "has 20 GB of disk, and weights and checkpoints need about" in caught.value.problem


def test_a_team_may_cap_the_size_of_models() -> None:
    capped = Limits(max_ceiling_usd=200, max_model_billions=7)

    assert pick(make_task(QWEN3_1_7B), capped).best.flavor.name
    error = refusal(make_task(QWEN3_8B), capped)
    assert error.problem == "Qwen/Qwen3-8B has 8.2B parameters; this team trains models up to 7B."


def test_a_model_just_above_the_cap_is_told_exactly() -> None:
    close = QWEN3_8B.model_copy(update={"parameters": 8_010_000_000})
    error = refusal(make_task(close), Limits(max_ceiling_usd=200, max_model_billions=8))
    assert error.problem == "Qwen/Qwen3-8B has 8.01B parameters; this team trains models up to 8B."


def test_adapters_are_offered_where_they_are_much_cheaper_and_nobody_chose() -> None:
    offered = [(option.tuning, option.reason) for option in pick(make_task(QWEN3_1_7B, rows=500)).options]
    assert (Tuning.LORA, "cheaper, and trains adapters only, but in fp16") in offered

    fixed = pick(make_task(QWEN3_1_7B, rows=500, lora=False)).options
    assert {option.tuning for option in fixed} <= {Tuning.FULL}


def test_all_weights_in_fp16_are_offered_but_not_proposed() -> None:
    choice = pick(make_task(rows=500))

    assert choice.best.precision == "bf16"
    assert ("t4-small", "cheapest, but in fp16") in [(option.flavor, option.reason) for option in choice.options]


def test_an_offer_is_worth_its_line() -> None:
    choice = pick(make_task(QWEN3_32B, rows=15_000, load_in_4bit=True))
    best = choice.best.estimate
    for option in choice.options:
        assert option.estimate is not None
        hours, cost = option.estimate.hours, option.estimate.cost_usd
        faster = hours < 0.8 * best.hours and cost <= 1.5 * best.cost_usd * best.hours / hours
        cheaper = cost < 0.9 * best.cost_usd
        assert faster or cheaper or option.ceiling_usd <= 0.8 * choice.best.ceiling_usd, option
        assert option.ceiling_usd > cost


def test_the_same_price_with_less_to_lose_is_offered() -> None:
    fast, slow = (next(it for it in FALLBACK_FLAVORS if it.name == name) for name in ("h200", "a100-large"))
    found = []
    for cents in range(220, 300, 5):  # somewhere among these the slow one costs as much as the fast one
        flavors = (fast, slow.model_copy(update={"price_usd_hour": cents / 100}))
        choice = pick(make_task(QWEN3_32B, tokens=200, lora=True), flavors=flavors)
        safe = [option for option in choice.options if option.reason == "lowest maximum"]
        assert all(option.ceiling_usd <= 0.8 * choice.best.ceiling_usd for option in safe)
        found += safe
    assert found
    assert {option.flavor for option in found} == {"a100-large"}


def test_what_past_runs_taught_changes_time_and_says_so() -> None:
    free = pick(make_task(hardware="l4x1")).best.estimate
    past = tuple(make_past_run(run_id=str(n), measured_tokens_per_s=500.0) for n in range(4))
    taught = pick(make_task(hardware="l4x1"), Limits(max_ceiling_usd=200, past=past)).best.estimate

    assert (free.learned_from, taught.learned_from) == (0, 4)
    assert taught.tokens_per_s == pytest.approx(free.tokens_per_s * taught.corrections["speed"], rel=0.01)
    assert 0.5 < taught.corrections["speed"] < 0.7
    assert taught.hours_high / taught.hours < free.hours_high / free.hours


def test_unknown_hardware_lists_what_there_is() -> None:
    error = refusal(make_task(hardware="h100"))

    assert error.problem == "There is no hardware named `h100` on Hugging Face Jobs."
    assert error.fix.startswith("Choose one of cpu-basic, ")


def test_a_named_batch_that_does_not_fit_is_not_made_smaller() -> None:
    error = refusal(make_task(QWEN3_1_7B, hardware="l4x1", lora=False, batch_size=64, max_length=4096))

    assert "all weights on l4x1: needs about" in error.problem


def test_a_step_of_grpo_must_be_a_whole_number_of_groups() -> None:
    error = refusal(make_task(method=Method.GRPO, batch_size=3, grad_accum=1, num_generations=8, hardware="l4x1"))

    assert "would train 3 rows a step, no multiple of 8 answers per prompt" in error.problem
