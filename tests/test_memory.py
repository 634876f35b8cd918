"""Counted memory: whole totals of known models, and which phase decides."""

import pytest

from bot.models import Method, ModelInfo, Tuning
from bot.planning.activations import backward_bytes
from bot.planning.flavors import FALLBACK_FLAVORS, gpu_of, usable_gib
from bot.planning.memory import GIB, Memory, active_parameters, expert_parameters, needed_memory, trainable_parameters
from bot.planning.workload import Workload
from tests.builders import make_flavor, make_model_info

QWEN3_0_6B = make_model_info()
QWEN3_1_7B = make_model_info(parameters=1_720_574_976, hidden_size=2048, intermediate_size=6144)
QWEN3_8B = make_model_info(
    parameters=8_190_735_360, layers=36, hidden_size=4096, intermediate_size=12288, heads=32, tied_embeddings=False
)
#: The shape of Qwen3-30B-A3B.
EXPERTS = make_model_info(
    parameters=30_532_122_624,
    model_type="qwen3_moe",
    layers=48,
    hidden_size=2048,
    intermediate_size=6144,
    heads=32,
    kv_heads=4,
    tied_embeddings=False,
    experts=128,
    experts_per_token=8,
    expert_size=768,
)


def workload(**changes: object) -> Workload:
    return Workload.model_validate(
        {
            "method": Method.SFT,
            "tuning": Tuning.FULL,
            "weight_bytes": 2,
            "autocast": False,
            "batch": 1,
            "length": 2048,
            "grad_accum": 4,
            **changes,
        }
    )


def peak(model: ModelInfo, **changes: object) -> Memory:
    return needed_memory(model, workload(**changes))


QLORA = {"tuning": Tuning.QLORA, "autocast": True, "quantization": "nf4_double", "adapter_bytes": 2}


@pytest.mark.parametrize(
    ("model", "tuning", "weight_bytes", "expected_gib"),
    [
        # full logits never exist in TRL 1.16; 18 bytes a parameter over fp32 weights, 8 in pure bfloat16
        (QWEN3_0_6B, Tuning.FULL, 4, 12.1),
        (QWEN3_0_6B, Tuning.FULL, 2, 6.2),
        (QWEN3_1_7B, Tuning.FULL, 4, 32.7),
        (QWEN3_1_7B, Tuning.FULL, 2, 15.6),
        (QWEN3_8B, Tuning.FULL, 2, 67.1),
        (QWEN3_8B, Tuning.LORA, 2, 17.1),
        (QWEN3_8B, Tuning.QLORA, 2, 7.6),
    ],
)
def test_known_models_need_what_was_counted_before(
    model: ModelInfo, tuning: Tuning, weight_bytes: int, expected_gib: float
) -> None:
    """The reference counts LoRA on the attention alone; ours sits on all linear layers and needs some 4 % more."""
    changes: dict[str, object] = {"tuning": tuning, "autocast": weight_bytes == 4 or tuning is not Tuning.FULL}

    found = peak(model, weight_bytes=weight_bytes, **(changes | (QLORA if tuning is Tuning.QLORA else {}))).peak_gib

    assert found == pytest.approx(expected_gib, rel=0.07)


def test_the_parts_are_counted_in_bytes() -> None:
    found = peak(QWEN3_0_6B)
    n = QWEN3_0_6B.parameters

    assert (found.weights, found.gradients, found.optimizer) == (2 * n, 2 * n, 4 * n)
    assert (found.adapters, found.reference, found.generation) == (0, 0, 0)


@pytest.mark.parametrize("changes", [{}, QLORA, {"method": Method.DPO}, {"sharding": "fsdp", "processes": 4}])
def test_the_shown_parts_add_up_to_the_shown_peak(changes: dict[str, object]) -> None:
    found = peak(QWEN3_8B, **changes)

    assert sum(found.parts_gib.values()) == pytest.approx(round(found.peak_gib, 2), abs=1e-6)
    assert all(size > 0 for size in found.parts_gib.values())


def test_the_largest_phase_is_the_peak() -> None:
    assert peak(QWEN3_8B, tuning=Tuning.LORA, autocast=True).phase == "backward"
    assert peak(QWEN3_0_6B).phase == "loss"
    assert peak(QWEN3_8B, grad_accum=1).phase == "end of backward"
    assert peak(QWEN3_0_6B, method=Method.GRPO, generated=64, length=2048).phase == "generation"


