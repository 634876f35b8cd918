"""Counted memory: whole totals of known models, and which phase decides."""

import pytest

from bot.models import Method, ModelInfo, Tuning
from bot.planning.flavors import FALLBACK_FLAVORS, gpu_of, usable_gib
from bot.planning.memory import GIB, Memory, Workload, needed_memory, trainable_parameters
from tests.builders import make_flavor, make_model_info

QWEN3_0_6B = make_model_info()
QWEN3_1_7B = make_model_info(parameters=1_720_574_976, hidden_size=2048, intermediate_size=6144)
QWEN3_8B = make_model_info(
    parameters=8_190_735_360, layers=36, hidden_size=4096, intermediate_size=12288, heads=32, tied_embeddings=False
)


def peak(model: ModelInfo, **changes: object) -> Memory:
    work = Workload.model_validate(
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
    return needed_memory(model, work)


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
    autocast = weight_bytes == 4 or tuning is not Tuning.FULL

    found = peak(model, tuning=tuning, weight_bytes=weight_bytes, autocast=autocast).peak_gib

    assert found == pytest.approx(expected_gib, rel=0.06)


def test_the_parts_are_counted_in_bytes() -> None:
    found = peak(QWEN3_0_6B)
    n = QWEN3_0_6B.parameters

    assert (found.weights, found.gradients, found.optimizer) == (2 * n, 2 * n, 4 * n)
    assert (found.adapters, found.reference, found.generation) == (0, 0, 0)


def test_the_largest_phase_is_the_peak() -> None:
    assert peak(QWEN3_8B, tuning=Tuning.LORA, autocast=True).phase == "backward"
    assert peak(QWEN3_0_6B).phase == "loss"
    assert peak(QWEN3_0_6B, method=Method.GRPO, generated=64, length=2048).phase == "generation"


def test_dpo_keeps_a_second_model_unless_adapters_make_it_needless() -> None:
    assert peak(QWEN3_0_6B, method=Method.DPO).reference == 2 * QWEN3_0_6B.parameters
    assert peak(QWEN3_0_6B, method=Method.DPO, tuning=Tuning.LORA, autocast=True).reference == 0


def test_checkpointing_trades_the_activations_of_all_layers_for_one() -> None:
    with_it, without = peak(QWEN3_0_6B), peak(QWEN3_0_6B, checkpointing=False)

    assert without.activations > 10 * with_it.activations


def test_lora_trains_a_few_parameters_of_each_linear_layer() -> None:
    assert trainable_parameters(QWEN3_0_6B, Tuning.LORA, 16) == 28 * 16 * (
        (1024 + 2048) + 2 * (1024 + 1024) + (2048 + 1024) + 3 * (1024 + 3072)
    )
    assert trainable_parameters(QWEN3_0_6B, Tuning.FULL, 16) == QWEN3_0_6B.parameters


@pytest.mark.parametrize("changes", [{"batch": 2}, {"length": 4096}, {"weight_bytes": 4, "autocast": True}])
def test_more_work_never_needs_less(changes: dict[str, object]) -> None:
    assert peak(QWEN3_1_7B, **changes).peak > peak(QWEN3_1_7B).peak


def test_8_bit_optimizers_save_memory() -> None:
    saved = peak(QWEN3_1_7B).peak - peak(QWEN3_1_7B, optim_8bit=True).peak
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
