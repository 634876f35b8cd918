"""The numbers that the trainer gets when nobody says otherwise, by method, model and data."""

import pytest

from bot.models import Method, TrainingRequest, Tuning
from bot.planning.arguments import batch_sizes, default_learning_rate, default_length, draft, held_back
from bot.planning.lengths import Lengths
from tests.test_choose import QWEN3_0_6B, TINY, make_task, pick, refusal


@pytest.mark.parametrize(
    ("method", "full", "lora"),
    [
        (Method.SFT, 2e-5, 2e-4),
        (Method.DPO, 5e-7, 5e-6),
        (Method.GRPO, 1e-6, 1e-5),
        (Method.KTO, 1e-6, 1e-5),
        (Method.REWARD, 1e-5, 1e-4),
    ],
)
def test_learning_rates_by_method_and_tuning(method: Method, full: float, lora: float) -> None:
    assert default_learning_rate(QWEN3_0_6B, method, Tuning.FULL)[0] == full
    assert default_learning_rate(QWEN3_0_6B, method, Tuning.LORA)[0] == lora


@pytest.mark.parametrize(
    ("batch", "processes", "reason"),
    [
        (2, 8, "16 rows at a time, shared out over 8 GPUs"),
        (1, 8, "the usual size, as far as the memory allows"),
        (16, 1, "the usual size, as far as the memory allows"),
    ],
)
def test_a_batch_says_whether_the_gpus_or_their_memory_made_it_small(batch: int, processes: int, reason: str) -> None:
    lengths = Lengths(sequences=(50,))
    made = draft(
        TrainingRequest(), QWEN3_0_6B, Method.SFT, Tuning.FULL,
        batch=batch, rows=5000, lengths=lengths, processes=processes,
    )  # fmt: skip

    assert made.defaulted["batch_size"] == reason


def test_a_tiny_model_is_trained_rather_than_tuned() -> None:
    rate, reason = default_learning_rate(TINY, Method.SFT, Tuning.FULL)

    assert rate == 0.002
    assert "Kaplan" in reason


@pytest.mark.parametrize(("rows", "steps"), [(237, 60), (64, 60), (1_000_000, 62_488), (1200, 72)])
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

    assert (loose.estimate.steps, packed.estimate.steps) == (244, 61)
    assert packed.estimate.tokens == loose.estimate.tokens == (4096 - 200) * 256


def test_batches_are_tried_from_the_largest_and_only_the_named_one() -> None:
    assert batch_sizes(TrainingRequest(), Method.SFT) == [16, 8, 4, 2, 1]
    assert batch_sizes(TrainingRequest(grad_accum=8), Method.SFT) == [2, 1]
    assert batch_sizes(TrainingRequest(batch_size=5), Method.SFT) == [5]
    assert batch_sizes(TrainingRequest(), Method.SFT, 8) == [2, 1]


def test_kto_compares_rows_of_a_batch_so_it_has_two_at_least() -> None:
    assert batch_sizes(TrainingRequest(), Method.KTO) == [32, 16, 8, 4, 2]
    assert batch_sizes(TrainingRequest(grad_accum=32), Method.KTO) == [2]
    assert pick(make_task(method=Method.KTO)).best.arguments.beta == 0.1


def test_a_reward_model_has_no_beta_and_no_vocabulary() -> None:
    best = pick(make_task(method=Method.REWARD)).best

    assert best.arguments.beta is None
    assert best.memory.loss_head == 0


@pytest.mark.parametrize(
    ("rows", "trained", "count"), [(150, 150, 0), (400, 400, 20), (100_000, 100_000, 200), (10_000, 320, 24)]
)
def test_few_rows_are_held_back_so_that_evaluating_them_costs_little(rows: int, trained: int, count: int) -> None:
    assert held_back(TrainingRequest(), Method.SFT, rows=rows, trained=trained) == count
    # twice a forward pass, a third of a training step each
    assert 2 * count / 3 <= 0.05 * trained


def test_a_named_share_is_held_back() -> None:
    assert pick(make_task(rows=5000, eval_fraction=0.1)).best.eval_rows == 500
    assert pick(make_task(rows=120)).best.eval_rows == 0