def test_dpo_and_kto_keep_a_second_model_unless_adapters_or_computing_before_make_it_needless() -> None:
    for method in (Method.DPO, Method.KTO):
        assert peak(QWEN3_0_6B, method=method).reference == 2 * QWEN3_0_6B.parameters
        assert peak(QWEN3_0_6B, method=method, tuning=Tuning.LORA, autocast=True).reference == 0
        assert peak(QWEN3_0_6B, method=method, precomputed_reference=True).reference == 0


def test_a_reward_model_reads_both_answers_and_has_no_vocabulary() -> None:
    found = peak(QWEN3_0_6B, method=Method.REWARD, loss_head="none", grad_accum=1)

    assert (found.reference, found.loss_head) == (0, 0)
    assert found.peak > peak(QWEN3_0_6B, loss_head="none", grad_accum=1).peak


def test_vllm_takes_its_share_of_the_whole_card() -> None:
    work = workload(method=Method.GRPO, generated=16, vllm_share=0.3)
    found = needed_memory(QWEN3_0_6B, work, card_gib=80)

    assert found.vllm == pytest.approx(24 * GIB)
    assert found.generation == 0


def test_checkpointing_trades_the_activations_of_all_layers_for_one() -> None:
    with_it, without = peak(QWEN3_0_6B, length=8192), peak(QWEN3_0_6B, length=8192, checkpointing=False)

    assert without.activations > 10 * with_it.activations


def test_lora_trains_a_few_parameters_of_each_linear_layer() -> None:
    lora = workload(tuning=Tuning.LORA, lora_r=16)

    assert trainable_parameters(QWEN3_0_6B, lora) == 28 * 16 * (
        (1024 + 2048) + 2 * (1024 + 1024) + (2048 + 1024) + 3 * (1024 + 3072)
    )
    assert trainable_parameters(QWEN3_0_6B, workload()) == QWEN3_0_6B.parameters


def test_several_gpus_share_a_model_only_when_it_is_sharded() -> None:
    alone, copied = peak(QWEN3_8B), peak(QWEN3_8B, sharding="ddp", processes=4)
    shared = peak(QWEN3_8B, sharding="fsdp", processes=4, autocast=True)

    assert copied.weights == alone.weights
    assert copied.peak - alone.peak == pytest.approx(2 * QWEN3_8B.parameters * 1.12, rel=0.01)
    # accelerate trains shards in 4 bytes: 16 bytes a parameter instead of 8, over four GPUs
    states = shared.weights + shared.gradients + shared.optimizer
    assert states == pytest.approx(16 * QWEN3_8B.parameters / 4, rel=0.01)
    # without mixed precision they stay as they are
    halves = peak(QWEN3_8B, sharding="fsdp", processes=4)
    assert halves.weights + halves.gradients + halves.optimizer == pytest.approx(2 * QWEN3_8B.parameters, rel=0.01)


def test_layers_on_their_way_between_gpus_are_as_large_as_they_are_stored() -> None:
    changes: dict[str, object] = {"tuning": Tuning.LORA, "autocast": True, "sharding": "fsdp", "processes": 4}
    sixteen, four = peak(QWEN3_8B, **changes), peak(QWEN3_8B, **(changes | QLORA))
    layers = QWEN3_8B.parameters - 2 * QWEN3_8B.vocab_size * QWEN3_8B.hidden_size

    unpacked = 2 * 4096 * 12_288  # one linear layer at a time
    assert sixteen.working - four.working + unpacked == pytest.approx((2 - 0.516) * 2 * layers / 36, rel=0.01)


def test_fsdp_1_keeps_what_passed_through_frozen_layers() -> None:
    changes: dict[str, object] = {"tuning": Tuning.LORA, "autocast": True, "sharding": "fsdp", "processes": 4}
    left = peak(QWEN3_8B, length=16_384, **changes)
    kept = peak(QWEN3_8B, length=16_384, keeps_input_gradients=True, **changes)

    assert kept.activations - left.activations == pytest.approx(34 * 16_384 * QWEN3_8B.hidden_size * 2, rel=0.01)


def test_experts_count_as_a_whole_in_memory_and_in_part_in_work() -> None:
    assert expert_parameters(EXPERTS) == 48 * 128 * 3 * 2048 * 768
    assert active_parameters(EXPERTS) == pytest.approx(2.7e9, rel=0.05)
    assert peak(EXPERTS, tuning=Tuning.LORA, autocast=True).weights == 2 * EXPERTS.parameters


def test_experts_are_not_quantized() -> None:
    """transformers 5.23 quantizes linear layers, and experts are kept as one parameter."""
    assert peak(EXPERTS, **QLORA).weights > 0.95 * 2 * EXPERTS.parameters
    assert peak(EXPERTS, **QLORA, experts_quantized=True).weights < 0.35 * 2 * EXPERTS.parameters


