"""How long a job takes, what it costs, and how long rows are."""

from pathlib import Path
from typing import Any

import pytest

from bot.models import ColumnMapping, Flavor, Method, Tuning
from bot.planning.flavors import FALLBACK_FLAVORS
from bot.planning.lengths import Lengths, characters_per_token, measure
from bot.planning.price import ceiling_usd, tightest_timeout, timeout_for
from bot.planning.speed import StepWork, duration, step_seconds, steps_for
from bot.planning.traffic import exchanged, token_work
from bot.planning.workload import Workload
from tests.builders import make_model_info

TINY_MODEL = Path(__file__).parent.parent / "bot" / "playground" / "fixtures" / "models" / "tiny-qwen3"
FLAVORS = {flavor.name: flavor for flavor in FALLBACK_FLAVORS}
QWEN3_0_6B = make_model_info()
QWEN3_8B = make_model_info(
    parameters=8_190_735_360, layers=36, hidden_size=4096, intermediate_size=12288, heads=32, tied_embeddings=False
)
AS_IS = ColumnMapping(columns={"text": "text"})


def work(**changes: Any) -> StepWork:
    padded, completion = changes.pop("padded", 1024), changes.pop("completion", 0)
    defaults: dict[str, Any] = {
        "method": Method.SFT,
        "tuning": Tuning.FULL,
        "weight_bytes": 2,
        "autocast": False,
        "batch": 8,
        "length": 1024,
        "grad_accum": 2,
    }
    if changes.get("tuning") is Tuning.QLORA:
        defaults |= {"quantization": "nf4_double", "adapter_bytes": 2}
    return StepWork(work=Workload(**(defaults | changes)), padded=padded, completion=completion)


def tokens_per_second(flavor: Flavor, **changes: Any) -> float:
    return 16 * 1024 / step_seconds(QWEN3_8B, flavor, work(**changes))


def flops(**changes: Any) -> float:
    step = work(**({"loss_head": "none"} | changes))
    return token_work(QWEN3_8B, step.work, 0).flops


def test_a_token_costs_six_operations_a_parameter_and_eight_with_recomputation() -> None:
    layers = QWEN3_8B.parameters - 2 * QWEN3_8B.vocab_size * QWEN3_8B.hidden_size
    adapters = 36 * 16 * ((4096 + 4096) * 2 + (4096 + 1024) * 2 + (4096 + 12288) * 3)

    assert flops(checkpointing=False) == 6 * layers
    assert flops() == 8 * layers
    assert flops(tuning=Tuning.LORA) == 6 * layers + 8 * adapters


def test_the_head_is_not_recomputed_but_for_its_tiles() -> None:
    head = QWEN3_8B.vocab_size * QWEN3_8B.hidden_size

    assert flops(loss_head="full") - flops() == 6 * head
    assert flops(loss_head="tiled") - flops() == 8 * head


def test_published_lora_speed_is_met_within_a_half() -> None:
    """An 8B LoRA on an RTX PRO 6000: 4,962 tokens a second were published."""
    assert tokens_per_second(FLAVORS["rtx-pro-6000"], tuning=Tuning.LORA) == pytest.approx(4962, rel=0.5)


def test_four_bits_are_not_faster_than_sixteen() -> None:
    for batch, most in ((8, 1.0), (1, 0.85)):
        sixteen = tokens_per_second(FLAVORS["l40sx1"], tuning=Tuning.LORA, batch=batch, autocast=True)
        four = tokens_per_second(FLAVORS["l40sx1"], tuning=Tuning.QLORA, batch=batch, autocast=True)

        assert 0.4 < four / sixteen < most


def test_small_batches_wait_for_their_kernels_to_be_launched() -> None:
    short = step_seconds(QWEN3_0_6B, FLAVORS["h200"], work(batch=1, padded=64, grad_accum=1))

    assert short == pytest.approx(
        step_seconds(QWEN3_0_6B, FLAVORS["h200"], work(batch=1, padded=32, grad_accum=1)), 0.1
    )


def test_dpo_and_kto_run_the_reference_too() -> None:
    sft = step_seconds(QWEN3_8B, FLAVORS["l40sx1"], work(tuning=Tuning.LORA))
    dpo = step_seconds(QWEN3_8B, FLAVORS["l40sx1"], work(tuning=Tuning.LORA, method=Method.DPO))
    kto = step_seconds(QWEN3_8B, FLAVORS["l40sx1"], work(tuning=Tuning.LORA, method=Method.KTO))

    assert 2.2 < dpo / sft < 2.8  # two answers, four passes instead of three
    assert 1.5 < kto / sft < 2.1


def test_a_precomputed_or_missing_vocabulary_saves_time() -> None:
    reward = step_seconds(QWEN3_0_6B, FLAVORS["l40sx1"], work(method=Method.REWARD, loss_head="none"))
    dpo = step_seconds(QWEN3_0_6B, FLAVORS["l40sx1"], work(method=Method.DPO))

    assert reward < dpo


