"""Which hardware and which weights: cheapest that fits, nothing that the person fixed is changed."""

from typing import Any

import pytest

from bot.errors import UserError
from bot.models import Flavor, Method, ModelInfo, TrainingRequest, Tuning
from bot.planning.arguments import batch_sizes, default_learning_rate, default_length, draft
from bot.planning.candidates import Task
from bot.planning.choose import Choice, Limits, choose
from bot.planning.flavors import FALLBACK_FLAVORS
from bot.planning.lengths import Lengths
from tests.builders import make_model_info

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
        (QWEN3_8B, "l40sx1", Tuning.LORA),
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


def test_options_are_other_ways_that_are_faster_or_cheaper() -> None:
    choice = pick(make_task(rows=50_000))
    offered = [option for option in choice.options if option.estimate]

    assert 1 <= len(choice.options) <= 3
    assert choice.best.flavor.name not in {option.flavor for option in choice.options}
    assert all(option.estimate and option.estimate.hours < choice.best.estimate.hours for option in offered)


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
        "gradient_checkpointing": False, "save_steps": 33, "packing": True, "lora_r": 4, "lora_alpha": 9,
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

    assert error.problem == (
        "SFT of Qwen/Qwen3-8B (8.19B parameters) cannot be done so: LoRA on t4-small needs about 16.8 GiB of 14.6 GiB;"
        " QLoRA on t4-small has no bfloat16, in which TRL 1.16 trains 4-bit models."
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

    assert "full fine-tuning on " in error.problem
    assert "more than your budget of $0.50" in error.problem
    assert "max_samples" in error.fix


def test_a_deadline_moves_the_job_to_faster_hardware() -> None:
    slow = pick(make_task(rows=60_000, lora=False)).best
    fast = pick(make_task(rows=60_000, lora=False, max_hours=1.0)).best

    assert slow.estimate.hours_high > 1.0
    assert fast.estimate.hours_high < 1.0
    assert fast.timeout_s <= 3600


def test_a_deadline_that_nothing_keeps_is_refused_with_the_numbers() -> None:
    error = refusal(make_task(rows=500_000, hardware="l4x1", lora=False, max_hours=2.0))

    assert "more than the 2 h allowed" in error.problem


def test_the_teams_cap_holds_for_every_plan() -> None:
    capped = Limits(max_ceiling_usd=1.0)

    assert pick(make_task(), capped).best.ceiling_usd <= 1.0
    assert "more than the team's cap of $1.00" in refusal(make_task(rows=500_000), capped).problem


# --- what cannot be


def test_several_gpus_come_later() -> None:
    error = refusal(make_task(hardware="a100x4"))

    assert error.problem == "`a100x4` has 4 GPUs, and Tunesmith trains on one GPU for now."
    assert "a100-large" in error.fix


def test_unknown_hardware_lists_what_there_is() -> None:
    error = refusal(make_task(hardware="h100"))

    assert error.problem == "There is no hardware named `h100` on Hugging Face Jobs."
    assert error.fix.startswith("Choose one of cpu-basic, ")


def test_a_named_batch_that_does_not_fit_is_not_made_smaller() -> None:
    error = refusal(make_task(QWEN3_1_7B, hardware="l4x1", lora=False, batch_size=64, max_length=4096))

    assert "full fine-tuning on l4x1 needs about" in error.problem


def test_a_step_of_grpo_must_be_a_whole_number_of_groups() -> None:
    error = refusal(make_task(method=Method.GRPO, batch_size=3, grad_accum=1, num_generations=8, hardware="l4x1"))

    assert "would train 3 rows a step, no multiple of 8 answers per prompt" in error.problem


# --- defaults


@pytest.mark.parametrize(
    ("method", "full", "lora"),
    [(Method.SFT, 2e-5, 2e-4), (Method.DPO, 5e-7, 5e-6), (Method.GRPO, 1e-6, 1e-5)],
)
def test_learning_rates_by_method_and_tuning(method: Method, full: float, lora: float) -> None:
    assert default_learning_rate(QWEN3_0_6B, method, Tuning.FULL)[0] == full
    assert default_learning_rate(QWEN3_0_6B, method, Tuning.LORA)[0] == lora


def test_a_tiny_model_is_trained_rather_than_tuned() -> None:
    rate, reason = default_learning_rate(TINY, Method.SFT, Tuning.FULL)

    assert rate == 0.002
    assert "Kaplan" in reason


@pytest.mark.parametrize(("rows", "steps"), [(237, 60), (64, 60), (1_000_000, 62_500), (1200, 75)])
def test_a_tiny_model_on_little_data_takes_some_sixty_steps(rows: int, steps: int) -> None:
    made = draft(
        TrainingRequest(), TINY, Method.SFT, Tuning.FULL, batch=16, rows=rows, lengths=Lengths(sequences=(50,))
    )

    assert made.steps == steps


@pytest.mark.parametrize(("tokens", "length"), [(200, 1024), (1025, 2048), (3000, 4096), (50_000, 4096)])
def test_rows_are_cut_at_what_the_sample_needs_within_bounds(tokens: int, length: int) -> None:
    assert default_length(QWEN3_0_6B, Method.SFT, Lengths(sequences=(50, tokens)))[0] == length


def test_grpo_batches_are_whole_groups_whatever_is_fixed() -> None:
    for said in ({}, {"grad_accum": 3}, {"batch_size": 4}, {"num_generations": 6}, {"num_generations": 2}):
        best = pick(make_task(method=Method.GRPO, rows=200, tokens=100, **said)).best.arguments
        samples = best.per_device_train_batch_size * best.gradient_accumulation_steps

        assert best.num_generations
        assert samples % best.num_generations == 0, said


def test_a_run_has_some_checkpoints_and_logs() -> None:
    for rows in (500, 5_000, 100_000):
        made = draft(
            TrainingRequest(), QWEN3_0_6B, Method.SFT, Tuning.FULL, batch=16, rows=rows, lengths=Lengths(sequences=(9,))
        )

        assert 3 <= made.steps / made.arguments.save_steps <= 10
        assert made.steps / made.arguments.logging_steps <= 110


def test_a_reward_is_logged_some_twenty_times_as_a_mean_over_the_steps_between() -> None:
    for rows in (80, 237, 800, 10_000):
        made = draft(
            TrainingRequest(), TINY, Method.GRPO, Tuning.FULL, batch=64, rows=rows, lengths=Lengths(sequences=(9,))
        )

        assert 20 <= made.steps / made.arguments.logging_steps <= 30


@pytest.mark.parametrize(("rows", "prompts"), [(1, 1), (3, 2), (7, 4), (8, 8), (200, 8)])
def test_a_step_of_grpo_takes_no_more_prompts_than_there_are_rows(rows: int, prompts: int) -> None:
    best = pick(make_task(TINY, method=Method.GRPO, rows=rows, tokens=50)).best.arguments

    assert best.num_generations
    assert best.per_device_train_batch_size * best.gradient_accumulation_steps == prompts * best.num_generations


def test_a_named_step_of_grpo_that_the_rows_cannot_fill_is_refused() -> None:
    error = refusal(
        make_task(method=Method.GRPO, rows=3, batch_size=32, grad_accum=1, num_generations=8, hardware="l4x1")
    )

    assert "would take 4 prompts a step, and there are only 3" in error.problem


def test_packed_rows_are_fewer_and_longer_and_hold_the_same_tokens() -> None:
    loose = pick(make_task(rows=4096, tokens=256, hardware="l40sx1", max_length=1024, epochs=1)).best
    packed = pick(make_task(rows=4096, tokens=256, hardware="l40sx1", max_length=1024, epochs=1, packing=True)).best

    assert (loose.estimate.steps, packed.estimate.steps) == (256, 64)
    assert packed.estimate.tokens == loose.estimate.tokens == 4096 * 256


def test_batches_are_tried_from_the_largest_and_only_the_named_one() -> None:
    assert batch_sizes(TrainingRequest(), QWEN3_0_6B, Method.SFT) == [16, 8, 4, 2, 1]
    assert batch_sizes(TrainingRequest(grad_accum=8), QWEN3_0_6B, Method.SFT) == [2, 1]
    assert batch_sizes(TrainingRequest(batch_size=5), QWEN3_0_6B, Method.SFT) == [5]