@pytest.mark.parametrize(
    ("changes", "through"),
    [
        ({"lora_targets": ("q", "k", "v", "o")}, 6),  # product, activation and up
        ({}, 8),  # an adapter on down, through 4 bytes and back
        ({"adapter_bytes": 2}, 4),  # what it kept is gone when activation and up come
    ],
)
def test_a_checkpointed_layer_holds_the_gradients_that_pass_through_its_mlp(
    changes: dict[str, object], through: int
) -> None:
    """Published LoRA peaks of an 8B model rise by 528,672 bytes a token, of which 262,144 are layer inputs."""
    work = workload(tuning=Tuning.LORA, autocast=True, **changes)

    assert backward_bytes(QWEN3_8B, work) == 2 * 4096 + through * 12_288


def test_a_published_slope_is_met() -> None:
    """Batches of 4 and 8 rows of 4,096 tokens; fms-acceleration, scripts/benchmarks/refs/a100_80gb_liger.csv."""
    llama = make_model_info(
        parameters=8_030_261_248, model_type="llama", layers=32, hidden_size=4096, intermediate_size=14_336, heads=32,
        kv_heads=8, vocab_size=128_256, tied_embeddings=False,
    )  # fmt: skip
    work = workload(
        tuning=Tuning.LORA, autocast=True, length=4096, lora_targets=("q", "k", "v", "o"), loss_head="fused"
    )
    small, large = (needed_memory(llama, work.model_copy(update={"batch": batch}), reserve=0).peak for batch in (4, 8))

    assert (large - small) / (4 * 4096) == pytest.approx(528_672, rel=0.002)


def test_a_shifted_copy_of_the_logits_leaves_blocks_behind() -> None:
    full, shifted = (peak(QWEN3_0_6B, length=8192, loss_head=head) for head in ("full", "shifted"))

    assert shifted.loss_head == full.loss_head
    assert shifted.reserve - full.reserve == pytest.approx((0.48 - 0.12) * full.loss_head, rel=0.01)


def test_other_heads_and_other_attention_need_more() -> None:
    tiled, full = peak(QWEN3_0_6B, length=8192), peak(QWEN3_0_6B, length=8192, loss_head="full")
    eager = peak(QWEN3_0_6B, length=8192, attention="eager")

    assert full.loss_head == 12 * 8192 * QWEN3_0_6B.vocab_size
    kept = peak(QWEN3_0_6B, length=8192, loss_head="full", keeps_logits=True)
    assert kept.loss_head == 14 * 8192 * QWEN3_0_6B.vocab_size
    assert full.peak > tiled.peak
    assert eager.peak > tiled.peak


@pytest.mark.parametrize("changes", [{"batch": 2}, {"length": 4096}, {"weight_bytes": 4, "autocast": True}])
def test_more_work_never_needs_less(changes: dict[str, object]) -> None:
    assert peak(QWEN3_1_7B, **changes).peak > peak(QWEN3_1_7B).peak


def test_8_bit_optimizers_save_memory() -> None:
    saved = peak(QWEN3_1_7B).peak - peak(QWEN3_1_7B, optimizer="adamw_8bit").peak
    assert saved / GIB == pytest.approx(1_720_574_976 * 1.94 / GIB, rel=0.01)


def test_each_flavor_says_how_much_of_it_is_usable() -> None:
    usable = {flavor.name: usable_gib(flavor) for flavor in FALLBACK_FLAVORS if flavor.gpus <= 1}

    assert usable == {
        "cpu-basic": 13.4,
        "cpu-upgrade": 28.3,
        "cpu-xl": 113.98,
        "cpu-performance": 236.92,
        "t4-small": 14.56,
        "t4-medium": 14.56,
        "l4x1": 22.0,
        "a10g-small": 22.0,
        "a10g-large": 22.0,
        "l40sx1": 44.4,
        "a100-large": 79.25,
        "rtx-pro-6000": 94.9,
        "h200": 139.0,
    }


def test_an_unknown_gpu_is_planned_with_care_and_says_so() -> None:
    gpu = gpu_of(make_flavor(gpu="B300", vram_gb=288))

    assert gpu is not None
    assert (gpu.known, gpu.usable_gib, gpu.measured) == (False, 259.2, False)


@pytest.mark.parametrize(
    ("said", "name"), [("Nvidia A10G", "A10G"), ("L40S", "L40S"), ("RTX-PRO-6000", "RTX PRO 6000")]
)
def test_a_gpu_is_found_by_what_the_hub_calls_it(said: str, name: str) -> None:
    gpu = gpu_of(make_flavor(gpu=said))

    assert gpu is not None
    assert gpu.name == name
