"""What goes to the Hub while a run trains: how large, how often, and what the plan says of it."""

import pytest

from bot.models import Method, Tuning
from bot.models.plan import BITSANDBYTES_OPTIMIZERS
from bot.planning.arguments import OPTIMIZERS
from bot.planning.checkpoints import checkpoints, least_save_steps, stored, usual_save_steps
from bot.planning.workload import Workload
from tests.builders import make_arguments, make_model_info
from tests.test_plan import plan, texts

QWEN3_0_6B = make_model_info(parameters=596_049_920)


def work(**changes: object) -> Workload:
    fields: dict[str, object] = {"method": Method.SFT, "tuning": Tuning.FULL, "weight_bytes": 2, "autocast": False}
    return Workload.model_validate({**fields, "batch": 1, "length": 9, **changes})


@pytest.mark.parametrize(
    ("changes", "model_gb", "checkpoint_gb"),
    [
        ({}, 1.19, 3.58),
        ({"weight_bytes": 4}, 2.38, 7.15),
        ({"optimizer": "adamw_8bit"}, 1.19, 2.42),
        ({"optimizer": "sgd"}, 1.19, 1.19),
    ],
    ids=["bfloat16", "float32", "8-bit Adam", "no state"],
)
def test_a_checkpoint_has_the_weights_and_what_the_optimizer_keeps(
    changes: dict[str, object], model_gb: float, checkpoint_gb: float
) -> None:
    found = stored(QWEN3_0_6B, work(**changes))
    assert (round(found.model / 1e9, 2), round(found.checkpoint / 1e9, 2)) == (model_gb, checkpoint_gb)


def test_of_adapters_only_the_adapters_are_stored() -> None:
    found = stored(QWEN3_0_6B, work(tuning=Tuning.LORA, lora_r=16))
    assert found.checkpoint == 3 * found.model
    assert found.model < stored(QWEN3_0_6B, work()).model / 20


@pytest.mark.parametrize("steps", [1, 2, 5, 6, 7, 12, 60, 61, 200, 999, 62_488])
def test_six_checkpoints_are_the_most_and_five_the_usual(steps: int) -> None:
    assert checkpoints(steps, least_save_steps(steps)) <= 6
    assert checkpoints(steps, usual_save_steps(steps)) <= 5
    if steps >= 60:
        assert checkpoints(steps, least_save_steps(steps)) >= 5


def test_an_optimizer_is_plain_or_of_bitsandbytes() -> None:
    assert not set(OPTIMIZERS) & BITSANDBYTES_OPTIMIZERS.keys()
    assert make_arguments(optim="paged_adamw_32bit").needs_bitsandbytes
    assert not make_arguments(optim="adamw_torch").needs_bitsandbytes


def test_a_plan_names_what_its_checkpoints_take_on_the_hub() -> None:
    told = "4 checkpoints of about 3.6 GB each go to the Hub while it trains; they "
    said = {"max_samples": 2000, "hardware": "l4x1"}
    assert f"{told}are removed once the model is there." in texts(plan(said), "info")
    again = plan(said | {"output_repo": "tunesmith-lab/old"}, taken={"tunesmith-lab/old"})
    assert f"{told}stay in the history of the repository." in texts(again, "info")
    assert not [text for text in texts(plan(said | {"lora": True}), "info") if "checkpoints of" in text]


def test_more_saves_than_a_run_makes_are_not_silently_fewer() -> None:
    made = plan({"max_samples": 16_000, "save_steps": 10})
    assert made.arguments.save_steps == least_save_steps(made.estimate.steps)
    assert (
        "You asked for a save every 10 steps. A run makes at most 6 checkpoints, since the Hub stores each of them, so"
        f" it saves every {made.arguments.save_steps:,} steps."
    ) in texts(made, "warning")
    seldom = plan({"max_samples": 16_000, "save_steps": 400})
    assert seldom.arguments.save_steps == 400
    assert not [text for text in texts(seldom, "warning") if "save every" in text]