def test_grpo_spends_its_time_on_generation() -> None:
    """TRL's notebook: a 7B model in 4 bits on a T4 takes 94.5 s for a step of 8 answers of 256 tokens."""
    changes = {"method": Method.GRPO, "tuning": Tuning.QLORA, "batch": 8, "grad_accum": 1, "padded": 400}

    seconds = step_seconds(QWEN3_8B, FLAVORS["t4-small"], work(**changes, completion=256))

    assert seconds == pytest.approx(94.5 + 30, rel=0.5)
    assert seconds > 2 * step_seconds(QWEN3_8B, FLAVORS["t4-small"], work(**changes, completion=1))


def test_several_gpus_pay_for_what_they_exchange() -> None:
    def costs(flavor: str, **changes: Any) -> float:
        """How much longer a step takes than on one of the GPUs."""
        several = step_seconds(QWEN3_8B, FLAVORS[flavor], work(processes=4, **changes))
        return several / step_seconds(QWEN3_8B, FLAVORS[flavor], work(**changes | {"sharding": "none"}))

    for sharding in ("ddp", "fsdp"):
        assert 1 < costs("a100x4", sharding=sharding) < 1.1  # hidden behind the work of large batches
        assert costs("l40sx4", sharding=sharding, batch=1) > costs("a100x4", sharding=sharding, batch=1)
    # adapters alone are exchanged for nothing where each GPU has the model
    assert costs("l40sx4", sharding="ddp", tuning=Tuning.LORA, autocast=True) == pytest.approx(1.05, abs=0.01)


def test_what_is_exchanged_is_counted_in_bytes() -> None:
    size = QWEN3_8B.parameters

    assert exchanged(QWEN3_8B, work().work) == 0
    assert exchanged(QWEN3_8B, work(sharding="ddp", processes=4).work) == 2 * 0.75 * 2 * size / 2
    assert exchanged(QWEN3_8B, work(sharding="fsdp", processes=4).work) == 3 * 0.75 * 2 * size
    frozen = work(sharding="fsdp", processes=4, tuning=Tuning.LORA).work
    assert exchanged(QWEN3_8B, frozen) == 2 * 0.75 * 2 * size


def test_the_range_is_wider_where_the_speed_was_only_believed() -> None:
    measured = duration(QWEN3_8B, FLAVORS["l40sx1"], work(), 10_000)
    believed = duration(QWEN3_8B, FLAVORS["l4x1"], work(), 10_000)

    assert measured.high / measured.hours == pytest.approx(1.5, rel=0.01)
    assert believed.high / believed.hours == pytest.approx(2, rel=0.01)
    experts = QWEN3_8B.model_copy(update={"experts": 128, "experts_per_token": 8, "expert_size": 768})
    mixed = duration(experts, FLAVORS["l40sx1"], work(), 10_000)
    assert mixed.high / mixed.hours == pytest.approx(2, rel=0.01)


def test_what_past_runs_taught_moves_and_narrows_the_range() -> None:
    free = duration(QWEN3_8B, FLAVORS["l4x1"], work(), 10_000)
    taught = duration(QWEN3_8B, FLAVORS["l4x1"], work(), 10_000, speed=2.0, spread=1.2)

    assert taught.training_s == pytest.approx(free.training_s / 2)
    assert taught.high / taught.hours == pytest.approx(1.2, rel=0.01)


def test_starting_takes_minutes_however_small_the_job() -> None:
    found = duration(QWEN3_0_6B, FLAVORS["h200"], work(), 1)

    assert (found.low, found.hours, found.high) == pytest.approx((0.05, 0.1, 1 / 6), rel=0.01)


@pytest.mark.parametrize(("rows", "epochs", "steps"), [(64, 1, 4), (65, 1, 5), (64, 2.5, 10), (3, 1, 1)])
def test_the_rest_of_an_epoch_makes_a_smaller_step(rows: int, epochs: float, steps: int) -> None:
    assert steps_for(rows=rows, samples_per_step=16, epochs=epochs) == steps


@pytest.mark.parametrize(("rows", "epochs", "steps"), [(142, 3, 51), (144, 3, 54), (142, 2.5, 43), (7, 1, 1)])
def test_the_rest_of_an_epoch_is_left_out_where_steps_are_whole_groups(rows: int, epochs: float, steps: int) -> None:
    assert steps_for(rows=rows, samples_per_step=8, epochs=epochs, whole_steps=True) == steps


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_installed_trainers_count_the_same_steps(tmp_path: Path) -> None:
    datasets, trl = pytest.importorskip("datasets"), pytest.importorskip("trl")
    columns = {
        "SFT": {"text": "Hello."},
        "DPO": {"prompt": "Hello", "chosen": " you.", "rejected": " me."},
        "GRPO": {"prompt": "Hello"},
    }

    def counted(method: str, rows: int, batch: int, accum: int, epochs: float) -> int:
        special: dict[str, Any] = {"num_generations": 4, "max_completion_length": 8} if method == "GRPO" else {}
        arguments = getattr(trl, f"{method}Config")(
            str(tmp_path), use_cpu=True, bf16=False, report_to="none", per_device_train_batch_size=batch,
            gradient_accumulation_steps=accum, num_train_epochs=epochs, **special,
        )  # fmt: skip
        rewards = {"reward_funcs": [lambda completions, **_: [0.0] * len(completions)]} if special else {}
        trainer = getattr(trl, f"{method}Trainer")(
            str(TINY_MODEL),
            args=arguments,
            train_dataset=datasets.Dataset.from_list([columns[method]] * rows),
            **rewards,
        )
        return int(trainer.set_initial_training_values(trainer.args, trainer.get_train_dataloader())[-1])

    for rows, batch, accum, epochs in ((37, 4, 2, 1.0), (37, 4, 2, 2.5), (40, 8, 1, 0.5)):
        told = {
            method: steps_for(
                rows=rows,
                samples_per_step=batch * accum // (4 if method == "GRPO" else 1),
                epochs=epochs,
                whole_steps=method == "GRPO",
            )
            for method in columns
        }
        assert {method: counted(method, rows, batch, accum, epochs) for method in columns} == told


def test_packing_fills_rows_up_to_the_longest_that_is_allowed() -> None:
    lengths = Lengths(sequences=(100, 200, 300))

    assert lengths.packed(90, 1000) == (18, Lengths(sequences=(1000,)))
    assert lengths.packed(2, 100_000) == (1, Lengths(sequences=(400,)))
    assert lengths.packed(90, 100) == (90, Lengths(sequences=(100,)))


# --- price


@pytest.mark.parametrize(("high", "minutes"), [(1 / 6, 40), (0.05, 30), (1.0, 110), (10.0, 920)])
def test_the_timeout_is_half_as_long_again_as_the_upper_estimate(high: float, minutes: int) -> None:
    assert timeout_for(high) == minutes * 60


def test_a_limit_may_shorten_the_timeout_down_to_the_upper_estimate() -> None:
    assert tightest_timeout(1.0, 0) == 61 * 60
    assert tightest_timeout(1.0, 16.4e9) == 67 * 60  # twice 164 s to push 16.4 GB at 100 MB a second, and a minute
    assert tightest_timeout(0.01, 40e6) == 20 * 60


@pytest.mark.parametrize(
    ("price", "seconds", "ceiling"), [(0.4, 1800, 0.2), (0.01, 2400, 0.01), (1.8, 3601, 1.83), (0, 60, 0)]
)
def test_the_ceiling_is_billed_by_the_minute_and_never_rounded_down(price: float, seconds: int, ceiling: float) -> None:
    assert ceiling_usd(price, seconds) == ceiling


# --- lengths


def test_rows_are_measured_by_their_characters() -> None:
    lengths = measure([{"text": "x" * 350}, {"text": "x" * 700}], AS_IS, Method.SFT, 151_936)

    assert lengths == Lengths(sequences=(104, 204), per_row=1)
    assert (characters_per_token(448), characters_per_token(32_000)) == (2.0, 3.5)


def test_a_pair_counts_twice_with_its_longer_answer() -> None:
    mapping = ColumnMapping(columns={"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"})
    row = {"prompt": "x" * 35, "chosen": "x" * 70, "rejected": "x" * 35}

    assert measure([row], mapping, Method.DPO, 151_936) == Lengths(sequences=(38,), per_row=2)


def test_columns_that_are_not_trained_on_are_not_measured() -> None:
    rows = [{"text": "x" * 35, "notes": "x" * 10_000}]

    assert measure(rows, AS_IS, Method.SFT, 151_936).longest == 14


def test_padding_costs_more_in_larger_batches() -> None:
    lengths = Lengths(sequences=(100, 100, 100, 1000))

    assert lengths.padded(1) == lengths.mean() == 325
    assert lengths.padded(16) == pytest.approx(1000, rel=0.02)
    assert lengths.padded(16, 200) == pytest.approx(200, rel=0.02)


def test_the_share_that_is_cut_is_told_by_tokens_and_by_rows() -> None:
    lengths = Lengths(sequences=(1000, 1000, 3000, 5000))

    assert lengths.cut_share(1000) == pytest.approx(0.6)
    assert lengths.rows_cut(1000) == 0.5


def test_without_a_row_a_length_is_assumed_and_marked() -> None:
    assert measure([], AS_IS, Method.SFT, 151_936) == Lengths(sequences=(512,), measured=False)
